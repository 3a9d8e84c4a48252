"""One step after the other, with the implicit gradient."""

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from .method import Method
from .problem import Problem
from .solution import Options, Raw, all_finite, one_record


class Sequential(Method):
    """`lax.scan`, one step after the other, with the implicit gradient.

    Exact and, on a CPU, usually the fastest way forward.
    """

    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        del guess
        if options.record:
            raise ValueError("record=True needs iterates, and Sequential has none")
        states = problem.unroll()
        finite = all_finite(states)
        error = jnp.where(finite, 0.0, jnp.nan).astype(jax.tree.leaves(states)[0].dtype)
        return Raw(states, jnp.asarray(problem.length), error, one_record(error))

    def adjoint(self, problem: Problem) -> str:
        structure = problem.structure()
        return "sequential" if structure == "dense" else structure
