"""Linear cells, h' = A(x) h + b(x), by the structure of A: the linear-RNN zoo.

    cell              A(x)                    state it can follow (one layer)
    LinearDiagonal    diag(a)                 sums and signs; no reordering
    LinearPD          P diag(w)               any finite automaton
    LinearDPLR        I - beta k k^T          swaps and reflections, if beta may reach 2

The input decides everything, so `step` is linear in the state, Newton's method takes one
step, and `affine` hands A and b to `pr.linear_recurrence`.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jax.nn import sigmoid
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .cell import Cell
from .weights import check_sizes, kaiming_uniform, matvec


class LinearCell(Cell):
    """A cell whose next state is A(x) h + b(x)."""

    @abc.abstractmethod
    def affine(self, x: Float[Array, " m"]) -> tuple[Array, Float[Array, " d"]]:
        """A and b of one input: A is `(d,)` for a diagonal, `(d, d)` for any other matrix."""


class LinearDiagonal(LinearCell):
    """`h' = a(x) * h + W_b x + b_b`, every gate a between `low` and 1: diagonal Jacobian.

        a = low + (1 - low) sigmoid(W_a x + b_a)

    `low=0` gives the non-negative gates of most diagonal models (S4D, Mamba, LRU's moduli),
    `low=-1` gates with signs. Sources: Martin and Cundy (2018); Grazzi et al. (2025) on signs.
    """

    W_a: Float[Array, "d m"]
    W_b: Float[Array, "d m"]
    b_a: Float[Array, " d"]
    b_b: Float[Array, " d"]
    input_size: int = eqx.field(static=True)
    state_size: int = eqx.field(static=True)
    low: float = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        state_size: int,
        *,
        key: PRNGKeyArray,
        low: float = 0.0,
        dtype=jnp.float32,
    ):
        check_sizes("LinearDiagonal", input_size, state_size)
        if not -1 <= low < 1:
            raise ValueError(f"LinearDiagonal: low must lie in [-1, 1), got {low!r}")
        self.input_size, self.state_size, self.low = input_size, state_size, float(low)
        a_key, b_key = jr.split(key)
        # Kaiming times 3: gates start spread over most of their range, not bunched in its middle.
        self.W_a = 3 * kaiming_uniform(a_key, (state_size, input_size), dtype)
        self.W_b = kaiming_uniform(b_key, (state_size, input_size), dtype)
        self.b_a = self.b_b = jnp.zeros(state_size, dtype)

    def project(self, x: Float[Array, " m"]) -> tuple[Float[Array, " d"], Float[Array, " d"]]:
        a = self.low + (1 - self.low) * sigmoid(matvec(self.W_a, x) + self.b_a)
        return a, matvec(self.W_b, x) + self.b_b

    affine = project

    def step(self, h: Float[Array, " d"], u: tuple[Array, Array]) -> Float[Array, " d"]:
        a, b = u
        return a * h + b


class LinearPD(LinearCell):
    """`h' = P(x) diag(w(x)) h + W_b x`, P with a single 1 in each column: dense Jacobian.

        scores = sum_i x_i scores_i                     (d, d), a mixture over the inputs
        P      = the largest score of each column       1 there, 0 elsewhere
        w      = clip(W_w x + b_w, -1, 1)

    Column j of P says where the number at place j goes: an automaton's table. It is a
    permutation if no two columns agree. The choice has no derivative; the gradient is that of a
    softmax over each column instead (straight-through). `write=False` drops W_b x: a pure
    automaton, which needs a start other than zero. Source: PD-SSM, Terzic et al. (2025); there w
    is complex.
    """

    scores: Float[Array, "m d d"]
    W_w: Float[Array, "d m"]
    b_w: Float[Array, " d"]
    W_b: Float[Array, "d m"] | None
    input_size: int = eqx.field(static=True)
    state_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        state_size: int,
        *,
        key: PRNGKeyArray,
        write: bool = True,
        dtype=jnp.float32,
    ):
        check_sizes("LinearPD", input_size, state_size)
        self.input_size, self.state_size = input_size, state_size
        score_key, write_key = jr.split(key)
        shape = (state_size, input_size)
        self.scores = jr.normal(score_key, (input_size, state_size, state_size), dtype)
        self.W_w, self.b_w = jnp.zeros(shape, dtype), jnp.ones(state_size, dtype)
        self.W_b = kaiming_uniform(write_key, shape, dtype) if write else None

    def targets(self, x: Float[Array, " m"]) -> Array:
        """Where each place goes, integers `(d,)`: the row of the 1 in each column of P."""
        return jnp.argmax(self._mixed(x), axis=0)

    def project(self, x: Float[Array, " m"]) -> tuple[Array, Array, Array]:
        hard = jax.nn.one_hot(self.targets(x), self.state_size, axis=0, dtype=self.scores.dtype)
        soft = jax.nn.softmax(self._mixed(x), axis=0)
        P = hard + soft - jax.lax.stop_gradient(soft)
        b = jnp.zeros_like(self.b_w) if self.W_b is None else matvec(self.W_b, x)
        return P, jnp.clip(matvec(self.W_w, x) + self.b_w, -1, 1), b

    def affine(self, x: Float[Array, " m"]) -> tuple[Array, Array]:
        P, w, b = self.project(x)
        return P * w[None], b

    def step(self, h: Float[Array, " d"], u: tuple[Array, Array, Array]) -> Float[Array, " d"]:
        P, w, b = u
        return matvec(P, w * h) + b

    def _mixed(self, x: Float[Array, " m"]) -> Float[Array, "d d"]:
        return jnp.tensordot(x, self.scores, 1, precision=jax.lax.Precision.HIGHEST)


class LinearDPLR(LinearCell):
    """`h' = (I - beta k k^T) h + beta v k`: the delta rule, diagonal plus rank one.

        k    = W_k x / |W_k x|
        beta = max_beta * sigmoid(W_beta x + b_beta)
        v    = W_v x                                    one number: a row of the memory matrix

    A has the eigenvalue 1 - beta along k and 1 across it: between 0 and 1 for `max_beta=1`
    (DeltaNet), down to -1, a reflection, for `max_beta=2`. A memory matrix of several rows is
    several states with the same A: `jax.vmap` over `h0`. `write=False` sets v = 0: pure products
    of matrices, which need a start other than zero.
    Sources: Yang et al. (DeltaNet, 2024); Grazzi et al. (2025) on beta up to 2.
    """

    W_k: Float[Array, "d m"]
    W_beta: Float[Array, "1 m"]
    b_beta: Float[Array, " 1"]
    W_v: Float[Array, "1 m"] | None
    input_size: int = eqx.field(static=True)
    state_size: int = eqx.field(static=True)
    max_beta: float = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        state_size: int,
        *,
        key: PRNGKeyArray,
        max_beta: float = 1.0,
        write: bool = True,
        dtype=jnp.float32,
    ):
        check_sizes("LinearDPLR", input_size, state_size)
        if not max_beta > 0:
            raise ValueError(f"LinearDPLR: max_beta must be positive, got {max_beta!r}")
        self.input_size, self.state_size = input_size, state_size
        self.max_beta = float(max_beta)
        k_key, beta_key, v_key = jr.split(key, 3)
        self.W_k = kaiming_uniform(k_key, (state_size, input_size), dtype)
        self.W_beta = kaiming_uniform(beta_key, (1, input_size), dtype)
        self.b_beta = jnp.zeros(1, dtype)
        self.W_v = kaiming_uniform(v_key, (1, input_size), dtype) if write else None

    def project(self, x: Float[Array, " m"]) -> tuple[Array, Array, Array]:
        k = matvec(self.W_k, x)
        k = k / jnp.sqrt(jnp.sum(k**2) + 1e-12)
        beta = self.max_beta * sigmoid(matvec(self.W_beta, x) + self.b_beta)
        v = jnp.zeros_like(beta) if self.W_v is None else matvec(self.W_v, x)
        return k, beta, v

    def affine(self, x: Float[Array, " m"]) -> tuple[Array, Array]:
        k, beta, v = self.project(x)
        return jnp.eye(self.state_size, dtype=k.dtype) - jnp.outer(beta * k, k), beta * v * k

    def step(self, h: Float[Array, " d"], u: PyTree) -> Float[Array, " d"]:
        k, beta, v = u
        return h + beta * (v - matvec(k, h)) * k
