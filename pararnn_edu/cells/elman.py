"""The simple recurrent network of Elman (1990)."""

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from .cell import Cell
from .weights import check_sizes, matvec, uniform


class Elman(Cell):
    """`h' = tanh(U h + W x + b)`: state `(state_size,)`, dense Jacobian."""

    U: Float[Array, "d d"]
    W: Float[Array, "d m"]
    b: Float[Array, " d"]
    input_size: int = eqx.field(static=True)
    state_size: int = eqx.field(static=True)

    def __init__(self, input_size: int, state_size: int, *, key: PRNGKeyArray, dtype=jnp.float32):
        check_sizes("Elman", input_size, state_size)
        self.input_size, self.state_size = input_size, state_size
        u_key, w_key = jr.split(key)
        self.U = uniform(u_key, (state_size, state_size), state_size, dtype)
        self.W = uniform(w_key, (state_size, input_size), state_size, dtype)
        self.b = jnp.zeros(state_size, dtype)

    def project(self, x: Float[Array, " m"]) -> Float[Array, " d"]:
        return matvec(self.W, x) + self.b

    def step(self, h: Float[Array, " d"], u: Float[Array, " d"]) -> Float[Array, " d"]:
        return jnp.tanh(matvec(self.U, h) + u)

    def jacobian(self, h: Float[Array, " d"], u: Float[Array, " d"]) -> Float[Array, "d d"]:
        """d step / d h = diag(1 - h'^2) U."""
        return (1 - self.step(h, u) ** 2)[:, None] * self.U
