"""Which arrays of a problem a derivative is taken in."""

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from .problem import Problem, first


class Perturbed:
    """Where in a problem the perturbed weights and inputs are, to take them out and put them in.

    Weights that one step does not use, such as those of a cell's projection, are not among them:
    their derivative is zero, and nobody should add up zeros of their size.
    """

    def __init__(self, problem: Problem, d_problem: Problem):
        self._weights = _perturbed(problem.step, d_problem.step)
        self._inputs = _perturbed(problem.inputs, d_problem.inputs)
        used = _used(problem, self._weights)
        self._weights = [i for i, read in zip(self._weights, used, strict=True) if read]
        self._trees = jax.tree.structure(problem.step), jax.tree.structure(problem.inputs)

    def primals(self, problem: Problem) -> tuple[list, list]:
        """The weights and the inputs."""
        return _pick(problem.step, self._weights), _pick(problem.inputs, self._inputs)

    def image(self, problem: Problem, weights: list, inputs: list, previous: PyTree) -> PyTree:
        """f(h_{t-1}, u_t) for all t, as a function of what `primals` returns."""
        step = _put(problem.step, self._weights, weights)
        return jax.vmap(step)(previous, _put(problem.inputs, self._inputs, inputs))

    def given(self, d_problem: Problem, h0: PyTree) -> tuple[list, list, PyTree]:
        """The tangents of weights, inputs and h_0."""
        step, inputs = self._trees
        weights = _at(step.flatten_up_to(d_problem.step), self._weights)
        rows = _at(inputs.flatten_up_to(d_problem.inputs), self._inputs)
        fill = lambda d, h: jnp.zeros_like(h) if d is None else d
        return weights, rows, jax.tree.map(fill, d_problem.h0, h0, is_leaf=lambda d: d is None)

    def tangents(self, weights: list, inputs: list, h0: PyTree) -> Problem:
        """The tangent of a problem from those three, None where nothing is perturbed."""
        step, rows = self._trees
        return Problem(
            jax.tree.unflatten(step, _filled(step.num_leaves, self._weights, weights)),
            jax.tree.unflatten(rows, _filled(rows.num_leaves, self._inputs, inputs)),
            h0,
        )


def _perturbed(primal: PyTree, tangent: PyTree) -> list[int]:
    """The leaves that have a tangent, by their number."""
    tangents = jax.tree.structure(primal).flatten_up_to(tangent)
    return [i for i, d in enumerate(tangents) if d is not None]


def _used(problem: Problem, at: list[int]) -> list[bool]:
    """Whether the program of one step reads each of these leaves of it."""
    call = lambda weights, h, u: _put(problem.step, at, weights)(h, u)
    weights = _pick(problem.step, at)
    program = jax.make_jaxpr(call)(weights, problem.h0, first(problem.inputs)).jaxpr
    read = {id(v) for eqn in program.eqns for v in eqn.invars} | {*map(id, program.outvars)}
    return [id(v) in read for v in program.invars[: len(at)]]


def _pick(tree: PyTree, at: list[int]) -> list:
    return _at(jax.tree.leaves(tree), at)


def _at(leaves: list, at: list[int]) -> list:
    return [leaves[i] for i in at]


def _put(tree: PyTree, at: list[int], new: list) -> PyTree:
    leaves, structure = jax.tree.flatten(tree)
    chosen = dict(zip(at, new, strict=True))
    return jax.tree.unflatten(structure, [chosen.get(i, x) for i, x in enumerate(leaves)])


def _filled(length: int, at: list[int], new: list) -> list:
    """`new` at its places in a list of None."""
    chosen = dict(zip(at, new, strict=True))
    return [chosen.get(i) for i in range(length)]
