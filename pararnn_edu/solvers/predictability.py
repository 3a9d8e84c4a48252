"""Will Newton need few steps? How fast the trajectory forgets, and pilots on parts of it."""

import math
import textwrap
from collections.abc import Callable
from numbers import Integral

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from .advice import Pilot, advise, predict
from .arguments import check_method, checked_guess
from .lyapunov import growth, smallest_singular_value
from .method import Method
from .pilots import run_pilots, succeeded
from .problem import Posed, Problem, pose, ravel_states, vectorise
from .rules import Newton
from .solution import Options, default_tolerance


class Predictability(eqx.Module):
    """What a trajectory says about solving it in parallel. `print` it for a summary.

    - `lyapunov`: the largest Lyapunov exponent, per step, along these T steps. Divide by the
      time step for a differential equation.
    - `transient_growth`: the most that a small error grows over any stretch of steps,
      max over s < t of ||J_t .. J_{s+1}||: an estimate, and never more than the true value.
      `log_growth` is its logarithm, finite where the number itself is not.
    - `growth_span`: (s, t) of that stretch.
    - `smallest_singular_value`: of the matrix of the Newton system at the solution, where it
      is the sqrt(mu) of Gonzalez et al. (2025); estimated, and never less than the true value.
    - `bound`: (lower, upper) of that paper for sqrt(mu),
      (1/a) (e^l - 1) / (e^(l T) - 1) and min(e^(-l (T-1)) / b, 1), l the exponent. The
      constants a and b come from the tangents tried here, so the bound is an estimate too.
    - `pilots`: for each window length tried, the steps that the method needed there.
    - `predicted_steps`: extrapolated from the pilots to the whole sequence.
    - `measured_steps`: what the whole solve needed, T if it did not converge; None unless
      asked for.
    - `recommendation`: `"newton"`, `"windows"`, `"elk"` or `"sequential"`; `window`: how long,
      if windows are advised; `advice`: the same in words.
    """

    length: int
    size: int
    method: str
    lyapunov: float
    log_growth: float
    growth_span: tuple[int, int]
    smallest_singular_value: float
    bound: tuple[float, float]
    pilots: tuple[Pilot, ...]
    predicted_steps: int
    measured_steps: int | None
    recommendation: str
    window: int | None
    advice: str

    @property
    def transient_growth(self) -> float:
        return _exp(self.log_growth)

    def __str__(self) -> str:
        s, t = self.growth_span
        low, high = self.bound
        measured = "not measured" if self.measured_steps is None else str(self.measured_steps)
        tried = ", ".join(f"{p.steps} on {p.window}" for p in self.pilots)
        return "\n".join(
            [
                f"{self.length} steps of a state of {self.size} numbers, {self.method}",
                f"largest Lyapunov exponent: {self.lyapunov:+.4f} per step",
                f"transient growth: at least {_number(self.log_growth)}, steps {s + 1} to {t}",
                f"smallest singular value of the Newton matrix: "
                f"{self.smallest_singular_value:.2g} (bound {low:.2g} to {high:.2g})",
                f"pilots: {tried}",
                f"predicted steps: {self.predicted_steps}, measured: {measured}",
                textwrap.fill(f"advice: {self.advice}", 80, subsequent_indent="    "),
            ]
        )


