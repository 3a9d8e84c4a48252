"""The one loop that every point-by-point method runs.

Each iteration solves one affine recurrence, exactly, with a scan:

    h_t(new) = f(h_{t-1}) + A_t (h_{t-1}(new) - h_{t-1})

The methods differ in A alone. It is solved for the correction d_t = h_t(new) - h_t,

    d_t = A_t d_{t-1} + (f(h_{t-1}) - h_t),      h_t(new) = f(h_{t-1}) + A_t d_{t-1},

which has a virtue in floating point: where the first k states are exact, their corrections
are zero and state k + 1 becomes f(h_k), whatever the later states hold. After k iterations
they are exact, so they are left alone; otherwise a last bit that flickers between two
evaluations of f would be amplified by methods whose A is far from the Jacobian.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from ..scans import Structure, recur
from ..scans.recurrence import shift
from .problem import Problem
from .solution import History, Options, Raw

Rule = Callable[[Problem, PyTree], tuple[PyTree, Structure]]


class _State(eqx.Module):
    """The loop's memory: the iterate, and f and A evaluated at it."""

    steps: Int[Array, ""]
    states: PyTree
    image: PyTree
    maps: Structure
    residual: Float[Array, ""]
    history: History


def iterate(problem: Problem, guess: PyTree, rule: Rule, backend: str, options: Options) -> Raw:
    """Iterates from `guess` until the residual is at most `options.tol`.

    `rule(problem, previous)` returns f(h_{t-1}) and the maps A_t for all t. The residual is
    always that of the iterate returned, never that of the one before.
    """
    limit = options.limit(problem.length)

    def look(states):
        image, maps = rule(problem, problem.previous(finite_or_zero(states)))
        return image, maps, residual(states, image)

    def advance(state: _State) -> _State:
        states = update(state, backend)
        image, maps, res = look(states)
        steps = state.steps + 1
        return _State(steps, states, image, maps, res, _note(state.history, steps, res, states))

    def unfinished(state: _State):
        return (state.steps < limit) & ~(state.residual <= options.tol)

    image, maps, res = look(guess)
    history = _note(_blank(guess, res, limit, options.record), 0, res, guess)
    start = _State(jnp.zeros((), jnp.int32), guess, image, maps, res, history)
    end = lax.while_loop(unfinished, advance, start)
    return Raw(end.states, end.steps, end.residual, end.history)


def update(state: _State, backend: str) -> PyTree:
    """One iteration. A row that overflows falls back to f(h_{t-1}), the update with A = 0.

    That fallback keeps finite termination: if h_{t-1} is exact, so is f(h_{t-1}).
    """
    points = finite_or_zero(state.states)
    exact = jnp.arange(jax.tree.leaves(points)[0].shape[0]) < state.steps
    gap = jax.tree.map(lambda f, p: _rows(exact, jnp.zeros_like(p), f - p), state.image, points)
    carried = state.maps.apply(shift(recur(state.maps, gap, backend=backend)))
    new = jax.tree.map(jnp.add, state.image, carried)
    finite = jnp.stack([_finite_rows(leaf) for leaf in jax.tree.leaves(new)]).all(axis=0)
    return jax.tree.map(
        lambda old, n, f: _rows(exact, old, _rows(finite, n, f)), state.states, new, state.image
    )


def residual(states: PyTree, image: PyTree) -> Float[Array, ""]:
    """max |h_t - f(h_{t-1})| / max(1, |h_t|) over everything; NaN if anything is NaN."""
    worst = jax.tree.map(
        lambda h, f: jnp.max(jnp.abs(h - f) / jnp.maximum(1, jnp.abs(h)), initial=0),
        states,
        image,
    )
    return jnp.max(jnp.stack(jax.tree.leaves(worst)))


def finite_or_zero(states: PyTree) -> PyTree:
    """A point to linearise at: what is not finite is replaced by zero."""
    return jax.tree.map(lambda h: jnp.where(jnp.isfinite(h), h, 0), states)


def _rows(mask: Array, yes: Array, no: Array) -> Array:
    """Rows of `yes` where the mask `(T,)` is true, of `no` elsewhere."""
    return jnp.where(mask.reshape(-1, *[1] * (no.ndim - 1)), yes, no)


def _finite_rows(leaf: Array) -> Array:
    return jnp.isfinite(leaf).reshape(leaf.shape[0], -1).all(axis=1)


def _blank(guess: PyTree, res: Array, limit: int, record: bool) -> History:
    states = jax.tree.map(lambda x: jnp.full((limit + 1, *x.shape), jnp.nan, x.dtype), guess)
    residuals = jnp.full(limit + 1, jnp.nan, res.dtype)
    return History(residuals, states if record else None, jnp.zeros(limit + 1, bool))


def _note(history: History, steps, res: Array, states: PyTree) -> History:
    if history.states is not None:
        noted = jax.tree.map(lambda all_, x: all_.at[steps].set(x), history.states, states)
        history = eqx.tree_at(lambda h: h.states, history, noted)
    written = history.residual.at[steps].set(res), history.noted.at[steps].set(True)
    return eqx.tree_at(lambda h: (h.residual, h.noted), history, written)
