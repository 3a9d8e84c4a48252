"""vmap over any of the arguments, nested, of values and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from ... import oracle
from ...helpers import assert_close
from ..problems import planes, recurrence

pytestmark = pytest.mark.usefixtures("short_chunks")

T, LANES = 6, 3
BATCHED = {"b": (1,), "A": (0,), "h0": (2,), "A and h0": (0, 2), "all": (0, 1, 2)}


def linear(A, b, h0=None):
    return pr.linear_recurrence(A, b, h0, backend="interpret")


def stack(trees):
    return jax.tree.map(lambda *leaves: np.stack(leaves).astype(np.float32), *trees)


@pytest.mark.parametrize("name", BATCHED)
def test_vmap_over_each_argument(name):
    which = BATCHED[name]
    T = 12 if name in ("b", "all") else 6  # two chunks, or one
    fixed = recurrence("diagonal", T)
    moving = [recurrence("diagonal", T, seed=10 + k) for k in range(LANES)]
    arguments = [stack([m[i] for m in moving]) if i in which else fixed[i] for i in range(3)]
    axes = tuple(0 if i in which else None for i in range(3))
    got = jax.jit(jax.vmap(linear, axes))(*[jnp.asarray(a, jnp.float32) for a in arguments])
    lanes = [[(m if i in which else fixed)[i] for i in range(3)] for m in moving]
    assert_close(got, np.stack([oracle.recurrence(*lane) for lane in lanes]), 1e-5)


@pytest.mark.parametrize("structure", ["diagonal", "block"])
def test_nested_vmap_of_gradients(structure):
    """Gradients of b for a grid of problems: A varies along one axis, b along the other."""
    As = [recurrence(structure, T, seed=i).A for i in range(2)]
    others = [recurrence(structure, T, seed=20 + j) for j in range(LANES)]

    def gradient(A, b, h0, g):
        return jax.vjp(linear, A, b, h0)[1](g)[1:]

    over_columns = jax.vmap(gradient, in_axes=(None, 0, 0, 0))
    over_rows = jax.jit(jax.vmap(over_columns, in_axes=(0, None, None, None)))
    A = stack(As)
    b, h0, g = (stack([q[i] for q in others]) for i in (1, 2, 3))
    g_b, g_h0 = over_rows(pr.Block2(*A) if structure == "block" else A, b, h0, g)
    for i, A in enumerate(As):
        for j, q in enumerate(others):
            _, want_b, want_h0 = oracle.recurrence_backward(A, q.b, q.h0, oracle.vectors(q.g))
            here = jax.tree.map(lambda a, i=i, j=j: a[i, j], (g_b, g_h0))
            assert_close(here[0], planes(want_b, structure), 1e-5)
            assert_close(here[1], planes(want_h0, structure), 1e-5)


def test_a_batch_axis_in_the_middle():
    q = [recurrence("diagonal", T, seed=k) for k in range(LANES)]
    A, b = (np.stack([p[i] for p in q], axis=1).astype(np.float32) for i in range(2))
    hs = jax.vmap(linear, in_axes=1, out_axes=2)(A, b)
    for k, p in enumerate(q):
        assert_close(hs[:, :, k], oracle.recurrence(p.A, p.b, np.zeros_like(p.h0)), 1e-5)


def test_a_solver_runs_on_the_kernels():
    cell = pr.ParaGRU(3, 4, key=jax.random.key(0))
    xs = jax.random.normal(jax.random.key(1), (T, 3), jnp.float32)
    solution = pr.solve(cell, xs, method=pr.Newton(scan="interpret"))
    assert solution.converged
    assert_close(solution.states, pr.unroll(cell, xs), 1e-5)
