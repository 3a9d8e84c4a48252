"""Arrays into a kernel and out of it."""

import functools

import jax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import PyTree

from .layout import Layout


def launch(kernel: functools.partial, out: tuple, layout: Layout, interpret: bool, prefix: str):
    """The kernel as a function of arrays; every program sees all of every array.

    `kernel` is a `functools.partial` of a kernel with its sizes; `out` is a tuple of the trees of
    shapes that it writes, one for each of its last arguments.
    """
    return pl.pallas_call(
        kernel,
        out_shape=out,
        grid=layout.grid,
        interpret=interpret,
        compiler_params=triton.CompilerParams(num_warps=1, num_stages=1),
        name=f"{prefix}_{kernel.func.__name__}",
    )


def lines(tree: PyTree) -> PyTree:
    """Leaves `(batch, T, d)` as tables of lines; leaves `(batch, d)` are ones already."""
    return jax.tree.map(lambda x: x.reshape(-1, x.shape[-1]), tree)


def by_sequence(tree: PyTree, layout: Layout) -> PyTree:
    """Tables of lines as leaves `(batch, lines of a sequence, d)`."""
    return jax.tree.map(lambda x: x.reshape(layout.batch, -1, layout.channels), tree)
