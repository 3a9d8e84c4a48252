"""The gated recurrent unit of Cho et al. (2014)."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jax.nn import sigmoid
from jaxtyping import Array, Float, PRNGKeyArray

from .cell import Cell
from .weights import check_sizes, matvec, uniform


class GRU(Cell):
    """A gated recurrent unit: state `(state_size,)`, dense Jacobian.

        z  = sigmoid(U_z h + W_z x + b_z)          how much to replace
        r  = sigmoid(U_r h + W_r x + b_r)          how much of the past the candidate sees
        n  = tanh(U_n (r * h) + W_n x + b_n)       the candidate
        h' = (1 - z) * h + z * n

    Source: Cho et al. (2014), with biases and with z and 1 - z exchanged.
    """

    U_z: Float[Array, "d d"]
    U_r: Float[Array, "d d"]
    U_n: Float[Array, "d d"]
    W_z: Float[Array, "d m"]
    W_r: Float[Array, "d m"]
    W_n: Float[Array, "d m"]
    b_z: Float[Array, " d"]
    b_r: Float[Array, " d"]
    b_n: Float[Array, " d"]
    input_size: int = eqx.field(static=True)
    state_size: int = eqx.field(static=True)

    def __init__(self, input_size: int, state_size: int, *, key: PRNGKeyArray, dtype=jnp.float32):
        check_sizes("GRU", input_size, state_size)
        self.input_size, self.state_size = input_size, state_size
        keys = jr.split(key, 6)
        square, wide = (state_size, state_size), (state_size, input_size)
        self.U_z, self.U_r, self.U_n = (uniform(k, square, state_size, dtype) for k in keys[:3])
        self.W_z, self.W_r, self.W_n = (uniform(k, wide, state_size, dtype) for k in keys[3:])
        self.b_z = self.b_r = self.b_n = jnp.zeros(state_size, dtype)

    def project(self, x: Float[Array, " m"]) -> tuple[Float[Array, " d"], ...]:
        return (
            matvec(self.W_z, x) + self.b_z,
            matvec(self.W_r, x) + self.b_r,
            matvec(self.W_n, x) + self.b_n,
        )

    def step(self, h: Float[Array, " d"], u: tuple[Float[Array, " d"], ...]) -> Float[Array, " d"]:
        u_z, u_r, u_n = u
        z = sigmoid(matvec(self.U_z, h) + u_z)
        r = sigmoid(matvec(self.U_r, h) + u_r)
        n = jnp.tanh(matvec(self.U_n, r * h) + u_n)
        return (1 - z) * h + z * n

    def jacobian(self, h: Float[Array, " d"], u: tuple) -> Float[Array, "d d"]:
        """d step / d h: a sum of scaled weights, and one product of two matrices."""
        u_z, u_r, u_n = u
        z = sigmoid(matvec(self.U_z, h) + u_z)
        r = sigmoid(matvec(self.U_r, h) + u_r)
        n = jnp.tanh(matvec(self.U_n, r * h) + u_n)
        d_reset = jnp.diag(r) + (h * r * (1 - r))[:, None] * self.U_r
        by_gate = ((n - h) * z * (1 - z))[:, None] * self.U_z
        by_candidate = (z * (1 - n**2))[:, None] * matvec(self.U_n, d_reset)
        return jnp.diag(1 - z) + by_gate + by_candidate
