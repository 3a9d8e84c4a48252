"""Recurrences that are easy, hard and hopeless for parallel solvers: the stress table's rows."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PyTree

import pararnn_edu as pr

DT = 0.01
LORENZ_START = (-9.787, -15.039, 20.534)  # points on the attractors
ROSSLER_START = (6.513, 0.477, 0.342)


class Stress(NamedTuple):
    """A recurrence with its inputs and initial state."""

    name: str
    cell: Callable
    xs: PyTree
    h0: PyTree


def problems(length: int) -> list[Stress]:
    """All of them, T = `length`, in float64."""
    return [
        contracting_gru(length),
        *(tanh_net(gain, length) for gain in (0.5, 1.0, 1.5, 2.5)),
        rotation(length),
        flow("Lorenz", lorenz, LORENZ_START, length),
        lorenz_observer(length),
        flow("Rossler", rossler, ROSSLER_START, length),
        rossler_observer(length),
        logistic(length),
        relaxation(length),
        unstable(length),
    ]


def contracting_gru(length: int, size: int = 8) -> Stress:
    """A GRU as it is initialised, driven by noise."""
    cell = pr.GRU(4, size, key=jr.key(0), dtype=jnp.float64)
    return Stress("GRU", cell, jr.normal(jr.key(1), (length, 4)), jnp.zeros(size))


def tanh_net(gain: float, length: int, size: int = 8, seed: int = 0) -> Stress:
    """h' = tanh(W h), W Gaussian of the given gain: quiet below 1, chaotic far above."""
    key_W, key_h = jr.split(jr.key(seed))
    W = gain * jr.normal(key_W, (size, size)) / size**0.5
    h0 = 0.5 * jr.normal(key_h, (size,))
    return Stress(f"tanh net, gain {gain:g}", lambda h, _: jnp.tanh(W @ h), jnp.arange(length), h0)


def rotation(length: int) -> Stress:
    """A turn of the plane with a slight nonlinearity: neither forgets nor amplifies."""
    c, s = jnp.cos(0.3), jnp.sin(0.3)
    turn = jnp.array([[c, -s], [s, c]])

    def step(h, x):
        return turn @ (h + 0.1 * jnp.sin(h) * x)

    return Stress("marginal rotation", step, 0.1 * jr.normal(jr.key(2), (length, 1)), jnp.ones(2))


def lorenz(h: Float[Array, "3"]) -> Float[Array, "3"]:
    """The velocity of Lorenz (1963)."""
    x, y, z = h
    return jnp.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])


def rossler(h: Float[Array, "3"]) -> Float[Array, "3"]:
    """The velocity of Rössler (1976)."""
    x, y, z = h
    return jnp.stack([-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)])


def flow(name: str, velocity: Callable, start, length: int) -> Stress:
    """Euler steps of DT, as Gonzalez et al. (2025) take them."""
    step = lambda h, _: h + DT * velocity(h)
    return Stress(name, step, jnp.arange(length), jnp.array(start, jnp.float64))


def lorenz_observer(length: int) -> Stress:
    """A second Lorenz system that is told y of the first: it forgets where it started."""
    path = _inputs(flow("", lorenz, LORENZ_START, length))

    def step(h, seen):
        h = h.at[1].set(seen[1])
        return h + DT * lorenz(h)

    return Stress("Lorenz observer", step, path, path[0] + 1)


def rossler_observer(length: int) -> Stress:
    """A second Rössler system, pulled towards the x of the first."""
    path = _inputs(flow("", rossler, ROSSLER_START, length))
    pull = jnp.array([3.0, 0, 0])
    step = lambda h, seen: h + DT * (rossler(h) + pull * (seen - h))
    return Stress("Rossler observer", step, path, path[0] + 0.5)


def logistic(length: int) -> Stress:
    """h' = 4 h (1 - h): an error doubles in every step."""
    return Stress(
        "logistic map", lambda h, _: 4 * h * (1 - h), jnp.arange(length), jnp.array([0.3])
    )


def relaxation(length: int) -> Stress:
    """Van der Pol's oscillator at mu = 20, implicit in its stiff part: slow, then sudden."""

    def step(h, _):
        y, v = h
        v = (v - 0.02 * y) / (1 - 0.02 * 20 * (1 - y**2) * jnp.where(y**2 > 1, 1, 0.1))
        return jnp.stack([y + 0.02 * v, v])

    return Stress("stiff relaxation", step, jnp.arange(length), jnp.array([2.0, 0.0]))


def unstable(length: int) -> Stress:
    """h' = 1.02 h + x: linear, and growing without bound."""
    return Stress("unstable linear", lambda h, x: 1.02 * h + x, jnp.ones((length, 1)), jnp.zeros(1))


def _inputs(system: Stress) -> Float[Array, "T 3"]:
    """h_0..h_{T-1} of a system, to be observed."""
    states = jax.jit(lambda: pr.unroll(system.cell, system.xs, system.h0))()
    return jnp.concatenate([system.h0[None], states[:-1]])
