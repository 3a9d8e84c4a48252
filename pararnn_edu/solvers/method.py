"""What a method is: a way from a problem and a guess to states."""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
from jaxtyping import PyTree

from ..scans import Structure
from ..scans.recurrence import check_backend
from .loop import iterate
from .moves import Full, Move
from .problem import Problem, ravel_states, vectorise
from .solution import Options, Raw


class Method(eqx.Module):
    """A method runs a problem and can say in words what it does."""

    @abc.abstractmethod
    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        """Solves the problem, from `guess` or, if None, from `problem.default_guess()`."""

    def adjoint(self, problem: Problem) -> str:
        """How the gradient's linear recurrence is solved; see `adjoint.with_gradient`."""
        return problem.structure()

    def describe(self, problem: Problem) -> str:
        """What is run on this problem."""
        del problem
        return str(self)

    def check(self, problem: Problem) -> str | None:
        """The Jacobian structure that the user claims and nobody has proved, if any."""
        del problem
        return None

    def __str__(self) -> str:
        return f"{type(self).__name__}()"


class Iteration(Method):
    """A method that repeats one linearisation rule over all points at once.

    To add one: subclass, write `linearise`, and say in `structure` which of `"zero"`,
    `"identity"`, `"diagonal"`, `"block"` and `"dense"` its maps have. One that should not move
    all the way overrides `move`.
    """

    scan: eqx.AbstractVar[str]

    @abc.abstractmethod
    def linearise(self, problem: Problem, previous: PyTree) -> tuple[PyTree, Structure]:
        """f(h_{t-1}) and the maps A_t, for all t, at the points `previous`."""

    @abc.abstractmethod
    def structure(self, problem: Problem) -> str:
        """The structure of the maps A_t on this problem."""

    def move(self) -> Move:
        """How far an iterate moves, once its linearisation is known."""
        return Full()

    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        if guess is None:
            guess = problem.default_guess()
        problem, guess, restore = self.vectorised(problem, guess)
        move = self.move()
        return _restored(iterate(problem, guess, self.linearise, self.scan, options, move), restore)

    def vectorised(
        self, problem: Problem, guess: PyTree | None
    ) -> tuple[Problem, PyTree | None, Callable]:
        """Problem and guess in the form this method works on, and the way back for states."""
        if not self.needs_vectors(problem):
            return problem, guess, lambda states: states
        flat, restore = vectorise(problem)
        if guess is not None and flat is not problem:
            guess = ravel_states(guess)
        return flat, guess, restore

    def needs_vectors(self, problem: Problem) -> bool:
        """Whether the state must be one vector for this method."""
        return self.structure(problem) == "dense"


def _restored(raw: Raw, restore) -> Raw:
    """A result on vectors, back in the tree of the state."""
    iterates = raw.history.states
    if iterates is not None:
        iterates = jax.vmap(restore)(iterates)
    history = eqx.tree_at(lambda h: h.states, raw.history, iterates, is_leaf=lambda x: x is None)
    return Raw(restore(raw.states), raw.steps, raw.residual, history)


def checked_scan(scan: str) -> str:
    """A backend name, checked when the method is made."""
    check_backend(scan)
    return scan


def check_inner(name: str, method) -> None:
    """Raises `TypeError` unless `method` is an instance of a method."""
    if not isinstance(method, Method):
        raise TypeError(f"{name} takes a method such as pr.Newton(), got {method!r}")


def check_count(name: str, field: str, value) -> None:
    """Raises `ValueError` unless `value` is a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: {field} must be a positive int, got {value!r}")