def predictability(
    cell: Callable,
    xs: PyTree,
    h0: PyTree | None = None,
    *,
    method: Method = Newton(),  # noqa: B008 (frozen)
    tol: float | None = None,
    initial_guess: PyTree | None = None,
    measure: bool = False,
    seed: int = 0,
) -> Predictability:
    """Says how well the steps of `cell` on `xs` can be solved in parallel, and how to.

    - `cell`, `xs`, `h0`, `tol`, `initial_guess`: as for `solve`.
    - `method`: the method whose steps are predicted.
    - `measure`: whether to solve the whole sequence too, for `measured_steps`.
    - `seed`: of the random tangent vectors.

    The states are found step by step first. The exponent and the growth come from tangent
    vectors along them (`lyapunov.py`): 20 forward derivatives a step, O(T n) memory, no
    Jacobian formed. The prediction comes from *pilots*, solves of windows from exact states,
    since no exponent alone predicts a count (chapter 9). The longest has T / 2 steps, at most
    1024, each shorter one a quarter of that; each is solved at three places. If the last two
    need m and n steps, the whole is taken to need n (T / window)^p, where 4^p = n / m and p
    lies between 0 and 1. Once a window needs half of its length, p is 1 and longer ones
    are not tried; once a residual soars on the way, every further step is taken to cost one
    iteration. On the tests' problems the prediction is within a factor of 2.5 of the count.
    What happens only in stretches longer than the pilots, or between them, they cannot tell.
    A pilot costs what `method` costs on so many steps, dense Jacobians included.

    **Raises** `ValueError` if there are fewer than 4 steps or the states are not finite,
    `TypeError` under a JAX transformation, since advice in words needs numbers.
    """
    check_method(method)
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise ValueError(f"seed must be an int, got {seed!r}")
    if any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves((cell, xs, h0))):
        raise TypeError("predictability gives advice in words: call it outside jit, vmap and grad")
    posed = pose(cell, xs, h0)
    problem = posed.problem
    if problem.length < 4:
        raise ValueError(f"predictability needs at least 4 steps, got {problem.length}")
    tol = default_tolerance(posed.dtypes) if tol is None else float(tol)
    guess = checked_guess(posed, initial_guess)
    states = _finite_states(posed)
    flat, _ = vectorise(problem)
    previous = ravel_states(problem.previous(states))
    grown = growth(flat, previous, seed)
    singular = float(smallest_singular_value(flat, previous, seed))
    pilots = run_pilots(problem, states, guess, method, tol)
    steps = predict(pilots, problem.length)
    recommendation, window, advice = advise(
        grown.exponent, grown.log_growth, pilots, steps, problem.length
    )
    return Predictability(
        length=problem.length,
        size=previous.shape[1],
        method=method.describe(problem),
        lyapunov=grown.exponent,
        log_growth=grown.log_growth,
        growth_span=grown.span,
        smallest_singular_value=singular,
        bound=bound(grown.exponent, problem.length, grown.log_a, grown.log_b),
        pilots=pilots,
        predicted_steps=steps,
        measured_steps=_measured(problem, guess, method, tol) if measure else None,
        recommendation=recommendation,
        window=window,
        advice=advice,
    )


def bound(exponent: float, length: int, log_a: float, log_b: float) -> tuple[float, float]:
    """The bound of Gonzalez et al. (2025) for sqrt(mu), from the exponent and a, b.

    The lower end is 1 over a times the geometric series of e^exponent over all steps.
    """
    powers = exponent * np.arange(length)
    series = powers.max() + math.log(np.sum(np.exp(powers - powers.max())))
    return _exp(-log_a - series), min(1.0, _exp(-exponent * (length - 1) - log_b))


def _measured(problem: Problem, guess: PyTree | None, method: Method, tol: float) -> int:
    options = Options(tol, problem.length, False)
    raw = eqx.filter_jit(method.run)(problem, guess, options)
    return int(raw.steps) if succeeded(raw, tol) else problem.length


def _finite_states(posed: Posed) -> PyTree:
    states = eqx.filter_jit(Problem.unroll)(posed.problem)
    flat = np.asarray(ravel_states(states))
    bad = np.flatnonzero(~np.isfinite(flat).all(axis=1))
    if bad.size:
        raise ValueError(
            f"the states of {posed.name} are not finite from step {bad[0] + 1} on, so there is "
            "no trajectory to examine; check the weights and inputs, or use float64"
        )
    return states


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf


def _number(log: float) -> str:
    """A number given by its logarithm, also where it is too large for a float."""
    return f"{_exp(log):.3g}" if log < 700 else f"10^{log / math.log(10):.0f}"
