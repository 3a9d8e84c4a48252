"""The states of a fused cell, with the fused gradient."""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from ...scans.batches import over_batches
from . import passes
from .passes import Plan


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def states(plan: Plan, weights: tuple, u: tuple, h0: PyTree) -> tuple[PyTree, jax.Array]:
    """h_1..h_T, `(T, d)` leaves, and their residual, which says whether the shots were enough.

    - `weights`: a `(d,)` array each, see `pointwise.WEIGHTS`; `u`: `(T, d)` each, the projected
      inputs; `h0`: `(d,)` leaves.

    The gradient is backpropagation through time at these states; the residual has none.
    """
    return _one(_forward(plan)(*_batch_of_one((weights, u, h0))))


def _run(plan: Plan, weights, u, h0):
    h, residual = states(plan, weights, u, h0)
    return (h, residual), (weights, u, h0, h)


def _pull(plan: Plan, saved, gradients):
    weights, _, h0, _ = saved
    d_a, d_u, d_h0 = _one(_backward(plan)(*_batch_of_one((*saved, gradients[0]))))
    like = lambda x, old: x.astype(old.dtype)
    return jax.tree.map(like, d_a, weights), d_u, jax.tree.map(like, d_h0, h0)


states.defvjp(_run, _pull)


@functools.cache
def _forward(plan: Plan):
    return over_batches(functools.partial(passes.forward, plan))


@functools.cache
def _backward(plan: Plan):
    return over_batches(functools.partial(passes.backward, plan))


def _batch_of_one(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda x: jnp.asarray(x)[None], tree)


def _one(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda x: x[0], tree)
