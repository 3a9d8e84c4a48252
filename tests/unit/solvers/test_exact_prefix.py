"""After k steps the first k states are exact, for every rule and whatever the guess.

This is why every method ends in at most T steps. Holds because h_0 is exact, and an iteration
whose first k states are exact makes state k + 1 exact: f(h_k) + A (h_k - h_k) = f(h_k).
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pararnn_edu as pr

from .. import oracle
from ..helpers import INPUT, make_cell, parameters, to_planes, to_state
from .problems import METHODS, POINTWISE

T, WIDTH = 10, 3
CELLS = ["Elman", "ParaGRU", "ParaLSTM"]


@functools.cache
def recorded(method):
    """T steps with all iterates; a tolerance that only an exact fixed point meets."""

    @jax.jit
    def run(cell, xs, h0, guess):
        return pr.solve(
            cell,
            xs,
            h0,
            METHODS[method],
            tol=1e-300,
            max_steps=T,
            initial_guess=guess,
            on_failure="return",
            record=True,
        )

    return run


def case(name, seed, gain, scale):
    rng = np.random.default_rng(seed)
    planes = range(oracle.PLANES[name])
    p = parameters(name, rng, gain, d=WIDTH)
    xs = rng.normal(size=(T, INPUT))
    h0 = tuple(rng.uniform(-1, 1, WIDTH) for _ in planes)
    guess = tuple(scale * rng.normal(size=(T, WIDTH)) for _ in planes)
    return p, xs, h0, guess


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("method", POINTWISE)
@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    gain=st.sampled_from([0.3, 1.0, 2.0, 3.0]),
    scale=st.sampled_from([1.0, 1e3, 1e200]),
)
def test_first_k_states_after_k_steps(name, method, seed, gain, scale):
    p, xs, h0, guess = case(name, seed, gain, scale)
    wanted = oracle.unroll(oracle.STEPS[name], p, xs, h0)
    solution = recorded(method)(make_cell(name, p), jnp.asarray(xs), to_state(h0), to_state(guess))
    steps = int(solution.steps)
    assert steps <= T
    # Rounding in one state grows by at most the gain at each later one, in the oracle too.
    allowed = 1e-14 * max(1.0, gain) ** T
    for plane, (iterates, exact) in enumerate(
        zip(to_planes(solution.history.states), wanted, strict=True)
    ):
        assert iterates.shape == (T + 1, T, WIDTH)
        np.testing.assert_array_equal(iterates[0], guess[plane])
        for k in range(steps + 1):
            error = np.abs(iterates[k, :k] - exact[:k]).max(initial=0)
            assert error <= allowed, f"after {k} steps: {error:.1e}"
        assert np.abs(iterates[steps] - exact).max() <= allowed


@pytest.mark.parametrize("method", POINTWISE)
def test_the_prefix_needs_every_step(method):
    """On a map that only counts, information moves one place per Jacobi step, no faster."""
    q = lambda h, x: 0.9 * h + jnp.sin(h) + x
    xs = jnp.linspace(-1, 1, T)[:, None]
    guess = jnp.full((T, 1), 7.0)
    solution = pr.solve(
        q, xs, jnp.ones(1), METHODS[method], tol=1e-14, initial_guess=guess, record=True
    )
    exact = pr.unroll(q, xs, jnp.ones(1))
    fronts = [
        int(np.argmin(np.append(np.abs(np.asarray(s - exact)).max(axis=1) < 1e-12, False)))
        for s in solution.history.states
    ]
    assert all(front >= k for k, front in enumerate(fronts[:-1]))
    if method == "Jacobi":
        assert fronts == list(range(T + 1))
        assert solution.steps == T


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("method", POINTWISE)
def test_a_guess_that_is_not_finite(method, name, bad):
    """It is replaced row by row; the front moves on all the same."""
    p, xs, h0, guess = case(name, 3, 1.0, 1.0)
    guess[0][2:7] = bad
    guess[-1][4, 1] = bad
    solution = recorded(method)(make_cell(name, p), jnp.asarray(xs), to_state(h0), to_state(guess))
    wanted = oracle.unroll(oracle.STEPS[name], p, xs, h0)
    for iterates, exact in zip(to_planes(solution.history.states), wanted, strict=True):
        for k in range(int(solution.steps) + 1):
            np.testing.assert_allclose(iterates[k, :k], exact[:k], atol=1e-12)
    for got, exact in zip(to_planes(solution.states), wanted, strict=True):
        np.testing.assert_allclose(got, exact, atol=1e-12)


@pytest.mark.parametrize("scan", ["sequential", "associative", "chunked"])
@pytest.mark.parametrize("gain", [2.5, 4.0])
def test_newton_ends_where_its_iterates_overflow(scan, gain):
    """A strongly expanding cell in float32: corrections pass 1e38 on the way."""
    length = 60
    rng = np.random.default_rng(7)
    p = parameters("Elman", rng, gain, d=8)
    xs, h0 = 0.1 * rng.normal(size=(length, INPUT)), (rng.uniform(-0.1, 0.1, 8),)
    cell = make_cell("Elman", p, jnp.float32)
    solution = pr.solve(
        cell,
        jnp.asarray(xs, jnp.float32),
        to_state(h0, jnp.float32),
        pr.Newton(scan=scan),
        max_steps=length,
        initial_guess=jnp.zeros((length, 8), jnp.float32),
    )
    assert solution.converged
    assert solution.steps <= length
    loop = pr.unroll(cell, jnp.asarray(xs, jnp.float32), to_state(h0, jnp.float32))
    # float32 chaos parts from the float64 oracle; the first steps do not, nor does the loop.
    exact = oracle.unroll(oracle.elman, p, xs, h0)[0]
    np.testing.assert_allclose(solution.states[:5], exact[:5], atol=1e-3)
    one_step = oracle_steps(p, xs, h0, np.asarray(solution.states, np.float64))
    assert np.abs(one_step - np.asarray(solution.states)).max() < 1e-4
    assert np.isfinite(np.asarray(loop)).all()


def oracle_steps(p, xs, h0, states):
    """f(h_{t-1}, x_t) for all t, by the oracle, from the states given."""
    before = np.concatenate([h0[0][None], states[:-1]])
    return np.array([oracle.elman(p, (h,), x)[0][0] for h, x in zip(before, xs, strict=True)])


def test_newton_where_f_itself_overflows():
    """A cubic map: at a wild guess f is infinite, and so is its slope."""
    f = lambda h, x: 0.8 * h - 0.1 * h**3 + x
    length = 25
    xs = 0.3 * jnp.sin(jnp.arange(length, dtype=jnp.float32))[:, None]
    h0 = jnp.zeros(1, jnp.float32)
    h, wanted = 0.0, []
    for x in np.asarray(xs, np.float64)[:, 0]:
        h = 0.8 * h - 0.1 * h**3 + x
        wanted.append([h])
    for method in (pr.Newton(), pr.QuasiNewton(), pr.Jacobi(), pr.Picard(), pr.Damped()):
        solution = pr.solve(
            f, xs, h0, method, initial_guess=jnp.full((length, 1), 1e30, jnp.float32)
        )
        assert solution.converged
        np.testing.assert_allclose(solution.states, wanted, atol=1e-4)
