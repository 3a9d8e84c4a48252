"""Stretches of a sequence that fit the cache of a CPU, one after the other.

A step needs several numbers for each state. Where a pass over a long sequence keeps them all, it
spends its time fetching them from memory; over one tile after the other it finds them in the
cache. Nothing is approximated: a tile begins where the last one ended.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from .problem import Problem

# Numbers of one array of the state in a tile, over all sequences of a batch: 512 KiB in float32.
# On two cores half or twice as many take about as long.
TILE = 2**17


def tile_length(problem: Problem, batch: int = 1) -> int | None:
    """The steps in a tile; None where the sequence is not worth cutting."""
    width = max(leaf.size for leaf in jax.tree.leaves(problem.h0))
    size = max(1, TILE // max(1, width * batch))
    return size if problem.length >= 2 * size else None


def cut(tree: PyTree, start, size: int) -> PyTree:
    """`size` rows of every array, from row `start`."""
    return jax.tree.map(lambda x: lax.dynamic_slice_in_dim(x, start, size), tree)


def put(tree: PyTree, rows: PyTree, start) -> PyTree:
    """Every array with `rows` in the place of those from row `start`."""
    place = lambda x, new: lax.dynamic_update_slice_in_dim(x, new, start, 0)
    return jax.tree.map(place, tree, rows)


def unroll_by_tiles(problem: Problem, size: int) -> PyTree:
    """The states, one step after the other, for a batch under `jax.vmap`.

    `lax.scan` wants the batch behind the time axis, and turns all inputs and states around; here
    that is done tile by tile.
    """
    whole, rest = divmod(problem.length, size)

    def tile(start, size, carry):
        h, states = carry
        found = problem.restricted(cut(problem.inputs, start, size), h).unroll()
        return jax.tree.map(lambda x: x[-1], found), put(states, found, start)

    empty = lambda h: jnp.zeros((problem.length, *h.shape), h.dtype)
    carry = problem.h0, jax.tree.map(empty, problem.h0)
    carry = lax.fori_loop(0, whole, lambda i, carry: tile(i * size, size, carry), carry)
    return tile(whole * size, rest, carry)[1] if rest else carry[1]
