"""A linear recurrence is one linear system: Newton solves it in one step, from anywhere."""

import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from .. import oracle
from ..helpers import assert_close
from ..scans.problems import STRUCTURES, planes, recurrence

T = 60


def linear_cell(structure):
    """A function of (state, (A_t, b_t)): its Jacobian is A_t."""
    if structure == "diagonal":
        return lambda h, ab: ab[0] * h + ab[1]
    if structure == "dense":
        return lambda h, ab: ab[0] @ h + ab[1]

    def block(h, ab):
        (p, q), (A, b) = h, ab
        return A.a11 * p + A.a12 * q + b[0], A.a21 * p + A.a22 * q + b[1]

    return block


def posed(structure):
    q = recurrence(structure, T)
    A, b, h0, _ = q.in_jax()
    wanted = planes(oracle.recurrence(q.A, q.b, q.h0), structure)
    return linear_cell(structure), (A, b), h0, wanted


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("scan", ["sequential", "associative", "chunked"])
def test_newton_takes_one_step(structure, scan, rng):
    cell, xs, h0, wanted = posed(structure)
    wild = [1e3 * rng.normal(size=(T, 3)) for _ in range(2)]
    wild = jnp.asarray(wild[0]) if structure != "block" else tuple(map(jnp.asarray, wild))
    for guess in (None, wild):
        solution = pr.solve(cell, xs, h0, pr.Newton(scan=scan), initial_guess=guess)
        assert solution.steps == 1
        assert solution.converged
        assert solution.history.residual.shape == (2,)
        assert_close(solution.states, wanted, 1e-10)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_newton_names_the_structure_it_found(structure):
    cell, xs, h0, _ = posed(structure)
    assert repr(structure) in pr.solve(cell, xs, h0).method


@pytest.mark.parametrize("structure", ["dense", "block"])
@pytest.mark.parametrize(
    "method, most",
    [
        (pr.Jacobi(), T),
        (pr.Picard(), T),
        (pr.QuasiNewton(), T),
        (pr.MultipleShooting(segments=7), 1),
        (pr.MultipleShooting(pr.Jacobi(), segments=7), 7),
        (pr.Windowed(window=25), 3),
        (pr.Damped(0.0), 1),
    ],
    ids=str,
)
def test_how_many_steps_the_others_may_take(structure, method, most):
    cell, xs, h0, wanted = posed(structure)
    solution = pr.solve(cell, xs, h0, method, max_steps=T)
    assert solution.converged
    assert solution.steps <= most
    assert_close(solution.states, wanted, 1e-8)


def test_jacobi_needs_all_of_its_steps_on_a_running_sum():
    """Nothing is forgotten, so the last state waits for the first."""
    solution = pr.solve(
        lambda h, x: h + x, jnp.ones((20, 1)), jnp.zeros(1), pr.Jacobi(), max_steps=20
    )
    assert solution.steps == 19  # the default guess has state 1 right
    np.testing.assert_array_equal(solution.states[:, 0], np.arange(1, 21))


def test_picard_solves_a_running_sum_in_one_step():
    solution = pr.solve(lambda h, x: h + x, jnp.ones((20, 1)), jnp.zeros(1), pr.Picard())
    assert solution.steps == 1
    np.testing.assert_array_equal(solution.states[:, 0], np.arange(1, 21))


@pytest.mark.parametrize("T", [1, 8])
def test_no_step_where_the_guess_is_right(T):
    """Without memory, or with one step only, f(h_0, x_t) is the answer."""
    cell = (lambda h, x: jnp.tanh(x)) if T > 1 else (lambda h, x: jnp.tanh(h + x))
    xs = jnp.linspace(0, 1, T)[:, None]
    for method in (pr.Newton(), pr.Jacobi(), pr.Picard(), pr.QuasiNewton()):
        solution = pr.solve(cell, xs, jnp.ones(1), method)
        assert solution.steps == 0
        assert solution.history.residual.shape == (1,)
        assert solution.converged


def test_newton_is_quadratic_near_the_solution():
    """The number of right digits about doubles from step to step."""
    xs = 0.5 * jnp.sin(jnp.arange(300.0))[:, None]
    solution = pr.solve(lambda h, x: jnp.tanh(0.9 * h + x), xs, jnp.zeros(1), tol=1e-14)
    r = np.asarray(solution.history.residual)
    small = r[(r < 0.1) & (r > 1e-7)]
    assert len(small) >= 2
    following = r[1:][(r[:-1] < 0.1) & (r[:-1] > 1e-7)]
    assert np.all(following < 30 * small**2)


def test_quasi_newton_on_a_diagonal_cell_is_newton():
    f = lambda h, x: jnp.tanh(0.9 * h + x)
    xs = jnp.sin(jnp.arange(60.0)).reshape(30, 2)
    newton, quasi = (
        pr.solve(f, xs, jnp.zeros(2), m, record=True) for m in (pr.Newton(), pr.QuasiNewton())
    )
    np.testing.assert_array_equal(newton.history.states, quasi.history.states)


def test_damping_interpolates_between_newton_and_jacobi():
    rng = np.random.default_rng(0)
    W = jnp.asarray(rng.normal(size=(3, 3)) / 3)
    f = lambda h, x: jnp.tanh(W @ h + x)
    xs = jnp.asarray(rng.normal(size=(15, 3)))
    first = {
        name: pr.solve(
            f, xs, jnp.zeros(3), m, max_steps=1, record=True, on_failure="return"
        ).history.states
        for name, m in {
            "newton": pr.Newton(),
            "0": pr.Damped(0.0),
            "1": pr.Damped(1.0),
            "jacobi": pr.Jacobi(),
        }.items()
    }
    np.testing.assert_allclose(first["0"], first["newton"], atol=1e-14)
    np.testing.assert_allclose(first["1"], first["jacobi"], atol=1e-14)
    half = pr.solve(
        f, xs, jnp.zeros(3), pr.Damped(0.5), max_steps=1, record=True, on_failure="return"
    ).history.states
    # h_2(new) = f(h_1) + J/2 (h_1(new) - h_1), and h_1 does not move; so look at t = 3.
    start = np.asarray(first["newton"][0])
    J = np.asarray((1 - jnp.tanh(W @ start[1] + xs[2]) ** 2)[:, None] * W)
    f3 = np.tanh(np.asarray(W) @ start[1] + np.asarray(xs[2]))
    moved = np.asarray(half[1, 1]) - start[1]
    np.testing.assert_allclose(half[1, 2], f3 + 0.5 * J @ moved, atol=1e-14)
