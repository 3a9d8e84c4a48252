"""Jacobians of a step at every point of a trajectory, at the price of their structure."""

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from ..scans import Block2, Dense, Diagonal, Structure
from .problem import Problem


def jacobian(problem: Problem, previous: PyTree, structure: str) -> tuple[PyTree, Structure]:
    """f(h_{t-1}) and J_t = df/dh at h_{t-1}, for all t, in the given structure.

    By the cell's closed form where it has one of this structure, else by forward derivatives:
    the cost in evaluations of f is 2 for `"diagonal"`, 3 for `"block"`, n + 1 for `"dense"`.
    """
    form = problem.closed_form
    if form is not None and form.structure == structure:
        return problem.image(previous), jax.vmap(form)(previous, problem.inputs)
    return STRUCTURES[structure](problem, previous)


def diagonal(problem: Problem, previous: PyTree) -> tuple[PyTree, Diagonal]:
    """J (1, 1, ..., 1) is the diagonal when J is diagonal: one forward derivative."""
    ones = jax.tree.map(jnp.ones_like, previous)
    image, columns = jax.jvp(problem.image, (previous,), (ones,))
    return image, Diagonal(columns)


def block(problem: Problem, previous: PyTree) -> tuple[PyTree, Block2]:
    """Two forward derivatives, one for each of the two planes."""
    (p, q), tree = jax.tree.flatten(previous)

    def columns(first, second):
        tangent = jax.tree.unflatten(tree, [jnp.full_like(p, first), jnp.full_like(q, second)])
        return jax.jvp(problem.image, (previous,), (tangent,))

    basis = jnp.array([1, 0], p.dtype), jnp.array([0, 1], q.dtype)
    image, both = jax.vmap(columns, out_axes=(None, 0))(*basis)
    top, bottom = jax.tree.leaves(both)
    return image, Block2(top[0], top[1], bottom[0], bottom[1])


def dense(problem: Problem, previous: PyTree) -> tuple[PyTree, Dense]:
    """One forward derivative per state number; states must be vectors `(T, n)`."""

    def one(h, u):
        push = lambda v: jax.jvp(lambda h: problem.step(h, u), (h,), (v,))
        return jax.vmap(push, out_axes=(None, -1))(jnp.eye(h.shape[0], dtype=h.dtype))

    image, matrices = jax.vmap(one)(previous, problem.inputs)
    return image, Dense(matrices)


def diagonal_of_dense(problem: Problem, previous: PyTree) -> tuple[PyTree, Diagonal]:
    """diag J of a Jacobian that is not diagonal, for states `(T, n)`.

    n forward derivatives, one at a time, so that memory stays O(T n).
    """

    def entry(i):
        basis = jnp.zeros_like(previous).at[:, i].set(1)
        return jax.jvp(problem.image, (previous,), (basis,))[1][:, i]

    diagonals = jax.lax.map(entry, jnp.arange(previous.shape[1]))
    return problem.image(previous), Diagonal(diagonals.T)


STRUCTURES = {"diagonal": diagonal, "block": block, "dense": dense}
