"""One step after the other, with the implicit gradient."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from ..scans.batches import by_batch
from .method import Method
from .problem import Problem
from .solution import Options, Raw, all_finite, one_record
from .tiles import tile_length, unroll_by_tiles


class Sequential(Method):
    """`lax.scan`, one step after the other, with the implicit gradient.

    Exact and, on a CPU, usually the fastest way forward.
    """

    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        del guess
        if options.record:
            raise ValueError("record=True needs iterates, and Sequential has none")
        states = by_batch(_way, problem)
        finite = all_finite(states)
        error = jnp.where(finite, 0.0, jnp.nan).astype(jax.tree.leaves(states)[0].dtype)
        return Raw(states, jnp.asarray(problem.length), error, one_record(error))

    def adjoint(self, problem: Problem) -> str:
        structure = problem.structure()
        return "sequential" if structure == "dense" else structure


def _way(batch: int) -> Callable[[Problem], PyTree]:
    """The loop, for one sequence or as a CPU likes it for many."""

    def unroll(problem: Problem) -> PyTree:
        size = tile_length(problem, batch)
        if batch == 1 or size is None or jax.default_backend() != "cpu":
            return problem.unroll()
        return unroll_by_tiles(problem, size)

    return unroll
