"""Exponents, growth and bounds against known values and against SVDs; predictions against counts.

The steps take their matrices as inputs, so that every problem of one shape is compiled once.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.solvers.advice import Pilot, advise, predict
from pararnn_edu.solvers.lyapunov import growth, log_lengths, smallest_singular_value
from pararnn_edu.solvers.predictability import bound, predictability
from pararnn_edu.solvers.problem import pose, vectorise

from ..helpers import equations

T, D = 120, 3


def follow(h, A):
    return A @ h


def squash(h, W):
    return jnp.tanh(W @ h)


def linear(matrices):
    """(problem, previous) of h_t = A_t h_{t-1} from zero; every trajectory has these Jacobians."""
    return pose(follow, jnp.asarray(matrices), jnp.zeros(D)).problem, jnp.zeros((T, D))


def constant(matrix):
    return np.broadcast_to(matrix, (T, D, D))


def turn(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 0.3]])


SYSTEMS = {
    "diagonal": constant(np.diag([0.9, -0.5, 0.1])),
    "rotation": constant(1.03 * turn(0.7)),
    "not normal": constant(np.array([[0.8, 5.0, 0], [0, 0.7, 5.0], [0, 0, 0.6]])),
    "random": np.random.default_rng(3).normal(size=(T, D, D)) / np.sqrt(D),
}


@pytest.mark.parametrize(
    ("name", "wanted"), [("diagonal", np.log(0.9)), ("rotation", np.log(1.03))]
)
def test_known_exponents(name, wanted):
    assert growth(*linear(SYSTEMS[name]), 0).exponent == pytest.approx(wanted, abs=1e-6)


def test_logistic_map():
    """ln 2, with any seed of the tangents: there is one direction only."""
    problem = pose(lambda h, x: 4 * h * (1 - h), jnp.zeros(3000), jnp.array([0.3])).problem
    previous = problem.previous(problem.unroll())
    assert growth(problem, previous, 5).exponent == pytest.approx(np.log(2), abs=0.01)


def test_lorenz():
    """0.906 per unit of time (Sprott 2003), here from 300 units of a Runge-Kutta trajectory."""

    def v(h):
        x, y, z = h
        return jnp.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])

    def step(h, dt):
        a = v(h)
        b = v(h + dt / 2 * a)
        c = v(h + dt / 2 * b)
        return h + dt / 6 * (a + 2 * b + 2 * c + v(h + dt * c))

    problem = pose(step, jnp.full(15_000, 0.02), jnp.array([-9.8, -15.0, 20.5])).problem
    previous = problem.previous(problem.unroll())
    assert growth(problem, previous, 0).exponent / 0.02 == pytest.approx(0.906, abs=0.06)


def products(matrices):
    """log ||J_t ... J_{s+1}|| by SVD, for every s < t."""
    logs = np.full((T + 1, T + 1), np.nan)
    for s in range(T):
        product, scale = np.eye(D), 0.0
        for t in range(s, T):
            product = matrices[t] @ product
            size = np.linalg.norm(product, 2)
            product, scale = product / size, scale + np.log(size)
            logs[s, t + 1] = scale
    return logs


@pytest.mark.parametrize("name", SYSTEMS)
def test_growth_against_svd(name):
    """Never above the truth, and close to it: the largest growth, a, and (from below) b."""
    found = growth(*linear(SYSTEMS[name]), 0)
    logs = products(SYSTEMS[name])
    span = np.arange(T + 1)[None] - np.arange(T + 1)[:, None]
    trend = logs - found.exponent * span
    assert found.log_growth <= np.nanmax(logs) + 1e-9
    assert found.log_growth >= np.nanmax(logs) - np.log(2)
    assert found.log_growth >= logs[found.span] - 1e-3  # sharp on its own stretch
    assert np.nanmax(trend) - 1 <= found.log_a <= np.nanmax(trend) + 1e-9
    assert found.log_b <= np.nanmin(trend) + 1e-9


def newton_matrix(matrices):
    """I - (J_t below the diagonal), dense."""
    whole = np.eye(T * D)
    for t in range(1, T):
        whole[t * D : (t + 1) * D, (t - 1) * D : t * D] = -matrices[t]
    return whole


@pytest.mark.parametrize("name", SYSTEMS)
def test_singular_value_against_svd(name):
    exact = np.linalg.svd(newton_matrix(SYSTEMS[name]), compute_uv=False)[-1]
    found = float(smallest_singular_value(*linear(SYSTEMS[name]), 0))
    assert exact * (1 - 1e-9) <= found <= 1.1 * exact


@pytest.mark.parametrize("name", SYSTEMS)
def test_bound_holds_with_the_true_constants(name):
    matrices = SYSTEMS[name]
    exponent, logs = growth(*linear(matrices), 0).exponent, products(matrices)
    span = np.arange(T + 1)[None] - np.arange(T + 1)[:, None]
    trend = logs - exponent * span
    # The empty product counts too: a is at least 1 and b at most 1.
    log_a, log_b = max(np.nanmax(trend), 0), min(np.nanmin(trend), 0)
    low, high = bound(exponent, T, log_a, log_b)
    exact = np.linalg.svd(newton_matrix(matrices), compute_uv=False)[-1]
    assert low <= exact * (1 + 1e-9)
    assert exact <= high * (1 + 1e-9)


def test_bound_is_the_papers_formula():
    for exponent in (-0.3, 0.05):
        low, high = bound(exponent, 40, np.log(2.0), np.log(0.5))
        e = np.exp(exponent)
        assert low == pytest.approx((e - 1) / (e**40 - 1) / 2)
        assert high == pytest.approx(min(e**-39 / 0.5, 1))
    assert bound(0.0, 40, 0.0, 0.0) == pytest.approx((1 / 40, 1))
    assert bound(2.0, 10_000, 0.0, 0.0) == (0, 0)


def test_no_jacobian_is_formed():
    """Nothing has two axes of the state's size, and nothing has T rows of more than the state."""
    cell = pr.ParaLSTM(2, 37, key=jax.random.key(0))
    flat, _ = vectorise(pose(cell, jnp.zeros((11, 2)), None).problem)
    previous = jnp.zeros((11, 74), jnp.float32)
    starts, vectors = jnp.zeros(2, int), jnp.ones((2, 74), jnp.float32)
    programs = [
        jax.make_jaxpr(lambda p: log_lengths(flat, p, starts, vectors))(previous),
        jax.make_jaxpr(lambda p: smallest_singular_value(flat, p, 0))(previous),
    ]
    for program in programs:
        for equation in equations(program.jaxpr):
            for shape in (getattr(v.aval, "shape", ()) for v in equation.outvars):
                assert shape.count(74) < 2
                assert 11 not in shape or np.prod(shape) <= 11 * 74


