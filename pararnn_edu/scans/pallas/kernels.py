"""The two kernels of a parallel scan, h_t = A_t h_{t-1} + b_t.

`fold` makes one affine map of every chunk; `replay` runs every chunk from the state that it starts
with. In between, the folded maps are a recurrence of their own, many times shorter. All chunks
are at work at the same time, and inside a chunk nothing is exchanged between lanes.

The structure of A, `Diagonal` or `Block2`, brings its own algebra along (`affine.py`): here `A` is
one whose leaves are references to memory, and a step's `A` is one whose leaves are tiles of
numbers in registers. The sums are taken in float32.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..affine import Block2, Diagonal, Structure, combine
from .layout import Layout, Step, Tile


def fold(A, b, P, e, *, layout: Layout, late: bool):
    """Every chunk as one map h -> P h + e, from the state before it to its last state."""
    tile = Tile(layout)

    def steps(group, done):
        for affine in [load(step, A, b, late) for step in tile.steps(group)]:
            done = combine(done, affine)
        return done

    nothing = identity(A, tile.shape), jax.tree.map(lambda _: zeros(tile), b)
    done = loop(layout.groups, steps, nothing)
    jax.tree.map(lambda ref, x: tile.store(ref, tile.row, x), (P, e), done)


def replay(A, b, h0, ends, h, *, layout: Layout, late: bool):
    """Every chunk from its first state: `h0`, or the end of the chunk before it."""
    tile = Tile(layout)

    def steps(group, state):
        loaded = [(step, load(step, A, b, late)) for step in tile.steps(group)]
        for step, (A_t, b_t) in loaded:
            state = jax.tree.map(jnp.add, A_t.apply(state), b_t)
            jax.tree.map(step.store, h, state)
        return state

    loop(layout.groups, steps, start(tile, h0, ends, b))


def load(step: Step, A: Structure, b, late: bool) -> tuple[Structure, object]:
    """The affine map of one step. `late` is for the adjoint: A of the step before, transposed."""
    A_t = jax.tree.map(lambda ref: step.load(ref, -1 if late else 0), A)
    b_t = jax.tree.map(step.load, b)
    return (A_t.transpose() if late else A_t), b_t


def start(tile: Tile, h0, ends, like):
    """The state before each row's chunk: `ends` of the chunk before it; for the first, `h0`.

    `ends` has a line for every chunk of a sequence but the last. Either may be None, for zero.
    """
    state = jax.tree.map(lambda _: zeros(tile), like)
    if ends is not None:
        before = jax.tree.leaves(ends)[0].shape[0] // tile.layout.batch
        line = tile.sequence * before + tile.chunk - 1
        state = jax.tree.map(lambda ref: tile.load(ref, line, tile.chunk > 0), ends)
    if h0 is not None:
        first = [tile.chunk == 0] if ends is not None else []
        begin = jax.tree.map(lambda ref: tile.load(ref, tile.of_sequence(ref), *first), h0)
        state = jax.tree.map(jnp.add, state, begin)  # one of the two is 0
    return state


def zeros(tile: Tile) -> jax.Array:
    return jnp.zeros(tile.shape, jnp.float32)


@functools.singledispatch
def identity(A: Structure, shape: tuple[int, int]) -> Structure:
    """The map of no steps, in the structure of A."""
    raise TypeError(f"no kernel for {type(A).__name__}")


@identity.register
def _(A: Diagonal, shape):
    return Diagonal(jnp.ones(shape, jnp.float32))


@identity.register
def _(A: Block2, shape):
    one, zero = jnp.ones(shape, jnp.float32), jnp.zeros(shape, jnp.float32)
    return Block2(one, zero, zero, one)


def loop(turns: int, body, state):
    """A loop with a 32-bit counter, whatever `jax_enable_x64` says."""
    return lax.fori_loop(np.int32(0), np.int32(turns), body, state)
