"""One method, and another for what it leaves unsolved."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from ..scans.batches import over_batches
from .loop import residual
from .method import Method, check_count, check_inner
from .problem import Problem
from .solution import Options, Raw, one_record


class Otherwise(Method):
    """Runs `first`; where its residual is above the tolerance, `then` from the start.

    For a `first` that does not iterate, and is quick but may fail: `Fused`, whose number of shots
    is fixed. What `first` returns is believed only after the residual of all its states has been
    computed here, by XLA, whatever it says of itself.

    Whether `then` is needed is asked once for a whole batch, also under `jax.vmap`, which would
    make of a `lax.cond` a program that always runs both. If one sequence needs it, it is run for
    all, and those that were solved keep what they had.

    `tries` bounds the steps of `first`, so that a hopeless one costs little. With `alone`, `first`
    is for one sequence only, and a batch goes to `then` at once.

    `steps` are those of both. `record=True` and an `initial_guess`, which `first` cannot use, go
    to `then` alone; otherwise `history` holds the last residual only.
    """

    first: Method
    then: Method
    tries: int | None = eqx.field(static=True, default=None)
    alone: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        check_inner("Otherwise", self.first)
        check_inner("Otherwise", self.then)
        if self.tries is not None:
            check_count("Otherwise", "tries", self.tries)

    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        if options.record or guess is not None:
            return self.then.run(problem, guess, options)
        arrays, rest = eqx.partition(problem, eqx.is_array)
        leaves, tree = jax.tree.flatten(arrays)
        pose = lambda leaves: eqx.combine(jax.tree.unflatten(tree, leaves), rest)
        both = over_batches(functools.partial(self._both, pose, options))
        together = both([leaf[None] for leaf in leaves])
        return jax.tree.map(lambda x: x[0], together)

    def _both(self, pose, options: Options, leaves: list[jax.Array]) -> Raw:
        """A batch; leaves `(batch, ...)`, or `(1, ...)` where one serves all."""
        batch = max(leaf.shape[0] for leaf in leaves)
        axes = [0 if leaf.shape[0] == batch else None for leaf in leaves]
        given = [leaf if axis == 0 else leaf[0] for leaf, axis in zip(leaves, axes, strict=True)]
        each = lambda solve: jax.vmap(lambda *one: solve(pose(one)), axes)(*given)
        again = lambda problem: self.then.run(problem, None, options)
        if self.alone and batch > 1:
            return each(again)
        few = self._limited(options)
        raw = each(lambda problem: _checked(problem, self.first.run(problem, None, few)))
        failed = ~(raw.residual <= options.tol)
        return lax.cond(jnp.any(failed), lambda: _mended(raw, failed, each(again)), lambda: raw)

    def _limited(self, options: Options) -> Options:
        limits = [n for n in (self.tries, options.max_steps) if n is not None]
        return dataclasses.replace(options, max_steps=min(limits, default=None))

    def adjoint(self, problem: Problem) -> str:
        return self.then.adjoint(problem)

    def describe(self, problem: Problem) -> str:
        return f"{self.first.describe(problem)}, or else {self.then.describe(problem)}"

    def check(self, problem: Problem) -> str | None:
        self.first.check(problem)
        return self.then.check(problem)

    def __str__(self) -> str:
        return f"Otherwise({self.first}, {self.then})"


def _checked(problem: Problem, raw: Raw) -> Raw:
    """A result with the residual of all its states."""
    error = residual(raw.states, problem.image(problem.previous(raw.states)))
    return Raw(raw.states, raw.steps, error, one_record(error))


def _mended(raw: Raw, failed: jax.Array, other: Raw) -> Raw:
    """`other` in the place of every sequence of a batch that failed."""

    def choose(mine, theirs):
        return jnp.where(failed.reshape(-1, *[1] * (mine.ndim - 1)), theirs, mine)

    states = jax.tree.map(choose, raw.states, other.states)
    error = choose(raw.residual, other.residual)
    steps = jnp.where(failed, raw.steps + other.steps, raw.steps).astype(raw.steps.dtype)
    return Raw(states, steps, error, jax.vmap(one_record)(error))