def test_a_step_that_forgets_everything():
    """J = 0 now and then: very negative, and finite."""
    matrices = np.array(SYSTEMS["diagonal"])
    matrices[50] = 0
    found = growth(*linear(matrices), 0)
    assert np.isfinite(found.exponent) and found.exponent < -5
    assert found.log_growth == pytest.approx(np.log(0.9), abs=1e-6)


# Predictions.

LENGTH = 600


def net(gain, d=8, T=LENGTH, seed=1):
    """(W repeated, h0) of h' = tanh(W h): the sweep in which exponents stay negative."""
    key_W, _, key_h = jax.random.split(jax.random.key(seed), 3)
    W = gain * jax.random.normal(key_W, (d, d)) / d**0.5
    return jnp.broadcast_to(W, (T, d, d)), 0.5 * jax.random.normal(key_h, (d,))


@pytest.fixture(scope="module")
def sweep():
    return {
        g: predictability(squash, *net(g), measure=True) for g in (0.5, 1.2, 1.5, 2.0, 2.5, 4.0)
    }


def test_predictions_are_within_the_stated_factor(sweep):
    for gain, found in sweep.items():
        ratio = found.predicted_steps / found.measured_steps
        assert 1 / 2.5 <= ratio <= 2.5, (gain, found.predicted_steps, found.measured_steps)


def test_the_guess_counts():
    """From the solution itself nothing is left to do, however chaotic it is."""
    xs, h0 = net(4.0)
    found = predictability(squash, xs, h0, initial_guess=pr.unroll(squash, xs, h0), measure=True)
    assert found.measured_steps == found.predicted_steps == 0


