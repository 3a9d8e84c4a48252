"""Many small linear systems at once, without LAPACK.

`jnp.linalg.solve` would do, were it not for its CPU kernel: it splits a batch over XLA's threads
and waits for them. Where two independent ones run at the same time on two cores, each can hold
the thread that the other waits for, and a solve hangs for ever (seen with jaxlib 0.10.2, in the
loop of ELK). Plain array operations cannot.
"""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


def solve(A: Float[Array, "... n n"], B: Float[Array, "... n m"]) -> Float[Array, "... n m"]:
    """X with A X = B, by Gauss-Jordan elimination with row pivoting.

    O(n^3) work for each system, n steps one after the other, each a rank-one update of all.
    Infinities and NaN in a system stay in that system.
    """
    n, shape = A.shape[-1], jnp.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    rows = lax.broadcasted_iota(jnp.int32, (*shape, n, 1), len(shape))

    def eliminate(k, M):
        column = lax.dynamic_index_in_dim(M, k, axis=-1)
        candidates = jnp.where(rows >= k, jnp.abs(column), -1)
        best = jnp.argmax(candidates, axis=-2, keepdims=True)
        pivot = jnp.take_along_axis(M, best, axis=-2)
        pivot = pivot / lax.dynamic_index_in_dim(pivot, k, axis=-1)
        displaced = lax.dynamic_index_in_dim(M, k, axis=-2)
        M = jnp.where(rows == best, displaced, M)
        factor = lax.dynamic_index_in_dim(M, k, axis=-1)
        return jnp.where(rows == k, pivot, M - factor * pivot)

    wide = [jnp.broadcast_to(x, shape + x.shape[-2:]) for x in (A, B)]
    return lax.fori_loop(0, n, eliminate, jnp.concatenate(wide, axis=-1))[..., n:]
