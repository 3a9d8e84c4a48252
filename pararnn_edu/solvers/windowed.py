"""Window after window: short enough to converge, handed over exactly."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from .method import Method, check_count, check_inner
from .problem import Problem
from .rules import Newton
from .solution import Options, Raw


class Windowed(Method):
    """Solves window after window, handing the exact last state over.

    Between one step at a time (window = 1) and the whole sequence at once: a window short
    enough for `method` to converge in few steps. `max_steps` holds for each window; `steps`
    is their sum and `history.residual` one record after the other.
    """

    method: Method = Newton()
    window: int = eqx.field(static=True, default=256)

    def __check_init__(self):
        check_inner("Windowed", self.method)
        check_count("Windowed", "window", self.window)

    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        if options.record:
            raise ValueError(
                "record=True keeps the iterates of one solve, and Windowed makes many; "
                "solve one window with its method instead"
            )
        window = min(self.window, problem.length)
        whole = problem.length - problem.length % window

        def solve(h, part):
            inputs, start = part
            raw = self.method.run(Problem(problem.step, inputs, h), start, options)
            return jax.tree.map(lambda x: x[-1], raw.states), raw

        full = jax.tree.map(
            lambda x: x[:whole].reshape(-1, window, *x.shape[1:]), (problem.inputs, guess)
        )
        h, raws = lax.scan(solve, problem.h0, full)
        merged = Raw(
            jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), raws.states),
            jnp.sum(raws.steps),
            jnp.max(raws.residual),
            jax.tree.map(jnp.ravel, raws.history),
        )
        if whole == problem.length:
            return merged
        rest = jax.tree.map(lambda x: x[whole:], (problem.inputs, guess))
        return _joined(merged, solve(h, rest)[1])

    def adjoint(self, problem: Problem) -> str:
        return self.method.adjoint(problem)

    def check(self, problem: Problem) -> str | None:
        return self.method.check(problem)

    def describe(self, problem: Problem) -> str:
        return f"Windowed({self.method.describe(problem)}, window={self.window})"

    def __str__(self) -> str:
        return f"Windowed({self.method}, window={self.window})"


def _joined(a: Raw, b: Raw) -> Raw:
    return Raw(
        jax.tree.map(lambda x, y: jnp.concatenate([x, y]), a.states, b.states),
        a.steps + b.steps,
        jnp.maximum(a.residual, b.residual),
        jax.tree.map(lambda x, y: jnp.concatenate([x, y]), a.history, b.history),
    )
