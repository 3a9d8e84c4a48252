"""Gauss-Jordan elimination against numpy, and no LAPACK in ELK."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.solvers.elimination import solve

from ..helpers import equations
from .test_elk import driven


@pytest.mark.parametrize("n, m", [(1, 1), (2, 3), (5, 5), (12, 1)])
@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
def test_as_numpy(n, m, batch, rng):
    A, B = rng.normal(size=(*batch, n, n)), rng.normal(size=(*batch, n, m))
    np.testing.assert_allclose(solve(jnp.asarray(A), jnp.asarray(B)), np.linalg.solve(A, B), 1e-9)


def test_a_zero_on_the_diagonal_needs_another_row():
    A, B = jnp.array([[0.0, 1], [1, 0]]), jnp.array([[2.0], [3]])
    np.testing.assert_array_equal(solve(A, B), [[3], [2]])


def test_ill_conditioned_as_far_as_the_condition_allows():
    A = np.vander(np.linspace(0.1, 1, 8))
    B = A @ np.ones((8, 1))
    error = np.abs(np.asarray(solve(jnp.asarray(A), jnp.asarray(B))) - 1).max()
    assert error < 1e-15 * np.linalg.cond(A)


def test_what_is_not_finite_stays_in_its_system(rng):
    A, B = rng.normal(size=(3, 4, 4)), rng.normal(size=(3, 4, 2))
    bad = A.copy()
    bad[1, 2, 0] = np.nan
    got = solve(jnp.asarray(bad), jnp.asarray(B))
    assert jnp.isnan(got[1]).any()
    np.testing.assert_allclose(got[::2], np.linalg.solve(A[::2], B[::2]), 1e-9)


def test_elk_calls_no_lapack():
    f, xs, h0 = driven(0.7, length=20)
    for estimate in ("filter", "smoother"):
        method = pr.ELK(estimate=estimate)
        jaxpr = jax.make_jaxpr(lambda xs, m=method: pr.solve(f, xs, h0, m, on_failure="return"))(xs)
        names = {eqn.primitive.name for eqn in equations(jaxpr.jaxpr)}
        assert not names & {
            "lu",
            "lu_solve",
            "cholesky",
            "triangular_solve",
            "custom_linear_solve_lu",
        }
