"""`converged` is never true of a wrong answer, and the residual is what it says it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from .. import oracle
from ..helpers import assert_close, make_cell, problem, to_planes, to_state
from .problems import DIRECT, METHODS, POINTWISE

explosion = lambda h, x: 1.5 * h + x


def relative_residual(q, states):
    """max |h_t - f(h_{t-1}, x_t)| / max(1, |h_t|), by the oracle."""
    step, worst, before = oracle.STEPS[q.name], 0.0, q.h0
    for t, x in enumerate(q.xs):
        image, _ = step(q.p, before, x)
        before = tuple(s[t] for s in states)
        for h, f in zip(before, image, strict=True):
            worst = max(worst, np.max(np.abs(h - f) / np.maximum(1, np.abs(h))))
    return worst


# The residual.


@pytest.mark.parametrize("name", ["GRU", "ParaLSTM"])
@pytest.mark.parametrize("method", POINTWISE)
def test_history_holds_the_residual_of_each_iterate(name, method):
    """Of that iterate, not of the one before it, and scaled as documented."""
    q = problem(name, 14, gain=1.5)
    cell, xs, h0, _ = q.jax_arguments()
    guess = to_state([3.0 * g for g in q.gs])  # beyond 1, so that the scaling shows
    solution = pr.solve(
        cell, xs, h0, METHODS[method], max_steps=14, initial_guess=guess, record=True
    )
    steps = int(solution.steps)
    residuals = np.asarray(solution.history.residual)
    iterates = to_planes(solution.history.states)
    assert residuals.shape == (steps + 1,)
    assert all(plane.shape == (steps + 1, 14, 4) for plane in iterates)
    for k, reported in enumerate(residuals):
        recomputed = relative_residual(q, [plane[k] for plane in iterates])
        np.testing.assert_allclose(reported, recomputed, rtol=1e-9, atol=1e-14)
    for plane, last in zip(iterates, to_planes(solution.states), strict=True):
        np.testing.assert_array_equal(plane[0], to_planes(guess)[0 if plane is iterates[0] else 1])
        np.testing.assert_array_equal(plane[-1], last)
    assert solution.residual == residuals[-1]
    assert np.all(residuals[:-1] > 1e-10) and residuals[-1] <= 1e-10


@pytest.mark.parametrize("method", METHODS)
def test_reported_residual_is_that_of_the_states(method):
    """Stopped early on purpose."""
    q = problem("LSTM", 23, gain=1.2)
    cell, xs, h0, _ = q.jax_arguments()
    solution = pr.solve(cell, xs, h0, METHODS[method], max_steps=2, on_failure="return")
    recomputed = relative_residual(q, to_planes(solution.states))
    np.testing.assert_allclose(solution.residual, recomputed, rtol=1e-9, atol=1e-14)
    assert bool(solution.converged) == (recomputed <= 1e-10)


@pytest.mark.parametrize("tol", [1e-3, 1e-8, 1e-12])
def test_tolerance_is_met_and_not_overdone(tol):
    cell, xs, h0, _ = problem("GRU", 30).jax_arguments()
    solution = pr.solve(cell, xs, h0, pr.QuasiNewton(), tol=tol)
    residuals = np.asarray(solution.history.residual)
    assert residuals[-1] <= tol < residuals[-2]


def test_steps_are_counted_exactly():
    """Converging on the last allowed step is success; one step fewer is failure."""
    cell, xs, h0, _ = problem("GRU", 40, gain=1.2).jax_arguments()
    needed = int(pr.solve(cell, xs, h0).steps)
    assert needed >= 2
    exactly = pr.solve(cell, xs, h0, max_steps=needed)
    assert exactly.converged
    assert exactly.steps == needed
    fewer = pr.solve(cell, xs, h0, max_steps=needed - 1, on_failure="return")
    assert not fewer.converged
    assert fewer.steps == needed - 1


def test_a_step_that_does_not_move_is_not_convergence():
    """Damping makes steps small; only the residual counts."""
    cell, xs, h0, _ = problem("Elman", 40, gain=2.0).jax_arguments()
    solution = pr.solve(cell, xs, h0, pr.Damped(0.99), max_steps=3, tol=1e-6, on_failure="return")
    assert not solution.converged


# Maps that overflow.


@pytest.mark.parametrize(
    "method, dtype, T",
    [(m, jnp.float32, 300) for m in METHODS]
    + [(m, jnp.float64, 3000) for m in ("Newton", "Sequential", "MultipleShooting")],
)
def test_an_overflowing_map_is_never_converged(method, dtype, T):
    """h -> 1.5 h + x leaves float32 after about 218 steps, float64 after about 1750. The
    public DEER code clips to 1e8 and reports success."""
    xs, h0 = jnp.ones((T, 1), dtype), jnp.ones(1, dtype)
    if "Windowed" in method:
        options = {"max_steps": 10}
    else:
        options = {"max_steps": 3}
    solution = pr.solve(explosion, xs, h0, METHODS[method], on_failure="return", **options)
    assert not solution.converged
    assert not solution.residual <= 1e-3
    with pytest.raises(pr.ConvergenceError):
        pr.solve(explosion, xs, h0, METHODS[method], **options)


@pytest.mark.parametrize("scan", ["sequential", "associative", "chunked"])
def test_an_overflowing_map_is_named_as_such(scan):
    xs, h0 = jnp.ones((300, 1), jnp.float32), jnp.ones(1, jnp.float32)
    with pytest.raises(pr.ConvergenceError, match=r"not finite.*overflow"):
        pr.solve(explosion, xs, h0, pr.Newton(scan=scan))


@pytest.mark.parametrize("method", ["Newton", "Jacobi", "Sequential", "MultipleShooting"])
def test_falling_back_on_a_loop_that_overflows_is_no_success(method):
    xs, h0 = jnp.ones((300, 1), jnp.float32), jnp.ones(1, jnp.float32)
    solution = pr.solve(explosion, xs, h0, METHODS[method], on_failure="sequential")
    loop = np.asarray(pr.unroll(explosion, xs, h0))
    assert np.isinf(loop[-1])
    np.testing.assert_array_equal(solution.states, loop)
    assert not solution.converged


def test_large_but_finite_is_solved():
    """The same map over 300 steps of float64 reaches 1e53: a linear problem, one step."""
    solution = pr.solve(explosion, jnp.ones((300, 1)), jnp.ones(1))
    wanted = 3 * 1.5 ** np.arange(1, 301) - 2
    assert solution.converged
    assert solution.steps == 1
    np.testing.assert_allclose(solution.states[:, 0], wanted, rtol=1e-10)


# Cells with weights times eight.


@pytest.mark.parametrize(
    "name, method",
    [("GRU", m) for m in METHODS if m not in DIRECT]
    + [("ParaGRU", m) for m in ("Newton", "MultipleShooting", "Windowed")]
    + [(n, "Newton") for n in ("Elman", "LSTM", "ParaLSTM")],
)
def test_too_few_steps_are_never_reported_as_converged(name, method):
    """A bounded state hides divergence: ml-pararnn returns errors of 8.8 without a word."""
    q = problem(name, 200, gain=8.0)
    cell, xs, h0, _ = q.jax_arguments()
    solution = pr.solve(cell, xs, h0, METHODS[method], max_steps=3, on_failure="return")
    error = max(
        np.abs(a - b).max() for a, b in zip(to_planes(solution.states), q.states(), strict=True)
    )
    honest = relative_residual(q, to_planes(solution.states))
    assert bool(solution.converged) == (honest <= 1e-10)
    if solution.converged:
        assert error < 1e-6
    if not method.startswith(("MultipleShooting", "Windowed")):
        assert not solution.converged
        assert error > 1e-3  # or this problem tests nothing


@pytest.mark.parametrize("name", ["GRU", "ParaGRU", "ParaLSTM"])
@pytest.mark.parametrize("max_steps", [6, 12, 24, 48])
def test_converged_means_right_at_any_number_of_steps(name, max_steps):
    q = problem(name, 60, gain=8.0)
    cell, xs, h0, _ = q.jax_arguments()
    solution = pr.solve(cell, xs, h0, max_steps=max_steps, tol=1e-12, on_failure="return")
    if solution.converged:
        assert_close(to_planes(solution.states), q.states(), 1e-6)
    else:
        assert relative_residual(q, to_planes(solution.states)) > 1e-12


# Numbers that are not numbers.


def spoiled(where, value, name="GRU"):
    q = problem(name, 30)
    cell, xs, h0, _ = q.jax_arguments()
    if where == "xs":
        xs = xs.at[17, 1].set(value)
    elif where == "h0":
        h0 = jax.tree.map(lambda h: h.at[2].set(value), h0)
    else:
        p = {k: v.copy() for k, v in q.p.items()}
        next(iter(p.values())).flat[0] = value
        cell = make_cell(name, p)
    return cell, xs, h0


@pytest.mark.parametrize("where", ["xs", "h0", "weights"])
@pytest.mark.parametrize("method", METHODS)
def test_nan_is_reported(method, where):
    arguments = spoiled(where, np.nan)
    solution = pr.solve(*arguments, METHODS[method], max_steps=30, on_failure="return")
    assert not solution.converged
    assert not np.isfinite(solution.residual)
    with pytest.raises(pr.ConvergenceError, match=r"not finite.*NaN"):
        pr.solve(*arguments, METHODS[method], max_steps=30)


@pytest.mark.parametrize("name", ["GRU", "ParaLSTM"])
@pytest.mark.parametrize("method", ["Newton", "QuasiNewton", "Jacobi", "Picard", "Sequential"])
def test_nan_in_the_inputs_leaves_the_states_before_it_alone(method, name):
    q = problem(name, 30)
    cell, xs, h0 = spoiled("xs", np.nan, name)
    solution = pr.solve(cell, xs, h0, METHODS[method], max_steps=30, on_failure="return")
    for got, wanted in zip(to_planes(solution.states), q.states(), strict=True):
        np.testing.assert_allclose(got[:17], wanted[:17], atol=1e-11)
        assert np.isnan(got[17:]).any()


@pytest.mark.parametrize("method", METHODS)
def test_nan_in_one_plane_of_one_state_is_enough(method):
    """The last number of the last leaf at the last step."""

    def f(state, x):
        c, h = state
        return 0.5 * c + x, jnp.sqrt(x) + 0.5 * h

    xs = jnp.ones((9, 2)).at[-1, -1].set(-1.0)
    h0 = (jnp.zeros(2), jnp.zeros(2))
    solution = pr.solve(f, xs, h0, METHODS[method], max_steps=9, on_failure="return")
    assert not solution.converged


@pytest.mark.parametrize("method", METHODS)
def test_infinite_states_that_satisfy_the_equation_are_not_a_solution(method):
    """h_t = inf = f(inf): no residual can see it, so finiteness is asked for as well."""
    f = lambda h, x: h + x
    xs = jnp.ones((6, 1)).at[2].set(jnp.inf)
    solution = pr.solve(f, xs, jnp.zeros(1), METHODS[method], max_steps=6, on_failure="return")
    assert not solution.converged
