"""A window that slides past what has converged, and finds its own size.

Each iteration linearises at the rows of the window only. The leading rows whose residual is
within the tolerance are done: the window moves past them, its other rows keep what they have
reached, and new rows start from f(h, u_t) with h the last state that is done. So the work goes
where the front is, and nothing converged is computed again.

The first row of a window comes straight from an exact state, hence at least one row is done in
every iteration: the solve ends, chaotic problems included, unless f itself overflows.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from .loop import finite_or_zero, residual, row_residuals, update
from .problem import Problem
from .solution import History, Options, Raw

SMALLEST, LEVELS, RATIO = 32, 5, 4
# Grow where a window takes at most QUICK iterations, shrink where it would take more than SLOW.
# Judge no sooner than after TRIES: Newton does its first rows late, and then many at once.
QUICK, SLOW, TRIES = 8, 24, 8


def window_sizes(length: int) -> tuple[int, ...]:
    """At most five sizes from 32 to T, at least a factor 4 apart.

    One program is compiled for each, so their number must not grow with T.
    """
    if length <= SMALLEST:
        return (length,)
    count = 2
    while count < LEVELS and SMALLEST * RATIO**count <= length:
        count += 1
    spread = (length / SMALLEST) ** (1 / (count - 1))
    return tuple(sorted({*(round(SMALLEST * spread**k) for k in range(count - 1)), length}))


class _State(eqx.Module):
    """Where the front is, all rows, and how the window of this size has done so far."""

    front: Int[Array, ""]  # rows before it are done
    fresh: Int[Array, ""]  # rows from it on have not been in a window yet
    states: PyTree
    steps: Int[Array, ""]
    level: Int[Array, ""]
    tries: Int[Array, ""]  # iterations at this level, and the rows they have done
    rows: Int[Array, ""]
    patience: Int[Array, ""]  # iterations to wait before the window may grow
    overflow: Bool[Array, ""]
    control: PyTree
    history: Float[Array, " limit"]


def slide(problem: Problem, guess: PyTree | None, method, options: Options) -> Raw:
    """Solves the problem, on states in the form that `method` works on."""
    length = problem.length
    sizes = window_sizes(length)
    limit = length if options.max_steps is None else options.max_steps
    given = guess is not None
    if not given:
        guess = jax.tree.map(lambda h: jnp.zeros((length, *h.shape), h.dtype), problem.h0)
    dtype = jax.tree.leaves(guess)[0].dtype

    def unfinished(state: _State):
        return (state.front < length) & (state.steps < limit) & ~state.overflow

    def at(level: int):
        """All iterations at one size: a loop of its own, so that rows are updated in place."""

        def advance(state: _State) -> _State:
            state = _iterate(problem, state, method, options.tol, sizes[level], given)
            return _resized(state, sizes)

        return lambda s: lax.while_loop(lambda s: unfinished(s) & (s.level == level), advance, s)

    branches = [at(level) for level in range(len(sizes))]
    zero, no = jnp.zeros((), jnp.int32), jnp.asarray(False)
    level = jnp.asarray(len(sizes) // 2, jnp.int32)
    fresh = jnp.asarray(length if given else 0, jnp.int32)
    blank = jnp.full(limit, jnp.nan, dtype)
    control = method.move().start(dtype)
    patience = jnp.asarray(TRIES // 2, jnp.int32)
    start = _State(zero, fresh, guess, zero, level, zero, zero, patience, no, control, blank)
    end = lax.while_loop(unfinished, lambda s: lax.switch(s.level, branches, s), start)
    error = residual(end.states, problem.image(problem.previous(end.states)))
    history = History(end.history, None, jnp.arange(limit) < end.steps)
    return Raw(end.states, end.steps, error, history)


def _iterate(problem: Problem, state: _State, method, tol: float, size: int, given: bool):
    """One iteration on the window of `size` rows that begins at the front, or ends at T."""
    begin = jnp.minimum(state.front, problem.length - size)
    rows = begin + jnp.arange(size)
    cut = lambda x: lax.dynamic_slice_in_dim(x, begin, size)
    inputs, states = jax.tree.map(cut, (problem.inputs, state.states))
    before = _row(state.states, problem.h0, begin)
    window = problem.restricted(inputs, before)
    if not given:
        last = _row(state.states, problem.h0, state.front)
        new = jax.vmap(problem.step, (None, 0))(last, inputs)
        states = _rows(rows >= state.fresh, new, states)

    previous = window.previous(finite_or_zero(states))
    image, maps = method.linearise(window, previous)
    errors = row_residuals(states, image)
    done = (rows < state.front) | (errors <= tol)
    count = jnp.argmin(jnp.append(done, False))  # leading rows that are done
    states, control = update(
        states, image, maps, jnp.arange(size) < count, method.move(), state.control, method.scan
    )
    put = lambda all_, part: lax.dynamic_update_slice_in_dim(all_, part, begin, 0)
    front = begin + count
    finite = jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(_first(image, count))])
    return _State(
        front=front.astype(jnp.int32),
        fresh=jnp.maximum(state.fresh, begin + size).astype(jnp.int32),
        states=jax.tree.map(put, state.states, states),
        steps=state.steps + 1,
        level=state.level,
        tries=state.tries + 1,
        rows=state.rows + (front - state.front).astype(jnp.int32),
        patience=state.patience,
        overflow=~finite.all(),
        control=control,
        history=state.history.at[state.steps].set(jnp.max(errors)),
    )


def _resized(state: _State, sizes: tuple[int, ...]) -> _State:
    """A larger window while the rows done per iteration keep up with its size, else a smaller.

    An iteration costs as much as the window is long. Where a window is done in a few
    iterations, a longer one does more rows for each; where the front crawls, it does not.
    Every time it crawls, the next growth is put off for twice as long.
    """
    size = jnp.asarray(sizes, jnp.int32)[state.level]
    settled = state.tries >= TRIES
    grow = (state.tries >= state.patience) & (state.rows * QUICK >= state.tries * size)
    grow &= state.level < len(sizes) - 1
    crawl = settled & (state.rows * SLOW < state.tries * size) & (state.level > 0)
    level = state.level + jnp.where(grow, 1, jnp.where(crawl, -1, 0)).astype(jnp.int32)
    patience = jnp.where(crawl, jnp.minimum(2 * state.patience, 1024), state.patience)
    again = grow | crawl | (state.tries >= 4 * state.patience)  # forget what is long ago
    tries, rows = jnp.where(again, 0, state.tries), jnp.where(again, 0, state.rows)
    new = (level, tries, rows, patience.astype(jnp.int32))
    return eqx.tree_at(lambda s: (s.level, s.tries, s.rows, s.patience), state, new)


def _row(states: PyTree, h0: PyTree, index: Array) -> PyTree:
    """h_{index} of h_0, h_1, ...: the state before row `index`."""

    def leaf(all_, h):
        row = lax.dynamic_index_in_dim(all_, jnp.maximum(index - 1, 0), keepdims=False)
        return jnp.where(index > 0, row, h)

    return jax.tree.map(leaf, states, h0)


def _first(image: PyTree, count: Array) -> PyTree:
    """The image of the row at the front; of the last row if all are done."""
    return jax.tree.map(lambda x: x[jnp.minimum(count, x.shape[0] - 1)], image)


def _rows(mask: Array, yes: PyTree, no: PyTree) -> PyTree:
    along = lambda x: mask.reshape(-1, *[1] * (x.ndim - 1))
    return jax.tree.map(lambda y, n: jnp.where(along(y), y, n), yes, no)
