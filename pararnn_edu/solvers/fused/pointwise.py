"""Cells whose step is done number by number, so that one lane of a kernel can hold a channel."""

from types import SimpleNamespace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from ...cells import Cell, LSTMState, ParaGRU, ParaLSTM
from ...scans import Block2, Diagonal, Structure

# The weights that act on the state, one number per channel each.
WEIGHTS = {
    ParaGRU: ("a_z", "a_r", "a_n"),
    ParaLSTM: ("a_f", "a_g", "a_o", "p_f", "p_o"),
}


class Pointwise(NamedTuple):
    """A cell without its numbers, known when a kernel is traced: it runs the cell's own `step`.

    What the kernel does not see are the products with the inputs; `cell.project` does them for
    all steps at once, and XLA does them best.
    """

    cell: type[Cell]

    def step(self, weights: tuple, h: PyTree, u: tuple) -> PyTree:
        """The next state; everything is a tile of numbers."""
        names = WEIGHTS[self.cell]
        return self.cell.step(SimpleNamespace(**dict(zip(names, weights, strict=True))), h, u)

    def linearised(self, weights: tuple, h: PyTree, u: tuple) -> tuple[PyTree, Structure]:
        """The next state and the Jacobian of the step: one derivative for each plane of it."""
        ones, zeros = (jax.tree.map(f, h) for f in (jnp.ones_like, jnp.zeros_like))
        push = lambda tangent: jax.jvp(lambda h: self.step(weights, h, u), (h,), (tangent,))
        if not isinstance(h, LSTMState):
            new, diagonal = push(ones)
            return new, Diagonal(diagonal)
        new, (a11, a21) = push(LSTMState(ones.c, zeros.h))
        _, (a12, a22) = push(LSTMState(zeros.c, ones.h))
        return new, Block2(a11, a12, a21, a22)

    def state(self, plane) -> PyTree:
        """The tree of a state, with `plane` in every place."""
        return LSTMState(plane, plane) if self.cell is ParaLSTM else plane

    def maps(self, plane) -> Structure:
        """The tree of a Jacobian, with `plane` in every place."""
        return Block2(*[plane] * 4) if self.cell is ParaLSTM else Diagonal(plane)


def weights_of(cell: Cell) -> tuple[jax.Array, ...]:
    return tuple(getattr(cell, name) for name in WEIGHTS[type(cell)])
