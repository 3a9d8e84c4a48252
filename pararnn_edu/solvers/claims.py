"""Testing what the user claims of a Jacobian and the program does not prove."""

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, PyTree

from .linearise import jacobian
from .problem import Problem, ravel_states, vectorise

ROWS = 16


def claim_is_wrong(problem: Problem, claimed: str) -> Bool[Array, ""]:
    """Whether J v differs from (J of the claimed structure, or by closed form) v for a random v.

    Tried at up to 16 steps spread over the sequence, at random states. One direction is
    enough: a Jacobian outside the structure agrees with one inside on a set of measure zero.
    What is not finite is passed over: it says nothing of the claim, and `solve` will notice.
    """
    rows = jnp.linspace(0, problem.length - 1, min(ROWS, problem.length)).astype(int)
    inputs = jax.tree.map(lambda x: x[rows], problem.inputs)
    few = problem.restricted(inputs, problem.h0)
    keys = iter(jr.split(jr.key(0), 2 * len(jax.tree.leaves(problem.h0))))
    points, tangent = (_noise(problem.h0, len(rows), keys) for _ in range(2))
    if claimed == "dense":
        few, _ = vectorise(few)
        points, tangent = ravel_states(points), ravel_states(tangent)
    _, maps = jacobian(few, points, claimed)
    exact = jax.jvp(few.image, (points,), (tangent,))[1]
    claimed_product = maps.apply(tangent)
    gap = _largest(jax.tree.map(jnp.subtract, exact, claimed_product))
    return gap > 1e-3 * (1 + _largest(exact))


def _noise(state: PyTree, rows: int, keys) -> PyTree:
    return jax.tree.map(lambda h: jr.normal(next(keys), (rows, *h.shape), h.dtype), state)


def _largest(tree: PyTree) -> Array:
    finite = [jnp.where(jnp.isfinite(x), jnp.abs(x), 0) for x in jax.tree.leaves(tree)]
    return jnp.max(jnp.stack([jnp.max(x) for x in finite]))
