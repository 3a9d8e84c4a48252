"""Window after window: short enough to converge, each from the last state of the one before."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from .method import Iteration, Method, check_count, check_inner
from .problem import Problem
from .rules import Newton
from .sliding import slide
from .solution import Options, Raw


class Windowed(Method):
    """Solves window after window, handing the last state over.

    Between one step at a time (window = 1) and the whole sequence at once: a window short
    enough for `method` to converge in few steps.

    - `window`: a number of rows; `max_steps` then holds for each window, `steps` is their sum
      and `history.residual` one record after the other. Or `"auto"`: one window that slides
      past the rows that have converged, keeps the others as a warm start, grows while whole
      windows converge and shrinks while they crawl (see `solvers/sliding.py`). It does at
      least one row in each iteration, so by default it may take T of them and fails only
      where the states overflow; `max_steps` bounds the sum.

    With `"auto"`, `method` must be a rule over all points: `Jacobi`, `Picard`, `Newton`,
    `QuasiNewton`, `Damped` or `ELK`.
    """

    method: Method = Newton()
    window: int | str = eqx.field(static=True, default=256)

    def __check_init__(self):
        check_inner("Windowed", self.method)
        if self.window == "auto":
            if not isinstance(self.method, Iteration):
                raise ValueError(
                    "Windowed(window='auto') slides over the rows of one iteration, such as "
                    f"pr.Newton(); {self.method} has none. Give it a window as an int."
                )
        elif isinstance(self.window, str):
            raise ValueError(
                f"Windowed: window must be a positive int or 'auto', got {self.window!r}"
            )
        else:
            check_count("Windowed", "window", self.window)

    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        if options.record:
            raise ValueError(
                "record=True keeps the iterates of one solve, and Windowed makes many; "
                "solve one window with its method instead"
            )
        if self.window == "auto":
            problem, guess, restore = self.method.vectorised(problem, guess)
            raw = slide(problem, guess, self.method, options)
            return eqx.tree_at(lambda r: r.states, raw, restore(raw.states))
        window = min(self.window, problem.length)
        whole = problem.length - problem.length % window

        def solve(h, part):
            inputs, start = part
            raw = self.method.run(problem.restricted(inputs, h), start, options)
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
