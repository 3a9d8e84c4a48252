"""Three ways to run h_t = A_t h_{t-1} + b_t with XLA, from h = 0, for any structure of A; and the
door to the Pallas kernels.

The three take maps `A` and a tree `b` with a leading time axis, T >= 1, and return the states in
the tree of `b`. The initial state is already folded into `b`.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from .affine import Block2, Diagonal, Identity, Structure, Zero, combine


def sequential(A: Structure, b: PyTree, reverse: bool = False) -> PyTree:
    """One step after the other: work T, depth T. The fastest form on a CPU."""

    def step(h, affine):
        A_t, b_t = affine
        h = jax.tree.map(jnp.add, A_t.apply(h), b_t)
        return h, h

    start = jax.tree.map(lambda x: jnp.zeros_like(x[0]), b)
    return lax.scan(step, start, (A, b), reverse=reverse)[1]


def sequential_transposed(
    A: Structure, g: PyTree, reverse: bool = False, start: PyTree | None = None
) -> tuple[PyTree, PyTree]:
    """l_t = g_t + A_{t+1}^T l_{t+1}, the transpose of `sequential` with the same arguments.

    One step after the other, and no copy of A moved by a step. `start` stands for
    A_{T+1}^T l_{T+1}; returned are A_1^T l_1 and all l.
    """

    def step(sent, point):
        A_t, g_t = point
        total = jax.tree.map(jnp.add, g_t, sent)
        return A_t.transpose().apply(total), total

    start = jax.tree.map(lambda x: jnp.zeros_like(x[0]), g) if start is None else start
    return lax.scan(step, start, (A, g), reverse=not reverse)


def associative(A: Structure, b: PyTree, reverse: bool = False) -> PyTree:
    """`lax.associative_scan` over composed affine maps: depth about 2 log2 T."""
    return lax.associative_scan(combine, (A, b), reverse=reverse)[1]


def chunked(A: Structure, b: PyTree, reverse: bool = False) -> PyTree:
    """Fold each chunk to one affine map, scan the few maps, replay each chunk from its carry.

    All chunks advance together, as lanes of one vector. Depth about 3 sqrt(T), and a program
    whose size does not depend on T.
    """
    if reverse:
        flipped = jax.tree.map(lambda x: jnp.flip(x, 0), (A, b))
        return jax.tree.map(lambda x: jnp.flip(x, 0), chunked(*flipped))
    steps = jax.tree.leaves(b)[0].shape[0]
    size = max(1, round(steps**0.5))
    lanes = jax.tree.map(lambda x: _to_lanes(x, size), (A, b))
    first = jax.tree.map(lambda x: x[0], lanes)
    rest = jax.tree.map(lambda x: x[1:], lanes)
    fold, _ = lax.scan(lambda done, step: (combine(done, step), None), first, rest)
    ends = sequential(*fold)  # the state at the end of every chunk
    carry = jax.tree.map(lambda e: jnp.concatenate([jnp.zeros_like(e[:1]), e[:-1]]), ends)

    def step(h, affine):
        A_t, b_t = affine
        h = jax.tree.map(jnp.add, A_t.apply(h), b_t)
        return h, h

    states = lax.scan(step, carry, lanes)[1]
    return jax.tree.map(lambda x: _from_lanes(x, steps), states)


def _to_lanes(x: jax.Array, size: int) -> jax.Array:
    """(T, ...) to (size, chunks, ...), padded with zeros at the end."""
    chunks = -(-x.shape[0] // size)
    padding = [(0, chunks * size - x.shape[0])] + [(0, 0)] * (x.ndim - 1)
    return jnp.swapaxes(jnp.pad(x, padding).reshape(chunks, size, *x.shape[1:]), 0, 1)


def _from_lanes(x: jax.Array, steps: int) -> jax.Array:
    return jnp.swapaxes(x, 0, 1).reshape(-1, *x.shape[2:])[:steps]


def run(backend: str, A: Structure, b: PyTree, reverse: bool = False) -> PyTree:
    """Runs the named backend; the structures that need no scan are done directly."""
    if isinstance(A, Zero):
        return b
    if isinstance(A, Identity):
        return jax.tree.map(lambda x: lax.cumsum(x, axis=0, reverse=reverse), b)
    return BACKENDS[backend](A, b, reverse)


BACKENDS: dict[str, Callable] = {
    "sequential": sequential,
    "associative": associative,
    "chunked": chunked,
}


KERNEL_DTYPES = ("float32", "bfloat16", "float16")


def kernels_suit(A: Structure, b: PyTree) -> bool:
    """Whether there are kernels for maps of this structure and numbers of these dtypes."""
    leaves = jax.tree.leaves((A, b))
    known = isinstance(A, Diagonal | Block2)
    return known and all(leaf.dtype.name in KERNEL_DTYPES for leaf in leaves)


def _kernels(interpret: bool, A: Structure, b: PyTree, h0: PyTree | None, reverse: bool) -> PyTree:
    """The Pallas kernels. They take `h0` as it is, and bring their own derivatives."""
    if not kernels_suit(A, b):
        got = sorted({leaf.dtype.name for leaf in jax.tree.leaves((A, b))})
        raise ValueError(
            f"the Pallas kernels are for diagonal and 2x2-block matrices of {KERNEL_DTYPES}, got "
            f"{type(A).__name__} of {got}. Use backend 'auto', 'associative' or 'sequential'."
        )
    from .pallas import recur  # Pallas takes a second to import, and few need it

    return recur(A, b, h0, reverse, interpret)


KERNELS: dict[str, Callable] = {
    "pallas": functools.partial(_kernels, False),
    "interpret": functools.partial(_kernels, True),
}
