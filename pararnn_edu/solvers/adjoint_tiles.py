"""The way back through a solved recurrence tile by tile, for a CPU.

The gradient needs several numbers for each state: the Jacobian, the derivative of every gate, what
flows back. They are worked out for one tile of steps after the other, from the last to the first;
one vector passes from tile to tile. What comes out is the same number for number, up to the order
of a sum over time.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from ..scans.backends import sequential_transposed
from ..scans.batches import by_batch
from .linearise import jacobian
from .perturbed import Perturbed
from .problem import Problem
from .tiles import cut, put, tile_length


def with_way_back(tangent: Callable, problem: Problem, d_problem: Problem, states, structure: str):
    """`tangent(d_problem)`, the change of the states, with a transpose that goes by tiles.

    JAX transposes what it finds in a program; a transpose of one's own has to be part of a linear
    system. With x = (d_weights, d_inputs, d_h0, d_states) it is

        M x = (d_weights, d_inputs, d_h0, d_states - tangent(d_weights, d_inputs, d_h0)) = b,

    of which the last row is wanted, for b = (d_weights, d_inputs, d_h0, 0).
    `lax.custom_linear_solve` takes M, from which it derives further derivatives, and a function
    for each of M^-1 and its transpose.
    """
    perturbed = Perturbed(problem, d_problem)
    change = lambda given: tangent(perturbed.tangents(*given))

    def system(x):
        *given, d_states = x
        rows = (*given, jax.tree.map(jnp.subtract, d_states, change(given)))
        return _tied(rows, _total(states) * _total(x))

    def solve(_, b):
        *given, right = b
        return (*given, jax.tree.map(jnp.add, right, change(given)))

    def transposed(_, g):
        *given, g_states = g
        back = by_batch(
            lambda batch: lambda *arrays: pull_back(perturbed, structure, batch, *arrays),
            *(problem, states, g_states),
        )
        return (*jax.tree.map(jnp.add, tuple(given), back), g_states)

    b = (*perturbed.given(d_problem, problem.h0), jax.tree.map(jnp.zeros_like, states))
    return lax.custom_linear_solve(system, _tied(b, _total(b)), solve, transposed)[-1]


def pull_back(
    perturbed: Perturbed, structure: str, batch: int, problem: Problem, states: PyTree, g: PyTree
) -> tuple[list, list, PyTree]:
    """What `g`, a cotangent of the states, is worth to weights, inputs and h_0."""
    weights, inputs = perturbed.primals(problem)
    size = tile_length(problem, batch) or problem.length
    whole, rest = divmod(problem.length, size)

    def tile(start, size, carry):
        sent, sums, rows = carry
        before = _before(states, problem.h0, start)
        piece = problem.restricted(cut(problem.inputs, start, size), before)
        previous = piece.previous(cut(states, start, size))
        _, maps = jacobian(piece, previous, structure)
        sent, total = sequential_transposed(maps, cut(g, start, size), start=sent)
        image = lambda *given: perturbed.image(piece, *given, previous)
        pull = jax.vjp(image, *perturbed.primals(piece))[1]
        d_weights, d_rows = pull(total)
        return sent, jax.tree.map(jnp.add, sums, d_weights), put(rows, d_rows, start)

    carry = jax.tree.map(jnp.zeros_like, (problem.h0, weights, inputs))
    carry = tile(whole * size, rest, carry) if rest else carry
    turn = lambda i, carry: tile((whole - 1 - i) * size, size, carry)
    sent, sums, rows = lax.fori_loop(0, whole, turn, carry)
    return sums, rows, sent


def _before(states: PyTree, h0: PyTree, start) -> PyTree:
    """The state before step `start`, counted from 0."""
    row = lambda x: lax.dynamic_index_in_dim(x, jnp.maximum(start - 1, 0), keepdims=False)
    return jax.tree.map(lambda x, h: jnp.where(start == 0, h, row(x)), states, h0)


def _tied(tree: PyTree, number: jax.Array) -> PyTree:
    """The arrays of `tree`, each formally a function of `number`: see `scans.recurrence.tied`.

    All of a right-hand side, or none of it, must depend on what is perturbed, in the transposed
    system as well, and there for second derivatives: hence the tie in `system`.
    """
    nothing = jnp.where(False, number, 0)
    return jax.tree.map(lambda x: x + nothing.astype(x.dtype), tree)


def _total(tree: PyTree) -> jax.Array:
    return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(tree))
