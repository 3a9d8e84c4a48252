"""Methods made of others: one step after the other, segments, windows, and the choice."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from .loop import residual
from .method import Method
from .problem import Problem
from .rules import Newton
from .solution import History, Options, Raw


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
        return Raw(states, jnp.asarray(problem.length), error, History(error[None]))

    def adjoint(self, problem: Problem) -> str:
        structure = problem.structure()
        return "sequential" if structure == "dense" else structure


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
        joined = jax.tree.map(
            lambda x: x.reshape(-1, *x.shape[2:])[: problem.length], states
        )
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
        self.single = single

    def structure(self) -> str:
        return self.single.structure()


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
            History(raws.history.residual.reshape(-1)),
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


class Auto(Method):
    """Picks a method by device, Jacobian structure and size; `solution.method` says which.

    On a CPU a compiled loop is the fastest way forward: `Sequential`. On an accelerator a
    loop pays one launch or more for every step: Newton over segments for diagonal and block
    Jacobians, Newton for small dense ones (up to 16 state numbers, where the d^3 of a dense
    scan is still cheap), `Sequential` for the rest. Sequences shorter than 64 are run
    sequentially everywhere. The thresholds for accelerators come from published timings of
    DEER (Lim et al. 2024), not from measurements of this library.
    """

    def choice(self, problem: Problem, device: str | None = None) -> Method:
        """The method for this problem on `device` (`"cpu"`, `"gpu"`, ...)."""
        device = device or jax.default_backend()
        if device == "cpu" or problem.length < 64:
            return Sequential()
        if problem.structure() != "dense":
            return MultipleShooting(Newton(), segments=max(1, round(problem.length**0.5)))
        size = sum(leaf.size for leaf in jax.tree.leaves(problem.h0))
        return Newton() if size <= 16 else Sequential()

    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        return self.choice(problem).run(problem, guess, options)

    def adjoint(self, problem: Problem) -> str:
        return self.choice(problem).adjoint(problem)

    def describe(self, problem: Problem) -> str:
        return f"Auto: {self.choice(problem).describe(problem)}"


def all_finite(tree: PyTree):
    """Whether every number in the tree is finite."""
    return jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(tree)]).all()


def check_inner(name: str, method) -> None:
    """Raises `TypeError` unless `method` is an instance of a method."""
    if not isinstance(method, Method):
        raise TypeError(f"{name} takes a method such as pr.Newton(), got {method!r}")


def check_count(name: str, field: str, value) -> None:
    """Raises `ValueError` unless `value` is a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: {field} must be a positive int, got {value!r}")


def _segmented(x: jax.Array, size: int) -> jax.Array:
    """(T, ...) to (segments, size, ...); the last row is repeated to fill the end."""
    missing = -x.shape[0] % size
    padded = jnp.concatenate([x, jnp.repeat(x[-1:], missing, axis=0)])
    return padded.reshape(-1, size, *x.shape[1:])


def _joined(a: Raw, b: Raw) -> Raw:
    return Raw(
        jax.tree.map(lambda x, y: jnp.concatenate([x, y]), a.states, b.states),
        a.steps + b.steps,
        jnp.maximum(a.residual, b.residual),
        History(jnp.concatenate([a.history.residual, b.history.residual])),
    )
