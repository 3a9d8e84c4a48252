"""The same recurrences in float64, and how far a result is from them."""

import contextlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import PyTree

from ...scans import Block2
from .numbers import Recurrence
from .spec import Outcome


def linear(A: PyTree, b: PyTree) -> Outcome:
    """The states of a linear recurrence, one step after the other."""

    def states(A, b):
        def step(h, at):
            h = jax.tree.map(jnp.add, product(at[0], h), at[1])
            return h, h

        return lax.scan(step, jax.tree.map(lambda x: jnp.zeros_like(x[0]), b), (A, b))[1]

    with in_float64():
        return _numpy(Outcome(jax.jit(states)(*_float64((A, b)))))


def product(A: PyTree, h: PyTree) -> PyTree:
    """A h for one step."""
    if isinstance(A, Block2):
        return A.a11 * h[0] + A.a12 * h[1], A.a21 * h[0] + A.a22 * h[1]
    return A * h if A.ndim == 1 else jnp.matmul(A, h, precision=lax.Precision.HIGHEST)


def states(one: Recurrence) -> Outcome:
    """The states of a cell, one step after the other."""
    with in_float64():
        return _numpy(Outcome(jax.jit(one.scan)(*_float64((one.weights, one.inputs)))))


def states_and_gradients(one: Recurrence) -> Outcome:
    """The same, and the gradients by automatic differentiation through every step."""
    with in_float64():
        arguments = _float64((one.weights, one.inputs, one.sent))
        return _numpy(Outcome(*jax.jit(with_gradient(one.scan))(*arguments)))


def with_gradient(states):
    """States, and the gradients of sum <sent, states> in weights and projected inputs."""

    def both(weights, inputs, sent):
        h, pull = jax.vjp(states, weights, inputs)
        return h, pull(sent)

    return both


@contextlib.contextmanager
def in_float64():
    """On the CPU and with float64, whatever the device and the settings outside."""
    x64 = getattr(jax, "enable_x64", None)
    if x64 is None:  # before JAX 0.8
        from jax.experimental import enable_x64 as x64
    with x64(True), jax.default_device(jax.devices("cpu")[0]):
        yield


def deviation(mine: PyTree, exact: PyTree, least: float = 0.0) -> float:
    """The largest difference in any array, over its largest number and at least `least`."""
    pairs = zip(jax.tree.leaves(mine), jax.tree.leaves(exact), strict=True)
    gaps = [_gap(np.asarray(a, np.float64), b, least) for a, b in pairs]
    return float(np.max(gaps))  # NaN if any is


def _gap(a: np.ndarray, b: np.ndarray, least: float) -> float:
    return np.max(np.abs(a - b)) / max(least, np.max(np.abs(b)))


def _float64(tree: PyTree) -> PyTree:
    wide = lambda x: jnp.asarray(np.asarray(x, np.float64)) if eqx.is_inexact_array(x) else x
    return jax.tree.map(wide, tree)


def _numpy(tree: PyTree) -> PyTree:
    return jax.tree.map(np.asarray, tree)
