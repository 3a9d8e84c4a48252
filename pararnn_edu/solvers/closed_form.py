"""A cell's own formula for its Jacobian, in the place of automatic differentiation.

A cell may define `jacobian(h, u)`, the derivative of `step(h, u)` with respect to `h`. What it
returns says its structure:

    diagonal    a tree like the state
    block       ((a11, a12), (a21, a22)), planes of the shape of the state's two leaves
    dense       one (n, n) matrix, for the state's leaves one after the other

or the same in the library's types: `pr.Diagonal`, `pr.Block2`, `pr.Dense`. It pays where the
formula shares work, as in a dense cell: one product of matrices in the place of n derivatives.

A formula can be wrong. The states cannot be: a solve is judged by its residual. Gradients
never use it. And outside `jax.jit` every solve compares it with a derivative.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from ..precision import widen
from ..scans import Block2, Dense, Diagonal, Structure


class ClosedForm(eqx.Module):
    """The Jacobian of one step by formula: (state, input) -> `Structure`."""

    formula: Callable
    structure: str = eqx.field(static=True)
    unravel: Callable | None = eqx.field(static=True, default=None)

    def __call__(self, h: PyTree, u: PyTree) -> Structure:
        state = h if self.unravel is None else self.unravel(h)
        maps = _typed(self.formula(state, u), state)[1]
        dtype = jax.tree.leaves(state)[0].dtype
        return jax.tree.map(lambda x: jnp.asarray(x).astype(dtype), maps)

    def on_vectors(self, unravel: Callable) -> "ClosedForm | None":
        """The same for states that are one vector, if that is a matrix."""
        return ClosedForm(self.formula, "dense", unravel) if self.structure == "dense" else None


def closed_form(cell, h: PyTree, u: PyTree, name: str) -> ClosedForm | None:
    """The closed form of a cell, or of the cell that a bound `step` belongs to, if any.

    **Raises** `ValueError` if what it returns fits no structure.
    """
    owner = getattr(cell, "__self__", cell)
    formula = getattr(owner, "jacobian", None)
    if not (isinstance(owner, eqx.Module) and callable(formula)):
        return None
    formula = widen(formula)
    out = jax.eval_shape(formula, h, u)
    found = _typed(out, h)
    if found is None:
        shapes = [leaf.shape for leaf in jax.tree.leaves(out)]
        raise ValueError(
            f"{name}: jacobian(h, u) must return a tree like the state (diagonal), "
            f"((a11, a12), (a21, a22)) (block) or an (n, n) matrix (dense); got {shapes} for "
            f"a state of {[leaf.shape for leaf in jax.tree.leaves(h)]}"
        )
    return ClosedForm(formula, found[0])


def _typed(out: PyTree, state: PyTree) -> tuple[str, Structure] | None:
    """The structure's name and type, from the shape of what a formula returned."""
    known = {Diagonal: "diagonal", Block2: "block", Dense: "dense"}
    if type(out) in known:
        return known[type(out)], out
    if jax.tree.structure(out) == jax.tree.structure(state) and _shapes(out) == _shapes(state):
        return "diagonal", Diagonal(out)
    leaves = jax.tree.leaves(state)
    pair = len(leaves) == 2 and leaves[0].shape == leaves[1].shape
    if pair and _shapes(out) == 4 * [leaves[0].shape]:
        return "block", Block2(*jax.tree.leaves(out))
    n = sum(leaf.size for leaf in leaves)
    if _shapes(out) == [(n, n)]:
        return "dense", Dense(jax.tree.leaves(out)[0])
    return None


def _shapes(tree: PyTree) -> list[tuple[int, ...]]:
    return [jnp.shape(leaf) for leaf in jax.tree.leaves(tree)]
