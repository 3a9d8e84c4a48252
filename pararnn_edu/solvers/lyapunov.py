"""How a small error at one step of a trajectory fares at later steps.

An error e_s at step s becomes J_t ... J_{s+1} e_s at step t, so everything here is about
products of Jacobians along the trajectory. They are never formed: tangent vectors are pushed
through the steps by forward derivatives, and pulled back by reverse ones, at O(T n) memory for
any structure. States are vectors `(T, n)` here; `previous` are h_0..h_{T-1}.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from .problem import Problem

STARTS = 16  # tangent vectors are started at so many steps, spread over the sequence
FROM_ZERO = 4  # and so many at the first, for the exponent
ROUNDS = 8  # of each power iteration


class Growth(NamedTuple):
    """Logarithms of what products of Jacobians do to lengths, per step or over a span."""

    exponent: float  # the largest Lyapunov exponent, per step
    log_growth: float  # of the longest stretch found, a lower bound
    span: tuple[int, int]  # it happened over the steps span[0]+1 .. span[1]
    log_a: float  # ||J_t .. J_{s+1}|| <= a e^{exponent (t - s)}; from below
    log_b: float  # ||J_t .. J_{s+1}|| >= b e^{exponent (t - s)}; from below


def growth(problem: Problem, previous: Float[Array, "T n"], seed: int) -> Growth:
    """Exponent, transient growth and the constants a, b around the exponential."""
    length, n = previous.shape
    spread = np.linspace(0, length, STARTS, endpoint=False).astype(int)
    starts = np.concatenate([np.zeros(FROM_ZERO, int), spread])
    vectors = jr.normal(jr.key(seed), (len(starts), n), previous.dtype)
    logs = np.asarray(log_lengths(problem, previous, jnp.asarray(starts), vectors), np.float64)
    exponent = _slope(logs[:, :FROM_ZERO])
    found, span = _widest(logs, starts)
    refined = float(log_norm(problem, previous, jnp.asarray(span), vectors[0]))
    trend = exponent * np.arange(length + 1)[:, None]
    log_a, _ = _widest(logs - trend, starts)
    log_a = max(log_a, refined - exponent * (span[1] - span[0]))
    log_b = -_widest(trend - logs, starts)[0]
    return Growth(exponent, max(found, refined), span, log_a, log_b)


@eqx.filter_jit
def log_lengths(
    problem: Problem,
    previous: Float[Array, "T n"],
    starts: Int[Array, " s"],
    vectors: Float[Array, "s n"],
) -> Float[Array, "T+1 s"]:
    """log ||J_t ... J_{s+1} v|| / ||v|| for a tangent v born at step s = `starts`; 0 before.

    Lengths are kept at 1 on the way, so nothing overflows. Where a step forgets everything,
    J v = 0, the smallest number of the dtype stands for it and a fresh direction goes on.
    """
    tiny = jnp.finfo(previous.dtype).tiny
    vectors = _unit(vectors)

    def step(carry, point):
        t, tangents, logs = carry
        h, u = point
        push = lambda v: jax.jvp(lambda h: problem.step(h, u), (h,), (v,))[1]
        new = jax.vmap(push)(tangents)
        size = jnp.linalg.norm(new, axis=1, keepdims=True)
        new = jnp.where(size > tiny, new / jnp.maximum(size, tiny), vectors)
        born = t >= starts
        logs = jnp.where(born, logs + jnp.log(jnp.maximum(size[:, 0], tiny)), 0)
        return (t + 1, jnp.where(born[:, None], new, tangents), logs), logs

    none = jnp.zeros(len(starts), previous.dtype)
    _, logs = lax.scan(step, (0, vectors, none), (previous, problem.inputs))
    return jnp.concatenate([none[None], logs])


@eqx.filter_jit
def log_norm(
    problem: Problem, previous: Float[Array, "T n"], span: Int[Array, "2"], v: Float[Array, " n"]
) -> Float[Array, ""]:
    """log ||J_t ... J_{s+1}|| for span = (s, t), by power iteration: at most the true value."""
    inside = (jnp.arange(previous.shape[0]) >= span[0]) & (jnp.arange(previous.shape[0]) < span[1])
    points = (previous, problem.inputs, inside)

    def forth(v, point):
        h, u, on = point
        new = jax.jvp(lambda h: problem.step(h, u), (h,), (v,))[1]
        return _renormalised(new, v, on)

    def back(v, point):
        h, u, on = point
        new = jax.vjp(lambda h: problem.step(h, u), h)[1](v)[0]
        return _renormalised(new, v, on)

    def once(_, carry):
        v, _ = carry
        image, logs = lax.scan(forth, v, points)
        return lax.scan(back, image, points, reverse=True)[0], jnp.sum(logs)

    start = _unit(v[None])[0]
    return lax.fori_loop(0, ROUNDS, once, (start, jnp.zeros((), v.dtype)))[1]


@eqx.filter_jit
def smallest_singular_value(
    problem: Problem, previous: Float[Array, "T n"], seed: int
) -> Float[Array, ""]:
    """Of the matrix of the Newton system, I - (J_t below the diagonal): at least the true value.

    Power iteration with its inverse: e_t = J_t e_{t-1} + r_t forwards, and the transpose
    backwards. 0 if the inverse overflows.
    """
    points = (previous, problem.inputs)

    def forth(e, point):
        (h, u), r = point
        e = jax.jvp(lambda h: problem.step(h, u), (h,), (e,))[1] + r
        return e, e

    def back(g, point):
        (h, u), e = point
        g = g + e
        return jax.vjp(lambda h: problem.step(h, u), h)[1](g)[0], g

    def once(_, carry):
        r, _ = carry
        zero = jnp.zeros_like(previous[0])
        e = lax.scan(forth, zero, (points, r))[1]
        size = jnp.linalg.norm(e)
        r = lax.scan(back, zero, (points, e / size), reverse=True)[1]
        return r / jnp.linalg.norm(r), size

    r = jr.normal(jr.key(seed), previous.shape, previous.dtype)
    start = (r / jnp.linalg.norm(r), jnp.ones((), previous.dtype))
    size = lax.fori_loop(0, ROUNDS, once, start)[1]
    return jnp.where(jnp.isfinite(size), 1 / size, 0)


def _unit(vectors: Array) -> Array:
    return vectors / jnp.linalg.norm(vectors, axis=1, keepdims=True)


def _renormalised(new: Array, old: Array, on: Array) -> tuple[Array, Array]:
    """`new` at length 1 and the log of its length, or `old` and 0 where the span is over."""
    size = jnp.maximum(jnp.linalg.norm(new), jnp.finfo(new.dtype).tiny)
    return jnp.where(on, new / size, old), jnp.where(on, jnp.log(size), 0)


def _slope(logs: np.ndarray) -> float:
    """Growth per step after the first tenth, in which a random tangent turns to the fastest."""
    skip = len(logs) // 10
    return float(np.max((logs[-1] - logs[skip]) / (len(logs) - 1 - skip)))


def _widest(logs: np.ndarray, starts: np.ndarray) -> tuple[float, tuple[int, int]]:
    """max of logs[t] - logs[s] over birth <= s < t and all tangents, and where: (s, t).

    Each tangent is one vector that the product J_t .. J_{s+1} stretches by that much, so this
    is a lower bound of the largest norm.
    """
    born = np.arange(len(logs))[:, None] >= starts
    lowest = np.minimum.accumulate(np.where(born, logs, np.inf), axis=0)[:-1]
    rise = np.where(born[:-1], logs[1:] - lowest, -np.inf)
    t, which = np.unravel_index(np.argmax(rise), rise.shape)
    s = starts[which] + np.argmin(logs[starts[which] : t + 1, which])
    return float(rise[t, which]), (int(s), int(t) + 1)
