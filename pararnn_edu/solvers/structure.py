"""The structure of a cell's Jacobian, read off its own program.

The program is that of the forward derivative, J v: every number of v gets a label, and the
labels are pushed through its jaxpr. A value that depends on one label keeps it, one that
depends on several becomes `MANY`. If each output ends with its own label, J is diagonal. The
answer is sound: it may say "dense" of a Jacobian that happens to be sparser, never the other
way round, and it sees derivatives as JAX does, hand-written rules included. (Probing with
numbers is not sound: a relu that is off at the probed points hides its dependence.)
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from .dependence import NONE, propagate


def jacobian_structure(cell, state: PyTree, x: PyTree) -> str:
    """`"diagonal"`, `"block"` or `"dense"`: the structure of d cell(h, x) / d h.

    - `"diagonal"`: number i of the next state depends on number i of the state only, leaf by
      leaf.
    - `"block"`: the state has two leaves of one shape, and number i of both depends on number
      i of both: a 2x2 block per channel.
    - `"dense"`: anything else, or anything that cannot be ruled out.

    `state` and `x` are examples (arrays or `jax.ShapeDtypeStruct`); only shapes and dtypes
    matter. Costs two traces of the cell at most; nothing is run.
    """
    leaves = jax.tree.leaves(state)
    sizes = [int(np.prod(leaf.shape)) for leaf in leaves]
    offsets = np.cumsum([0, *sizes])
    own = [np.arange(o, o + n) for o, n in zip(offsets, sizes, strict=False)]
    if _keeps_labels(cell, state, x, own):
        return "diagonal"
    channels = [np.arange(n) for n in sizes]
    one_shape = len({leaf.shape for leaf in leaves}) == 1
    if len(leaves) == 2 and one_shape and _keeps_labels(cell, state, x, channels):
        return "block"
    return "dense"


def _keeps_labels(cell, state: PyTree, x: PyTree, labels: list[np.ndarray]) -> bool:
    """Whether every number of J v depends on the number of v with its own label at most."""

    def push(h, u, v):
        return jax.jvp(lambda h: cell(h, u), (h,), (v,))[1]

    jaxpr = jax.make_jaxpr(push)(state, x, state)
    own = [
        label.reshape(leaf.shape)
        for label, leaf in zip(labels, jax.tree.leaves(state), strict=True)
    ]
    free = [np.full(jnp.shape(leaf), NONE) for leaf in jax.tree.leaves((state, x))]
    outs = propagate(jaxpr.jaxpr, [*free, *own])
    return all(
        out.shape == label.shape and np.all((out == NONE) | (out == label))
        for out, label in zip(outs, own, strict=True)
    )
