"""The one loop that every point-by-point method runs.

Each iteration solves one affine recurrence, exactly, with a scan:

    h_t(new) = f(h_{t-1}) + A_t (h_{t-1}(new) - h_{t-1})

The methods differ in A alone. It is solved for the correction d_t = h_t(new) - h_t,

    d_t = A_t d_{t-1} + (f(h_{t-1}) - h_t),      h_t(new) = f(h_{t-1}) + A_t d_{t-1},

which has a virtue in floating point: where the first k states are exact, their corrections
are zero and state k + 1 becomes f(h_k), whatever the later states hold. After k iterations
they are exact, so they are left alone; otherwise a last bit that flickers between two
evaluations of f would be amplified by methods whose A is far from the Jacobian.

How far to move along d is a `Move`: all the way for most methods, less where it is damped.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from ..scans import Structure
from .moves import Full, Move
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
    control: PyTree  # what the move remembers from step to step
    history: History


def iterate(
    problem: Problem,
    guess: PyTree,
    rule: Rule,
    backend: str,
    options: Options,
    move: Move = Full(),  # noqa: B008 (frozen)
) -> Raw:
    """Iterates from `guess` until the residual is at most `options.tol`.

    `rule(problem, previous)` returns f(h_{t-1}) and the maps A_t for all t. The residual is
    always that of the iterate returned, never that of the one before.
    """
    limit = options.limit(problem.length)
    rows = jnp.arange(problem.length)

    def look(states):
        image, maps = rule(problem, problem.previous(finite_or_zero(states)))
        return image, maps, residual(states, image)

    def advance(state: _State) -> _State:
        exact = rows < state.steps
        states, control = update(
            state.states, state.image, state.maps, exact, move, state.control, backend
        )
        image, maps, res = look(states)
        steps = state.steps + 1
        history = _note(state.history, steps, res, states)
        return _State(steps, states, image, maps, res, control, history)

    def unfinished(state: _State):
        return (state.steps < limit) & ~(state.residual <= options.tol)

    image, maps, res = look(guess)
    history = _note(_blank(guess, res, limit, options.record), 0, res, guess)
    start = _State(
        jnp.zeros((), jnp.int32), guess, image, maps, res, move.start(res.dtype), history
    )
    end = lax.while_loop(unfinished, advance, start)
    return Raw(end.states, end.steps, end.residual, end.history)


def update(
    states: PyTree,
    image: PyTree,
    maps: Structure,
    exact: Bool[Array, " T"],
    move: Move,
    control: PyTree,
    backend: str,
) -> tuple[PyTree, PyTree]:
    """One iteration. A row that overflows falls back to f(h_{t-1}), the update with A = 0.

    That fallback keeps finite termination: if h_{t-1} is exact, so is f(h_{t-1}). Rows marked
    `exact`, a prefix, are left as they are.
    """
    points = finite_or_zero(states)
    gap = jax.tree.map(lambda f, p: _rows(exact, jnp.zeros_like(p), f - p), image, points)
    carried, control = move(maps, gap, points, exact, control, backend)
    new = jax.tree.map(jnp.add, image, carried)
    finite = jnp.stack([_finite_rows(leaf) for leaf in jax.tree.leaves(new)]).all(axis=0)
    new = jax.tree.map(lambda old, n, f: _rows(exact, old, _rows(finite, n, f)), states, new, image)
    return new, control


def residual(states: PyTree, image: PyTree) -> Float[Array, ""]:
    """max |h_t - f(h_{t-1})| / max(1, |h_t|) over everything; NaN if anything is not finite."""
    rows = row_residuals(states, image)
    return _nan_unless(jnp.isfinite(rows).all(), jnp.max(rows, initial=0))


def row_residuals(states: PyTree, image: PyTree) -> Float[Array, " T"]:
    """The same for every row by itself."""

    def leaf(h, f):
        gaps = jnp.abs(h - f) / jnp.maximum(1, jnp.abs(h))
        worst = jnp.max(gaps.reshape(h.shape[0], -1), axis=1, initial=0)
        return _nan_unless(_finite_rows(h) & _finite_rows(f), worst)

    leaves = jnp.stack(jax.tree.leaves(jax.tree.map(leaf, states, image)))
    return _nan_unless(jnp.isfinite(leaves).all(axis=0), jnp.max(leaves, axis=0))


def _nan_unless(finite: Array, value: Array) -> Array:
    """NaN made explicit: the maximum of numbers with a NaN among them may lose it on a CPU."""
    return jnp.where(finite, value, jnp.nan)


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
