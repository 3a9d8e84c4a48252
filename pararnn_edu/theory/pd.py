"""Permutation-diagonal matrices: at most one number in each column, products in O(n)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array


class PD(NamedTuple):
    """The matrix P diag(w): the number at place j is multiplied by w_j and goes to place t_j.

    - `targets`: t, integers `(..., n)`; column j of P has its only 1 in row t_j.
    - `weights`: w, numbers `(..., n)`.

    If no two targets agree, P is a permutation: *permutation-diagonal* in the narrow sense. If
    targets may agree, numbers that meet are added: *column-one-hot* P, the wide sense, which
    automata that forget need. Both are closed under products. Arrays may be jax's, or numpy's
    with dtype object for exact rationals.
    """

    targets: Array
    weights: Array

    def after(self, earlier: "PD") -> "PD":
        """The product self times earlier (earlier acts first): n look-ups, n multiplications."""
        take = jnp.take_along_axis if _is_jax(self, earlier) else np.take_along_axis
        at = earlier.targets
        return PD(take(self.targets, at, -1), take(self.weights, at, -1) * earlier.weights)

    def apply(self, h: Array) -> Array:
        """P diag(w) h for one map and one state, both `(n,)`."""
        moved = self.weights * h
        if _is_jax(self) or isinstance(h, jax.Array):
            return jnp.zeros_like(moved).at[self.targets].add(moved)
        out = 0 * moved
        np.add.at(out, self.targets, moved)
        return out

    def matrix(self) -> Array:
        """The n x n matrix itself, of one map."""
        n = len(self.weights)
        if _is_jax(self):
            return (
                jnp.zeros((n, n), self.weights.dtype)
                .at[self.targets, jnp.arange(n)]
                .set(self.weights)
            )
        out = np.zeros((n, n), self.weights.dtype)
        out[self.targets, np.arange(n)] = self.weights
        return out

    @property
    def permutes(self) -> bool:
        """Whether P is a permutation, of one map."""
        return len(set(np.asarray(self.targets).tolist())) == len(self.targets)


def pd_from_matrix(matrix) -> PD:
    """A matrix with at most one number in each column, taken apart.

    A column of zeros becomes weight 0 with its own place as the target. **Raises** `ValueError`
    naming a column with two numbers.
    """
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"expected a square matrix, got shape {matrix.shape}")
    filled = matrix != 0
    crowded = np.flatnonzero(filled.sum(0) > 1)
    if crowded.size:
        j = crowded[0]
        raise ValueError(
            f"column {j} holds {filled[:, j].sum()} numbers other than 0; P diag(w) allows one"
        )
    places = np.arange(len(matrix))
    targets = np.where(filled.any(0), np.argmax(filled, axis=0), places)
    return PD(targets, matrix[targets, places])


def pd_states(maps: PD, h0: Array) -> Array:
    """h_t = P_t diag(w_t) h_{t-1} for all t by a parallel scan: O(T n) work, depth about 2 log T.

    `maps` holds T maps, targets and weights `(T, n)`; `h0` is `(n,)`; the result `(T, n)`.
    """
    return _pd_states(PD(jnp.asarray(maps.targets), jnp.asarray(maps.weights)), jnp.asarray(h0))


@jax.jit
def _pd_states(maps: PD, h0: Array) -> Array:
    prefixes = lax.associative_scan(lambda earlier, later: later.after(earlier), maps)
    return jax.vmap(PD.apply, (0, None))(prefixes, h0)


def _is_jax(*maps: PD) -> bool:
    return any(isinstance(x, jax.Array) for m in maps for x in m)
