"""Multiple shooting: a segment for a step."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from .loop import residual
from .method import Method, check_count, check_inner
from .problem import Problem
from .rules import Newton
from .solution import Options, Raw


class MultipleShooting(Method):
    """Solves for the states at segment boundaries; every segment is run sequentially.

    The boundary states obey a recurrence of their own, s_i = (segment i run from s_{i-1}),
    which is solved by `method`; a last pass runs all segments side by side. With `Jacobi`
    inside it is the multi-shoot of the DEER slides, with `Newton` the classical multiple
    shooting of Bock and Plitt (1984). Depth: (steps + 1) T / segments.

    `steps` and `history` are those of the boundary problem; `residual` is that of all states.
    """

    method: Method = Newton()
    segments: int = eqx.field(static=True, default=16)

    def __check_init__(self):
        check_inner("MultipleShooting", self.method)
        check_count("MultipleShooting", "segments", self.segments)

    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        size = -(-problem.length // min(self.segments, problem.length))
        segments = jax.tree.map(lambda x: _segmented(x, size), problem.inputs)
        coarse = Problem(Segment(problem.step), segments, problem.h0)
        if guess is not None:
            guess = jax.tree.map(lambda x: _segmented(x, size)[:, -1], guess)
        # A boundary error grows a little on its way through the next step, hence the quarter.
        inner = Options(options.tol / 4, options.max_steps, options.record)
        raw = self.method.run(_Shaped(coarse, problem), guess, inner)
        starts = coarse.previous(raw.states)
        states = jax.vmap(Segment(problem.step).states)(starts, segments)
        joined = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:])[: problem.length], states)
        error = residual(joined, problem.image(problem.previous(joined)))
        return Raw(joined, raw.steps, error, raw.history)

    def adjoint(self, problem: Problem) -> str:
        return self.method.adjoint(problem)

    def describe(self, problem: Problem) -> str:
        return f"MultipleShooting({self.method.describe(problem)}, segments={self.segments})"

    def check(self, problem: Problem) -> str | None:
        return self.method.check(problem)

    def __str__(self) -> str:
        return f"MultipleShooting({self.method}, segments={self.segments})"


class Segment(eqx.Module):
    """A whole segment as one step: (state, inputs of the segment) -> state at its end."""

    step: Callable

    def __call__(self, h: PyTree, inputs: PyTree) -> PyTree:
        return lax.scan(lambda h, u: (self.step(h, u), None), h, inputs)[0]

    def states(self, h: PyTree, inputs: PyTree) -> PyTree:
        """All states of the segment."""

        def step(h, u):
            h = self.step(h, u)
            return h, h

        return lax.scan(step, h, inputs)[1]


class _Shaped(Problem):
    """A problem over segments, with the Jacobian structure of a single step.

    A product of diagonal matrices is diagonal, of 2x2 blocks a 2x2 block: composing steps
    keeps the structure, so it need not be found out again through the loop of a segment.
    """

    single: Problem

    def __init__(self, coarse: Problem, single: Problem):
        self.step, self.inputs, self.h0 = coarse.step, coarse.inputs, coarse.h0
        self.closed_form = None
        self.single = single

    def structure(self) -> str:
        return self.single.structure()


def _segmented(x: jax.Array, size: int) -> jax.Array:
    """(T, ...) to (segments, size, ...); the last row is repeated to fill the end."""
    missing = -x.shape[0] % size
    padded = jnp.concatenate([x, jnp.repeat(x[-1:], missing, axis=0)])
    return padded.reshape(-1, size, *x.shape[1:])
