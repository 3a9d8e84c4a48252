"""The block of ParaRNN: what stands around a core."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jax.nn import silu
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .cores import Core
from .mode import Health, Mode, preceded


class MixerState(NamedTuple):
    """What a mixer carries from one call to the next."""

    tail: Float[Array, "w-1 m"]  # the last rows that the convolution saw
    core: PyTree


class Convolution(eqx.Module):
    """A causal convolution of every channel with a filter of its own, `width` rows long."""

    filters: Float[Array, "w m"]
    bias: Float[Array, " m"]

    def __init__(self, width: int, channels: int, *, key: PRNGKeyArray):
        self.filters = width**-0.5 * jr.normal(key, (width, channels))
        self.bias = jnp.zeros(channels)

    def __call__(
        self, x: Float[Array, "T m"], tail: Float[Array, "w-1 m"], mode: Mode
    ) -> tuple[Array, Array]:
        width, T = self.filters.shape[0], x.shape[0]
        rows = preceded(x, tail, mode)
        taps = (rows[i : i + T] * self.filters[i][None] for i in range(width))
        return sum(taps, self.bias[None]), rows[T:]


class Mixer(eqx.Module):
    """Mixes over time: projection, short convolution, core, norm, gate, projection.

        v, g = split(W_in x)
        y    = norm(core(silu(conv(v)))) * silu(g)
        out  = W_out y

    Every core stands in the same place, so that a comparison changes one thing. `conv=0` and
    `gate=False` leave those parts out. Source: Danieli et al. (ParaRNN, 2026), figure 3, after
    the block of Mamba; where the figure leaves details open the choice is ours.
    """

    W_in: eqx.nn.Linear
    convolution: Convolution | None
    core: Core
    norm: eqx.nn.RMSNorm
    W_out: eqx.nn.Linear
    inner: int = eqx.field(static=True)

    def __init__(
        self, width: int, inner: int, core: Core, conv: int, gate: bool, *, key: PRNGKeyArray
    ):
        keys = jr.split(key, 3)
        self.inner, self.core = inner, core
        self.W_in = eqx.nn.Linear(width, (1 + gate) * inner, use_bias=False, key=keys[0])
        self.convolution = Convolution(conv, inner, key=keys[1]) if conv else None
        self.norm = eqx.nn.RMSNorm(inner, use_bias=False)
        self.W_out = eqx.nn.Linear(inner, width, use_bias=False, key=keys[2])

    def __call__(
        self, x: Float[Array, "T m"], state: MixerState | None, mode: Mode
    ) -> tuple[Array, MixerState | None, Health]:
        v = rows(self.W_in, x)
        v, g = v[:, : self.inner], v[:, self.inner :]
        tail = self._at_rest(v.dtype) if state is None else state.tail
        if self.convolution is not None:
            v, tail = self.convolution(v, tail, mode)
            v = silu(v)
        y, after, health = self.core(v, None if state is None else state.core, mode)
        y = jax.vmap(self.norm)(y)
        y = y * silu(g) if g.shape[1] else y
        return rows(self.W_out, y), None if state is None else MixerState(tail, after), health

    def initial_state(self, length: int) -> MixerState:
        return MixerState(self._at_rest(self.W_in.weight.dtype), self.core.initial_state(length))

    def _at_rest(self, dtype: jnp.dtype) -> Float[Array, "w-1 m"]:
        rows = 0 if self.convolution is None else self.convolution.filters.shape[0] - 1
        return jnp.zeros((rows, self.inner), dtype)


def rows(linear: eqx.nn.Linear, x: Float[Array, "T m"]) -> Float[Array, "T n"]:
    """The layer on every row, as one product.

    `jax.vmap(linear)` has the same value and a gradient that XLA computes three times as slowly
    on a CPU.
    """
    return x @ linear.weight.T


class MLP(eqx.Module):
    """SwiGLU (Shazeer 2020), row by row: it mixes the channels that diagonal cells do not."""

    W_in: eqx.nn.Linear
    W_out: eqx.nn.Linear

    def __init__(self, width: int, hidden: int, *, key: PRNGKeyArray):
        keys = jr.split(key)
        self.W_in = eqx.nn.Linear(width, 2 * hidden, use_bias=False, key=keys[0])
        self.W_out = eqx.nn.Linear(hidden, width, use_bias=False, key=keys[1])

    def __call__(self, x: Float[Array, "T m"]) -> Float[Array, "T m"]:
        a, b = jnp.split(rows(self.W_in, x), 2, axis=1)
        return rows(self.W_out, silu(a) * b)


class Block(eqx.Module):
    """x + mixer(norm(x)), then x + mlp(norm(x))."""

    mixer_norm: eqx.nn.RMSNorm
    mixer: Mixer
    mlp_norm: eqx.nn.RMSNorm | None
    mlp: MLP | None

    def __init__(self, width: int, mixer: Mixer, mlp: int, *, key: PRNGKeyArray):
        norm = lambda: eqx.nn.RMSNorm(width, use_bias=False)
        self.mixer_norm, self.mixer = norm(), mixer
        self.mlp_norm = norm() if mlp else None
        self.mlp = MLP(width, mlp, key=key) if mlp else None

    def __call__(
        self, x: Float[Array, "T m"], state: MixerState | None, mode: Mode
    ) -> tuple[Array, MixerState | None, Health]:
        y, state, health = self.mixer(jax.vmap(self.mixer_norm)(x), state, mode)
        x = x + y
        if self.mlp is not None:
            x = x + self.mlp(jax.vmap(self.mlp_norm)(x))
        return x, state, health

    def initial_state(self, length: int) -> MixerState:
        return self.mixer.initial_state(length)


class Bare(eqx.Module):
    """The core and nothing else, as in the paper's Parity and Keep-nth."""

    core: Core

    def __call__(self, x: Float[Array, "T m"], state: PyTree | None, mode: Mode):
        return self.core(x, state, mode)

    def initial_state(self, length: int) -> PyTree:
        return self.core.initial_state(length)
