"""A nonlinear recurrence in one kernel: the cell's step is taken in registers.

Forward, by multiple shooting: `shoot` runs every chunk from a guessed state and keeps only where
it ends and how that depends on where it began; a linear scan over the chunks corrects the guesses;
`run` runs every chunk once more, from states that are now right, and writes what it finds. With
one chunk per sequence, `run` is the plain loop over time as a kernel.

Backward, `fold_back` and `run_back` do the same for the gradient, which needs no guess.
"""

import jax
import jax.numpy as jnp

from ...scans import combine
from ...scans.pallas.kernels import identity, loop, start, zeros
from ...scans.pallas.layout import Layout, Tile
from .pointwise import Pointwise


def shoot(weights, u, h0, ends, P, gap, *, cell: Pointwise, layout: Layout):
    """The Jacobian P of every chunk, and by how much its end misses the state in `ends`.

    Without `ends` every chunk is started from `h0`, and its end compared with it.
    """
    tile = Tile(layout)
    a = constants(tile, weights)
    begin = start(tile, h0, ends, cell.state(0))

    def steps(group, carry):
        loaded = [load(step, u) for step in tile.steps(group)]
        state, done = carry
        for u_t in loaded:
            state, A_t = cell.linearised(a, state, u_t)
            done = A_t.after(done)
        return state, done

    nothing = identity(cell.maps(0), tile.shape)
    state, done = loop(layout.groups, steps, (begin, nothing))
    guess = begin
    if ends is not None:
        guess = jax.tree.map(lambda ref: tile.load(ref, tile.row), ends)
    missed = jax.tree.map(jnp.subtract, state, guess)
    jax.tree.map(lambda ref, x: tile.store(ref, tile.row, x), (P, gap), (done, missed))


def run(weights, u, h0, ends, h, *, cell: Pointwise, layout: Layout):
    """All states of every chunk, from `h0` or from the end of the chunk before it."""
    tile = Tile(layout)
    a = constants(tile, weights)

    def steps(group, state):
        for step, u_t in [(step, load(step, u)) for step in tile.steps(group)]:
            state = cell.step(a, state, u_t)
            jax.tree.map(step.store, h, state)
        return state

    loop(layout.groups, steps, start(tile, h0, ends, cell.state(0)))


def fold_back(weights, u, h0, h, g, P, e, *, cell: Pointwise, layout: Layout):
    """Every chunk, from its end to its start, as one map of the gradient that comes in."""
    tile = Tile(layout)
    a = constants(tile, weights)
    first = start(tile, h0, None, cell.state(0))

    def steps(group, done):
        loaded = [load_back(step, u, h, g, first) for step in tile.steps(group)]
        for u_t, before, g_t in loaded:
            A_t = cell.linearised(a, before, u_t)[1].transpose()
            done = combine(done, (A_t, A_t.apply(g_t)))
        return done

    nothing = identity(cell.maps(0), tile.shape), jax.tree.map(lambda _: zeros(tile), g)
    done = loop(layout.groups, steps, nothing)
    jax.tree.map(lambda ref, x: tile.store(ref, tile.row, x), (P, e), done)


def run_back(weights, u, h0, h, g, ends, d_u, d_a, d_h0, *, cell: Pointwise, layout: Layout):
    """The gradients of the inputs, and those of the weights summed over every chunk.

    The gradient of a state is what comes from its own use, `g`, and what comes from the next
    step: d_h. One `vjp` of the step hands it on.
    """
    tile = Tile(layout)
    a = constants(tile, weights)
    first = start(tile, h0, None, cell.state(0))

    def steps(group, carry):
        loaded = [(s, load_back(s, u, h, g, first)) for s in tile.steps(group)]
        d_h, total = carry
        for step, (u_t, before, g_t) in loaded:
            come = jax.tree.map(jnp.add, g_t, d_h)
            _, pull = jax.vjp(cell.step, a, before, u_t)
            by_a, by_h, by_u = pull(come)
            jax.tree.map(step.store, d_u, by_u)
            d_h = jax.tree.map(step.where, by_h, d_h)
            total = jax.tree.map(lambda t, x, s=step: t + s.where(x, 0.0), total, by_a)
        return d_h, total

    begin = start(tile, None, ends, g), jax.tree.map(lambda _: zeros(tile), a)
    d_h, total = loop(layout.groups, steps, begin)
    jax.tree.map(lambda ref, x: tile.store(ref, tile.row, x), d_a, total)
    last = tile.chunk == layout.chunks - 1  # its last step, going back, is step 1
    jax.tree.map(lambda ref, x: tile.store(ref, tile.sequence, x, last), d_h0, d_h)


def constants(tile: Tile, weights) -> tuple[jax.Array, ...]:
    """The weights of the tile's channels, in registers, a full tile each.

    A full tile, so that their gradients are sums over time alone, and no lane waits for another.
    """
    return tuple(tile.load(ref, tile.of_sequence(ref)) for ref in weights)


def load(step, tree):
    return jax.tree.map(step.load, tree)


def load_back(step, u, h, g, first):
    """The input of a step, the state before it, and the gradient of the state after it."""
    before = jax.tree.map(lambda ref: step.load(ref, 1), h)
    at_start = step.place == step.tile.layout.steps - 1
    before = jax.tree.map(lambda x, y: jnp.where(at_start, y, x), before, first)
    return load(step, u), before, load(step, g)
