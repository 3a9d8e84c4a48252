"""The long short-term memory of Hochreiter and Schmidhuber (1997), with a forget gate."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jax.nn import sigmoid
from jaxtyping import Array, Float, PRNGKeyArray

from .cell import Cell
from .weights import check_sizes, matvec, uniform


class LSTMState(NamedTuple):
    """The memory `c` and the output `h`, two planes of shape `(state_size,)`."""

    c: Float[Array, "*t d"]
    h: Float[Array, "*t d"]


class LSTM(Cell):
    """Long short-term memory: state `LSTMState(c, h)`, dense Jacobian.

        i, f, o = sigmoid(U h + W x + b), a matrix pair and a bias for each gate
        g       = tanh(U_g h + W_g x + b_g)
        c'      = f * c + i * g
        h'      = o * tanh(c')

    Source: Hochreiter and Schmidhuber (1997); forget gate of Gers et al. (2000), whose bias
    starts at 1.
    """

    U_i: Float[Array, "d d"]
    U_f: Float[Array, "d d"]
    U_g: Float[Array, "d d"]
    U_o: Float[Array, "d d"]
    W_i: Float[Array, "d m"]
    W_f: Float[Array, "d m"]
    W_g: Float[Array, "d m"]
    W_o: Float[Array, "d m"]
    b_i: Float[Array, " d"]
    b_f: Float[Array, " d"]
    b_g: Float[Array, " d"]
    b_o: Float[Array, " d"]
    input_size: int = eqx.field(static=True)
    state_size: int = eqx.field(static=True)

    def __init__(self, input_size: int, state_size: int, *, key: PRNGKeyArray, dtype=jnp.float32):
        check_sizes("LSTM", input_size, state_size)
        self.input_size, self.state_size = input_size, state_size
        keys = jr.split(key, 8)
        square, wide = (state_size, state_size), (state_size, input_size)
        self.U_i, self.U_f, self.U_g, self.U_o = (
            uniform(k, square, state_size, dtype) for k in keys[:4]
        )
        self.W_i, self.W_f, self.W_g, self.W_o = (
            uniform(k, wide, state_size, dtype) for k in keys[4:]
        )
        self.b_i = self.b_g = self.b_o = jnp.zeros(state_size, dtype)
        self.b_f = jnp.ones(state_size, dtype)

    def initial_state(self) -> LSTMState:
        zeros = jnp.zeros(self.state_size, self.dtype)
        return LSTMState(zeros, zeros)

    def project(self, x: Float[Array, " m"]) -> tuple[Float[Array, " d"], ...]:
        return (
            matvec(self.W_i, x) + self.b_i,
            matvec(self.W_f, x) + self.b_f,
            matvec(self.W_g, x) + self.b_g,
            matvec(self.W_o, x) + self.b_o,
        )

    def step(self, state: LSTMState, u: tuple[Float[Array, " d"], ...]) -> LSTMState:
        c, h = state
        u_i, u_f, u_g, u_o = u
        i = sigmoid(matvec(self.U_i, h) + u_i)
        f = sigmoid(matvec(self.U_f, h) + u_f)
        g = jnp.tanh(matvec(self.U_g, h) + u_g)
        o = sigmoid(matvec(self.U_o, h) + u_o)
        c = f * c + i * g
        return LSTMState(c, o * jnp.tanh(c))

    def jacobian(self, state: LSTMState, u: tuple) -> Float[Array, "2d 2d"]:
        """d step / d (c, h), one block for each pair of planes."""
        c, h = state
        u_i, u_f, u_g, u_o = u
        i = sigmoid(matvec(self.U_i, h) + u_i)
        f = sigmoid(matvec(self.U_f, h) + u_f)
        g = jnp.tanh(matvec(self.U_g, h) + u_g)
        o = sigmoid(matvec(self.U_o, h) + u_o)
        t = jnp.tanh(f * c + i * g)
        rows = lambda scale, matrix: scale[:, None] * matrix
        c_h = rows(c * f * (1 - f), self.U_f) + rows(g * i * (1 - i), self.U_i)
        c_h = c_h + rows(i * (1 - g**2), self.U_g)
        slope = o * (1 - t**2)
        h_h = rows(t * o * (1 - o), self.U_o) + rows(slope, c_h)
        return jnp.block([[jnp.diag(f), c_h], [jnp.diag(slope * f), h_h]])
