"""Affine maps h -> A h + b, by the structure of A.

A linear recurrence is a chain of affine maps, and chains of maps can be composed in any
grouping: that is what makes them parallel. What a composition costs depends on the structure
of A alone, so the structure is a type:

    structure   stored             compose, each step
    Zero        nothing            nothing
    Identity    nothing            d additions
    Diagonal    d numbers          2 d multiplications
    Block2      4 numbers          12 multiplications for each channel of two numbers
    Dense       d x d numbers      d^3 + d^2 multiplications

Every array may carry leading axes (time, chunks), shared by all arrays of a map.
"""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact, PyTree

# Reduced-precision (TF32) products, the default on recent GPUs, would cost Newton its
# convergence: its corrections are differences of nearly equal numbers.
HIGHEST = jax.lax.Precision.HIGHEST


class Structure(eqx.Module):
    """A linear map, or one for every step along a leading axis."""

    @abc.abstractmethod
    def apply(self, h: PyTree) -> PyTree:
        """A h."""

    @abc.abstractmethod
    def after(self, earlier: "Structure") -> "Structure":
        """The product A B for an `earlier` map B of the same structure."""

    @abc.abstractmethod
    def transpose(self) -> "Structure":
        """The transposed map."""

    def scale(self, factor: float) -> "Structure":
        """The map multiplied by a number."""
        return jax.tree.map(lambda a: factor * a, self)


class Zero(Structure):
    """A = 0: nothing is carried from one step to the next."""

    def apply(self, h):
        return jax.tree.map(jnp.zeros_like, h)

    def after(self, earlier):
        return self

    def transpose(self):
        return self


class Identity(Structure):
    """A = I: the recurrence is a running sum."""

    def apply(self, h):
        return h

    def after(self, earlier):
        return self

    def transpose(self):
        return self

    def scale(self, factor):
        raise TypeError("Identity stores no numbers to scale; use Diagonal")


class Diagonal(Structure):
    """A = diag(a): `a` has the shape of the state (and its tree, if the state is a tree)."""

    a: PyTree[Inexact[Array, "..."]]

    def apply(self, h):
        return jax.tree.map(jnp.multiply, self.a, h)

    def after(self, earlier):
        return Diagonal(self.apply(earlier.a))

    def transpose(self):
        return self


class Block2(Structure):
    """A 2x2 matrix for each channel, for states of two planes (p, q):

        p' = a11 p + a12 q
        q' = a21 p + a22 q

    Four separate planes, each of the shape of p: layout decides speed.
    """

    a11: Inexact[Array, "..."]
    a12: Inexact[Array, "..."]
    a21: Inexact[Array, "..."]
    a22: Inexact[Array, "..."]

    def apply(self, h):
        (p, q), tree = jax.tree.flatten(h)
        new = (self.a11 * p + self.a12 * q, self.a21 * p + self.a22 * q)
        return jax.tree.unflatten(tree, new)

    def after(self, earlier):
        first = self.apply((earlier.a11, earlier.a21))  # the columns of the product
        second = self.apply((earlier.a12, earlier.a22))
        return Block2(first[0], second[0], first[1], second[1])

    def transpose(self):
        return Block2(self.a11, self.a21, self.a12, self.a22)


class Dense(Structure):
    """A full matrix: `matrix` is `(..., d, d)`, states are vectors `(..., d)`."""

    matrix: Inexact[Array, "... d d"]

    def apply(self, h):
        return jnp.einsum("...ij,...j->...i", self.matrix, h, precision=HIGHEST)

    def after(self, earlier):
        return Dense(jnp.matmul(self.matrix, earlier.matrix, precision=HIGHEST))

    def transpose(self):
        return Dense(jnp.swapaxes(self.matrix, -1, -2))


Affine = tuple[Structure, Any]


def combine(earlier: Affine, later: Affine) -> Affine:
    """The affine map that applies `earlier` first: (A2, b2) o (A1, b1) = (A2 A1, A2 b1 + b2).

    Associative, which is all that a parallel scan asks for (Blelloch 1990, section 1.4.1).
    """
    A1, b1 = earlier
    A2, b2 = later
    return A2.after(A1), jax.tree.map(jnp.add, A2.apply(b1), b2)
