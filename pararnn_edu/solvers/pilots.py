"""Pilots: a method tried on windows of a trajectory that is already known."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, PyTree

from .advice import Pilot
from .method import Method
from .problem import Problem
from .solution import Options, Raw, all_finite

PLACES = 3  # pilots start at the beginning, the middle and the end
SHORTEST, FACTOR, LONGEST = 8, 4, 1024
WILD = 1e4  # a residual that rises by more than this on the way counts as wild


def run_pilots(
    problem: Problem, states: PyTree, guess: PyTree | None, method: Method, tol: float
) -> tuple[Pilot, ...]:
    """The method on windows of growing length, from exact states."""
    found, windows = [], [min(problem.length // 2, LONGEST)]
    while windows[0] >= SHORTEST * FACTOR:
        windows.insert(0, windows[0] // FACTOR)
    for window in windows:
        starts = jnp.linspace(0, problem.length - window, PLACES).astype(int)
        options = Options(tol, window, False)
        results = _solve_windows(problem, states, guess, starts, method, options)
        steps, calm, ok = map(np.asarray, results)
        # A window that needs all its steps, or did not converge in them, counts in full.
        steps = int(np.max(np.where(ok, steps, window)))
        found.append(Pilot(window, steps, bool(np.all(calm))))
        if found[-1].front or not found[-1].calm:
            break
    return tuple(found)


@eqx.filter_jit
def _solve_windows(
    problem: Problem,
    states: PyTree,
    guess: PyTree | None,
    starts: Array,
    method: Method,
    options: Options,
) -> tuple[Array, Array, Array]:
    """Steps, whether the residual stayed within bounds, and convergence at every start.

    A window is as long as the steps it is allowed.
    """
    previous, window = problem.previous(states), options.max_steps

    def at(start):
        cut = lambda x: lax.dynamic_slice_in_dim(x, start, window)
        inputs, first_guess = jax.tree.map(cut, (problem.inputs, guess))
        h0 = jax.tree.map(lambda p: p[start], previous)
        raw = method.run(problem.restricted(inputs, h0), first_guess, options)
        seen = jnp.where(raw.history.noted, raw.history.residual, 0)
        calm = jnp.all(seen <= WILD * jnp.maximum(seen[0], options.tol))
        return raw.steps, calm, succeeded(raw, options.tol)

    return lax.map(at, starts)  # one after the other: the memory of one window


def succeeded(raw: Raw, tol: float) -> Bool[Array, ""]:
    """Whether a run reached the tolerance with finite states."""
    return (raw.residual <= tol) & all_finite(raw.states)
