"""The shape every cell shares: `cell(h, x) = cell.step(h, cell.project(x))`."""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree


class Cell(eqx.Module):
    """One step of a recurrence, split in two.

    `project(x)` is all that does not depend on the state. For a whole sequence it is one
    matrix product per gate, done outside the recurrence. `step(h, u)` is what is left.

    Inputs are single and unbatched: `x` is `(input_size,)`; use `jax.vmap` for batches.
    """

    input_size: eqx.AbstractVar[int]
    state_size: eqx.AbstractVar[int]

    @abc.abstractmethod
    def project(self, x: Float[Array, " m"]) -> PyTree[Float[Array, " d"]]:
        """The input's share of every gate: one `(state_size,)` plane per gate."""

    @abc.abstractmethod
    def step(self, h: PyTree[Float[Array, " d"]], u: PyTree) -> PyTree[Float[Array, " d"]]:
        """The next state from the state `h` and the projected input `u`."""

    def initial_state(self) -> PyTree[Float[Array, " d"]]:
        """The zero state, in the dtype of the weights."""
        return jnp.zeros(self.state_size, self.dtype)

    @property
    def dtype(self) -> jnp.dtype:
        """The dtype of the weights."""
        return jnp.result_type(*jax.tree.leaves(eqx.filter(self, eqx.is_inexact_array)))

    def __call__(self, h: PyTree, x: Float[Array, " m"]) -> PyTree:
        if jnp.shape(x) != (self.input_size,):
            raise ValueError(
                f"{type(self).__name__} takes one input of shape ({self.input_size},), "
                f"got {jnp.shape(x)}. Use jax.vmap over batches and pr.unroll over time."
            )
        return self.step(h, self.project(x))


def split_cell(cell: Callable, xs: PyTree) -> tuple[Callable, PyTree]:
    """`(step, inputs)` with the inputs projected once, outside the recurrence.

    A callable that is no `Cell` is returned as it is, with its inputs untouched.
    """
    if not isinstance(cell, Cell):
        return cell, xs
    shape = getattr(xs, "shape", None)
    if shape is None or len(shape) != 2 or shape[1] != cell.input_size:
        got = shape if shape is not None else type(xs).__name__
        raise ValueError(
            f"{type(cell).__name__} takes a sequence xs of shape (T, input_size) = "
            f"(T, {cell.input_size}), got {got}. Batches go through jax.vmap; inputs that are "
            "already projected go with `cell.step`."
        )
    return cell.step, jax.vmap(cell.project)(xs)
