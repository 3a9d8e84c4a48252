"""Random linear recurrences of every structure, for the oracle (numpy) and the library (JAX)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import pararnn_edu as pr

WIDTH = 3
STRUCTURES = ["diagonal", "dense", "block"]
BACKENDS = ["sequential", "associative", "chunked", "auto"]


class Recurrence(NamedTuple):
    """A, b, h0 and a gradient g of the states; `block` holds planes in tuples."""

    A: object
    b: object
    h0: object
    g: object

    def in_jax(self, dtype=jnp.float64):
        """(A, b, h0, g) as the library takes them."""
        A, b, h0, g = jax.tree.map(lambda a: jnp.asarray(a, dtype), tuple(self))
        return (pr.Block2(*A) if isinstance(A, tuple) else A), b, h0, g

    def rounded(self, dtype):
        """The same problem with every number exact in `dtype`."""
        return Recurrence(
            *jax.tree.map(lambda a: np.asarray(jnp.asarray(a, dtype), np.float64), tuple(self))
        )


def recurrence(structure, T, seed=0, size=1.0, d=WIDTH):
    """A seeded problem. Products of the A_t neither explode nor die: their norms stay near
    `size`**T, so that an error made early is still there at the end."""
    rng = np.random.default_rng([seed, T])

    def vector(*shape):
        return rng.normal(size=shape)

    if structure == "diagonal":
        A = size * rng.choice([-1.0, 1.0], size=(T, d)) * rng.uniform(0.97, 1.0, size=(T, d))
        return Recurrence(A, vector(T, d), vector(d), vector(T, d))
    if structure == "dense":
        A = size * np.linalg.qr(vector(T, d, d))[0] if T else np.zeros((0, d, d))
        return Recurrence(A, vector(T, d), vector(d), vector(T, d))
    angle, squeeze = rng.uniform(0, 6, size=(T, d)), rng.uniform(0.6, 1.4, size=(T, d))
    a, b = size * np.cos(angle), size * np.sin(angle)
    A = (a, -b * squeeze, b / squeeze, a)  # a rotation seen through a skewed pair of axes
    return Recurrence(
        A, (vector(T, d), vector(T, d)), (vector(d), vector(d)), (vector(T, d), vector(T, d))
    )


def structured(M, structure, d=WIDTH):
    """The part of (T, n, n) gradients that the structure has room for, in its own form."""
    if structure == "dense":
        return M
    diagonal = np.einsum("tii->ti", M) if M.shape[1] == d else None
    if structure == "diagonal":
        return diagonal
    blocks = M[:, :d, :d], M[:, :d, d:], M[:, d:, :d], M[:, d:, d:]
    return tuple(np.einsum("tii->ti", m) for m in blocks)


def planes(v, structure, d=WIDTH):
    """(..., 2d) split into the pair of planes for `block`; else unchanged."""
    return (v[..., :d], v[..., d:]) if structure == "block" else v
