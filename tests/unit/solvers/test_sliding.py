"""`Windowed(window="auto")`: right, finite for chaos, not dearer than it must be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.solvers import sliding
from pararnn_edu.solvers.sliding import RATIO, SMALLEST, window_sizes

from ..helpers import INPUT, assert_close, problem, to_planes
from .test_elk import driven

AUTO = pr.Windowed(window="auto")


@pytest.mark.parametrize("name", ["GRU", "ParaGRU", "ParaLSTM"])
@pytest.mark.parametrize("T", [31, 32, 33, 500])
def test_any_length(name, T):
    q = problem(name, T)
    cell, xs, h0, _ = q.jax_arguments()
    solution = pr.solve(cell, xs, h0, AUTO, tol=1e-12)
    assert solution.converged and solution.steps < T
    assert_close(to_planes(solution.states), q.states(), 1e-10)
    assert len(solution.history.residual) == solution.steps


def test_the_inner_methods():
    f, xs, h0 = driven(0.6, length=300)
    wanted = pr.unroll(f, xs, h0)
    for inner in (pr.Jacobi(), pr.Picard(), pr.QuasiNewton(), pr.Damped("search"), pr.ELK()):
        solution = pr.solve(f, xs, h0, pr.Windowed(inner, "auto"))
        np.testing.assert_allclose(solution.states, wanted, atol=1e-8)


def logistic(h, x):
    return 3.9 * h * (1 - h) + 0 * x


@pytest.mark.parametrize("T", [1, 2, 40, 1000])
def test_chaos_ends(T):
    """Newton over all rows overflows; a window at the front always ends, and obeys the map."""
    xs, h0 = jnp.zeros((T, 1)), jnp.array([0.3])
    solution = pr.solve(logistic, xs, h0, AUTO)
    assert solution.converged and solution.steps <= T
    states = np.concatenate([[0.3], np.asarray(solution.states)[:, 0]])
    np.testing.assert_allclose(states[1:], 3.9 * states[:-1] * (1 - states[:-1]), atol=1e-10)


def test_a_contracting_sequence_takes_few_steps():
    """Windows grow: thousands of rows in some tens of steps, where 64 rows at a time take more."""
    cell = pr.ParaGRU(INPUT, 8, key=jax.random.key(0), dtype=jnp.float64)
    xs = jax.random.normal(jax.random.key(1), (8000, INPUT))
    slid = pr.solve(cell, xs, method=AUTO)
    fixed = pr.solve(cell, xs, method=pr.Windowed(window=64))
    assert slid.steps < 40 < fixed.steps
    np.testing.assert_allclose(slid.states, pr.unroll(cell, xs), atol=1e-8)


def test_a_warm_start_from_a_given_guess():
    f, xs, h0 = driven(0.7, length=400)
    cold = pr.solve(f, xs, h0, AUTO)
    warm = pr.solve(f, xs, h0, AUTO, initial_guess=cold.states + 1e-7)
    assert warm.steps < cold.steps
    known = pr.solve(f, xs, h0, AUTO, initial_guess=pr.unroll(f, xs, h0))
    assert known.steps <= 4


def test_overflow_stops_at_once_and_is_said():
    solution = pr.solve(
        lambda h, x: h**3 + 10 + x, jnp.zeros((500, 1)), jnp.ones(1), AUTO, on_failure="return"
    )
    assert not solution.converged and solution.steps < 20
    with pytest.raises(pr.ConvergenceError, match="not finite"):
        pr.solve(lambda h, x: h**3 + 10 + x, jnp.zeros((500, 1)), jnp.ones(1), AUTO)


def test_too_few_steps_are_said():
    f, xs, h0 = driven(2.5, length=300)
    solution = pr.solve(f, xs, h0, AUTO, max_steps=10, on_failure="return")
    assert not solution.converged and solution.steps == 10
    exact = pr.solve(f, xs, h0, AUTO, max_steps=10, on_failure="sequential")
    assert exact.fell_back
    np.testing.assert_array_equal(exact.states, pr.unroll(f, xs, h0))


def test_batches_and_gradients():
    cell = pr.GRU(INPUT, 4, key=jax.random.key(0), dtype=jnp.float64)
    batch = jax.random.normal(jax.random.key(1), (3, 50, INPUT))
    loss = lambda run: lambda xs: jnp.sum(jax.vmap(run)(xs) ** 2)
    slid = jax.grad(loss(lambda xs: pr.solve(cell, xs, method=AUTO).states))(batch)
    loop = jax.grad(loss(lambda xs: pr.unroll(cell, xs)))(batch)
    np.testing.assert_allclose(slid, loop, atol=1e-8)


@pytest.mark.parametrize("T", [1, 31, 32, 33, 127, 128, 2000, 10**5, 10**7])
def test_the_sizes(T):
    sizes = window_sizes(T)
    assert len(sizes) <= 5 and sizes[-1] == T and sizes[0] == min(T, SMALLEST)
    ratios = np.array(sizes[1:]) / np.array(sizes[:-1])
    if T >= SMALLEST * RATIO:
        assert ratios.min() >= RATIO - 0.1


def test_what_it_refuses():
    with pytest.raises(ValueError, match="slides over the rows of one iteration"):
        pr.Windowed(pr.MultipleShooting(), "auto")
    with pytest.raises(ValueError, match="positive int or 'auto'"):
        pr.Windowed(window="best")
    f, xs, h0 = driven(0.5, length=40)
    with pytest.raises(ValueError, match="record"):
        pr.solve(f, xs, h0, AUTO, record=True)


@pytest.mark.parametrize(
    "level, tries, rows, expected",
    [
        (1, 3, 400, 1),  # too soon to say
        (1, 8, 400, 2),  # 50 rows an iteration: windows of 128 take less than 8 of them
        (1, 8, 100, 1),  # 12 rows an iteration: neither
        (1, 8, 30, 0),  # 4 rows an iteration: a window would take more than 24
        (0, 8, 8, 0),  # no smaller one
        (2, 8, 4000, 2),  # no larger one
    ],
)
def test_when_the_window_changes(level, tries, rows, expected):
    zero, no = jnp.zeros((), jnp.int32), jnp.asarray(False)
    numbers = (jnp.asarray(n, jnp.int32) for n in (level, tries, rows, 4))
    state = sliding._State(zero, zero, zero, zero, *numbers, no, None, jnp.zeros(1))
    new = sliding._resized(state, (32, 128, 512))
    assert new.level == expected
    if expected != level:
        assert new.tries == 0 and new.rows == 0
    assert new.patience == (8 if expected < level else 4)
