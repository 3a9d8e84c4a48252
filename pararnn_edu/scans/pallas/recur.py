"""The kernels as a differentiable recurrence."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from ..affine import Block2, Diagonal, Structure
from ..batches import over_batches
from ..recurrence import shift, tied
from .scan import Way, scan


def recur(A: Structure, b: PyTree, h0: PyTree | None, reverse: bool, interpret: bool) -> PyTree:
    """h_t = A_t h_{t-1} + b_t by the kernels, for `Diagonal` and `Block2` maps."""
    if isinstance(A, Block2):
        return _states(A, b, h0, reverse, interpret)
    tree = jax.tree.structure(b)
    starts = [None] * tree.num_leaves if h0 is None else jax.tree.leaves(h0)
    leaves = zip(jax.tree.leaves(A), jax.tree.leaves(b), starts, strict=True)
    states = [_states(Diagonal(a), x, s, reverse, interpret) for a, x, s in leaves]
    return jax.tree.unflatten(tree, states)


@eqx.filter_custom_jvp
def _states(A: Structure, b: PyTree, h0: PyTree | None, reverse: bool, interpret: bool) -> PyTree:
    return run(Way(reverse, False, interpret), A, b, h0)


@_states.def_jvp
def _tangent(primals, tangents):
    """dh_t = A_t dh_{t-1} + (dA_t h_{t-1} + db_t): the same recurrence again.

    A tangent is None where nothing was perturbed, as a whole or leaf by leaf.
    """
    A, b, h0, reverse, interpret = primals
    dA, db, dh0 = tangents[:3]
    h = _states(*primals)
    right = _filled(db, b)
    if jax.tree.leaves(dA):
        change = _filled(dA, A).apply(shift(h, reverse, h0))
        right = jax.tree.map(jnp.add, right, change)
    if jax.tree.leaves(dh0):
        edge = -1 if reverse else 0
        carried = jax.tree.map(lambda a: a[edge], A).apply(_filled(dh0, h0))
        right = jax.tree.map(lambda x, c: x.at[edge].add(c), right, carried)
    return h, _linear(A, tied(right), reverse, interpret)


def _linear(A: Structure, right: PyTree, reverse: bool, interpret: bool) -> PyTree:
    """The recurrence from zero, as the solution of (I - A S) h = right with S a shift in time.

    Its transpose, for which `lax.custom_linear_solve` asks, is a recurrence in the other
    direction with the transposed A of the step before. The kernel reads it there; it is not
    copied.
    """
    forward, adjoint = Way(reverse, False, interpret), Way(not reverse, True, interpret)
    return lax.custom_linear_solve(
        lambda h: jax.tree.map(jnp.subtract, h, A.apply(shift(h, reverse))),
        right,
        lambda _, rhs: run(forward, A, rhs, None),
        lambda _, rhs: run(adjoint, A, rhs, None),
    )


def run(way: Way, A: Structure, b: PyTree, h0: PyTree | None) -> PyTree:
    """One sequence: a batch of one. Axes behind the first are channels, in any shape."""
    leaf = jax.tree.leaves(b)[0]
    if leaf.size == 0:
        return b
    sequence = lambda x: x.reshape(1, x.shape[0], -1)
    state = lambda x: x.reshape(1, -1)
    h = _scan(way)(*jax.tree.map(sequence, (A, b)), jax.tree.map(state, h0))
    return jax.tree.map(lambda x: x.reshape(leaf.shape), h)


@functools.cache
def _scan(way: Way):
    return over_batches(functools.partial(scan, way=way))


def _filled(tangent: PyTree, primal: PyTree) -> PyTree:
    """A tangent with zeros where nothing was perturbed."""
    return jax.tree.map(
        lambda t, p: jnp.zeros_like(p) if t is None else t,
        tangent,
        primal,
        is_leaf=lambda t: t is None,
    )