def test_a_negative_exponent_is_not_taken_for_few_steps(sweep):
    """At gain 2.5 errors die out by 15 % a step, and Newton needs more than T / 3 steps."""
    found = sweep[2.5]
    assert found.lyapunov < -0.05
    assert found.measured_steps > LENGTH / 3
    assert found.recommendation == "sequential"
    assert "The exponent is negative" in found.advice
    assert sweep[0.5].recommendation == "newton"


def test_summary_in_words(sweep):
    text = str(sweep[0.5])
    assert "largest Lyapunov exponent: -" in text
    assert f"predicted steps: {sweep[0.5].predicted_steps}, measured: " in text
    assert "use pr.Newton()" in text
    assert sweep[4.0].transient_growth == pytest.approx(np.exp(sweep[4.0].log_growth))


def test_a_cell_in_float32():
    cell = pr.ParaLSTM(3, 4, key=jax.random.key(0))
    found = predictability(cell, jnp.ones((40, 3), jnp.float32), measure=True)
    assert (found.length, found.size) == (40, 8)
    assert found.lyapunov < 0 and found.recommendation in ("newton", "windows", "sequential")
    assert abs(found.predicted_steps - found.measured_steps) <= 2
    assert "for 40" in found.advice or found.window


def test_overflow_on_the_way_is_one_step_a_state():
    """An unstable quadratic map far from its orbit: iterates overflow, states come one by one."""
    pilots = (Pilot(16, 5, True), Pilot(64, 30, False))
    assert predict(pilots, 1000) == 30 + 1000 - 64


def test_prediction_by_power_law():
    assert predict((Pilot(64, 4, True),), 1000) == 4
    assert predict((Pilot(64, 4, True), Pilot(256, 4, True)), 10**6) == 4
    assert predict((Pilot(64, 6, True), Pilot(256, 12, True)), 4096) == 48
    assert predict((Pilot(64, 40, True),), 640) == 400
    assert predict((Pilot(64, 64, True),), 640) == 640


@pytest.mark.parametrize(
    ("exponent", "log_growth", "pilots", "steps", "length", "wanted"),
    [
        (-0.3, 0, [Pilot(256, 4, True)], 4, 10_000, ("newton", None)),
        (-0.01, 3, [Pilot(256, 90, False)], 9000, 10_000, ("elk", None)),
        (0.01, 90, [Pilot(256, 90, False)], 9000, 10_000, ("sequential", None)),
        (0.01, 9, [Pilot(256, 4, True), Pilot(1024, 60, True)], 4000, 100_000, ("windows", 256)),
        (-0.1, 0, [Pilot(64, 40, True)], 600, 1000, ("sequential", None)),
        (0.7, 700, [Pilot(16, 16, True)], 1000, 1000, ("sequential", None)),
    ],
)
def test_advice(exponent, log_growth, pilots, steps, length, wanted):
    recommendation, window, words = advise(exponent, log_growth, tuple(pilots), steps, length)
    assert (recommendation, window) == wanted
    assert {"newton": "pr.Newton()", "elk": "pr.ELK()", "windows": "window=256"}.get(
        recommendation, "sequentially"
    ) in words


# Errors.


def test_wrong_arguments_are_named():
    cell = pr.GRU(3, 4, key=jax.random.key(0))
    xs = jnp.ones((12, 3))
    with pytest.raises(ValueError, match="at least 4 steps, got 2"):
        predictability(cell, xs[:2])
    with pytest.raises(TypeError, match="method must be one of"):
        predictability(cell, xs, method="newton")
    with pytest.raises(TypeError, match="outside jit"):
        jax.jit(lambda x: predictability(cell, x).lyapunov)(xs)
    with pytest.raises(ValueError, match="pass the initial state as h0"):
        predictability(lambda h, x: h, xs)
    with pytest.raises(ValueError, match="seed must be an int"):
        predictability(cell, xs, seed=0.5)
    with pytest.raises(ValueError, match="initial_guess must hold one state per step"):
        predictability(cell, xs, initial_guess=jnp.zeros((3, 4)))


def test_states_that_overflow_are_no_trajectory():
    with pytest.raises(ValueError, match="not finite from step 2 on"):
        predictability(
            lambda h, x: 1e15 * h * h + x, jnp.ones(12, jnp.float32), jnp.ones(1, jnp.float32)
        )
