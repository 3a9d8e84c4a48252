"""Checks of the arguments of `solve`: what came, what was expected, the likely fix."""

import difflib
import inspect
from numbers import Integral

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from .method import Method
from .problem import Posed

FAILURES = ("raise", "return", "sequential")


def check_method(method) -> None:
    """Raises `TypeError`, with the likely name, unless `method` is a method's instance."""
    if isinstance(method, Method):
        return
    names = [c.__name__ for c in _subclasses(Method) if not inspect.isabstract(c)]
    if isinstance(method, type) and issubclass(method, Method):
        raise TypeError(
            f"method must be an instance, got the class {method.__name__}; "
            f"write pr.{method.__name__}()"
        )
    close = difflib.get_close_matches(str(method).title(), names, 1, cutoff=0.4)
    hint = f" Did you mean pr.{close[0]}()?" if close else ""
    raise TypeError(
        f"method must be one of {', '.join(f'pr.{n}()' for n in sorted(names))}; "
        f"got {method!r}.{hint}"
    )


def _subclasses(cls) -> list[type]:
    direct = cls.__subclasses__()
    return [*direct, *(sub for d in direct for sub in _subclasses(d))]


def check_choice(name: str, value, choices) -> None:
    """Raises `ValueError`, with the likely choice, unless `value` is one of `choices`."""
    if value not in choices:
        close = difflib.get_close_matches(str(value), choices, 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"{name} must be one of {list(choices)}, got {value!r}.{hint}")


def check_positive(name: str, value, kind) -> None:
    """Raises `ValueError` unless `value` is None or positive and of the given kind."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, kind) or not value > 0:
        want = "int" if kind is Integral else "number"
        raise ValueError(f"{name} must be a positive {want} or None, got {value!r}")


def checked_guess(posed: Posed, guess: PyTree | None) -> PyTree | None:
    """The guess in the compute dtype, or a `ValueError` that names both shapes."""
    if guess is None:
        return None
    problem = posed.problem
    wanted = jax.eval_shape(problem.default_guess)
    guess = jax.tree.map(jnp.asarray, guess)
    shapes = [x.shape for x in jax.tree.leaves(guess)]
    expected = [x.shape for x in jax.tree.leaves(wanted)]
    if jax.tree.structure(guess) != jax.tree.structure(wanted) or shapes != expected:
        raise ValueError(
            "initial_guess must hold one state per step, in the tree of the state, of shape "
            f"{expected[0] if len(expected) == 1 else expected}; "
            f"got {shapes[0] if len(shapes) == 1 else shapes}"
        )
    return jax.tree.map(lambda g, w: g.astype(w.dtype), guess, wanted)
