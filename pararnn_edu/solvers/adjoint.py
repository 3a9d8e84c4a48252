"""Gradients of a solved recurrence, without unrolling the solver.

At the solution, h_t = f(h_{t-1}, u_t) holds for every t. Differentiating it gives

    dh_t = J_t dh_{t-1} + df_t,       df_t the change of f with h_{t-1} held fixed,

one linear recurrence, whatever method found the states; its transpose, run backwards, is
backpropagation through time. J_t is always the exact Jacobian, even after a solve with an
approximate one: an approximate adjoint would bias the gradient (see chapter 7).
"""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from ..scans import recur
from ..scans.recurrence import shift
from .adjoint_tiles import with_way_back
from .linearise import jacobian
from .problem import Problem, ravel_states, vectorise


@eqx.filter_custom_jvp
def with_gradient(problem: Problem, states: PyTree, adjoint: str) -> PyTree:
    """`states`, with the derivative that the implicit function theorem gives them.

    `adjoint` is the structure whose recurrence is solved in parallel, `"diagonal"`, `"block"`
    or `"dense"`, or `"sequential"`: a `lax.scan` that never forms a Jacobian.
    """
    del problem, adjoint
    return states


@with_gradient.def_jvp
def _tangent(primals, tangents):
    problem, states, adjoint = primals
    d_problem = tangents[0]
    # Through `with_gradient` once more, so that second derivatives see the states move too.
    states = with_gradient(problem, states, adjoint)
    if adjoint in ("diagonal", "block"):
        change = functools.partial(_elementwise, problem, states, adjoint)
        if jax.default_backend() == "cpu":
            return states, with_way_back(change, problem, d_problem, states, adjoint)
        return states, change(d_problem)
    previous = problem.previous(states)
    d_image = _explicit_change(problem, d_problem, previous)
    if adjoint == "sequential":
        return states, _step_by_step(problem, previous, d_problem.h0, d_image)
    d_h0 = _filled(d_problem.h0, problem.h0)
    return states, _dense(problem, previous, d_h0, d_image)


def _elementwise(problem: Problem, states: PyTree, structure: str, d_problem: Problem) -> PyTree:
    """The linear recurrence of a diagonal or 2x2-block Jacobian."""
    previous = problem.previous(states)
    d_image = _explicit_change(problem, d_problem, previous)
    _, maps = jacobian(problem, previous, structure)
    return recur(maps, d_image, _filled(d_problem.h0, problem.h0))


def _dense(problem: Problem, previous: PyTree, d_h0: PyTree, d_image: PyTree) -> PyTree:
    """The linear recurrence on states flattened to vectors, one matrix a step."""
    flat, restore = vectorise(problem)
    if flat is problem:
        return recur(jacobian(problem, previous, "dense")[1], d_image, d_h0)
    _, maps = jacobian(flat, ravel_states(previous), "dense")
    return restore(recur(maps, ravel_states(d_image), ravel_pytree(d_h0)[0]))


def _explicit_change(problem: Problem, d_problem: Problem, previous: PyTree) -> PyTree:
    """df_t: how f(h_{t-1}, u_t) changes with the weights and inputs, h_{t-1} held fixed."""

    def image(step, inputs):
        return jax.vmap(step)(previous, inputs)

    tangents = (d_problem.step, d_problem.inputs)
    if not jax.tree.leaves(tangents):  # only h_0 was perturbed
        return jax.tree.map(jnp.zeros_like, previous)
    change = eqx.filter_jvp(image, (problem.step, problem.inputs), tangents)[1]
    return _filled(change, previous)


def _step_by_step(problem: Problem, previous: PyTree, d_h0: PyTree, d_image: PyTree) -> PyTree:
    """The linear recurrence by one Jacobian-vector product a step; no Jacobian is formed.

    A linear solve with its transpose spelt out, like `recur`: JAX 0.7 fails to transpose the
    plain `lax.scan` (an AssertionError in the gradient).
    """

    def push(h, u, v):
        return jax.jvp(lambda h: problem.step(h, u), (h,), (v,))[1]

    def pull(h, u, v):
        return jax.vjp(lambda h: problem.step(h, u), h)[1](v)[0]

    def left_hand_side(dh):
        carried = jax.vmap(push)(previous, problem.inputs, shift(dh))
        return jax.tree.map(jnp.subtract, dh, carried)

    def forwards(_, b):
        def step(dh, point):
            dh = jax.tree.map(jnp.add, push(*point[:2], dh), point[2])
            return dh, dh

        return lax.scan(step, zero, (previous, problem.inputs, b))[1]

    def backwards(_, g):
        def step(sent, point):
            total = jax.tree.map(jnp.add, point[2], sent)
            return pull(*point[:2], total), total

        return lax.scan(step, zero, (previous, problem.inputs, g), reverse=True)[1]

    zero = jax.tree.map(jnp.zeros_like, problem.h0)
    first = jax.tree.map(lambda x: x[0], problem.inputs)
    carried = push(problem.h0, first, _filled(d_h0, problem.h0))
    b = jax.tree.map(lambda x, c: x.at[0].add(c), d_image, carried)
    return lax.custom_linear_solve(left_hand_side, b, forwards, backwards)


def _filled(tangent: PyTree, primal: PyTree) -> PyTree:
    """A tangent with zeros where nothing was perturbed."""
    return jax.tree.map(
        lambda t, p: jnp.zeros_like(p) if t is None else t,
        tangent,
        primal,
        is_leaf=lambda t: t is None,
    )
