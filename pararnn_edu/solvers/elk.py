"""ELK: evaluating Levenberg-Marquardt with Kalman (Gonzalez et al. 2024)."""

from numbers import Real

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import PyTree

from ..scans import Structure
from . import kalman
from .method import Iteration, check_inner
from .moves import RADIUS, Move, check_radius, largest_move
from .problem import Problem
from .rules import Newton, QuasiNewton

ESTIMATES = ("smoother", "filter")
START, SMALLEST, LARGEST, FACTOR = 1e-3, 1e-9, 1e6, 5.0


class ELK(Iteration):
    """A Levenberg-Marquardt step: Newton with a price on the size of the correction.

        minimise  1/2 sum_t |h_t - f_t - J_t (h_{t-1} - h_{t-1}(old))|^2
                  + damping/2 sum_t |h_t - h_t(old)|^2

    over h_1..h_T, by a Kalman pass over time that runs in parallel. `damping` = 0 would be
    Newton; a large one makes small, safe steps.

    - `method`: `pr.Newton()` uses J_t as it is, `pr.QuasiNewton()` its diagonal: quasi-ELK, d
      filters of one number each.
    - `damping`: a positive number, or None to adapt it: times 5 after a step in which any
      state moved by more than `radius` max(1, |h|), divided by 5 after any other. The size of
      the step is watched and not the residual, because the residual of the whole sequence says
      little: far from the start it may grow for many steps while the states before it settle.
    - `estimate`: `"filter"`, the causal estimate that the published code of the authors
      returns, or `"smoother"`, the minimiser of the paper's formula.

    Costs O(T d^3) work and O(T d^2) memory for dense Jacobians, O(T d) for diagonal and block
    ones, with a larger constant than Newton. Exact after at most T steps: see
    `solvers/kalman.py`. Source: Gonzalez et al. (ELK, 2024), section 4.2.
    """

    method: Iteration = Newton()
    damping: float | None = eqx.field(static=True, default=None)
    estimate: str = eqx.field(static=True, default="filter")
    radius: float = eqx.field(static=True, default=RADIUS)

    def __check_init__(self):
        check_inner("ELK", self.method)
        if not isinstance(self.method, Newton | QuasiNewton):
            raise ValueError(f"ELK damps pr.Newton or pr.QuasiNewton, got {self.method}")
        if self.damping is not None and not _is_positive(self.damping):
            raise ValueError(
                f"ELK: damping must be a positive number, or None to adapt it, got {self.damping!r}"
            )
        if self.estimate not in ESTIMATES:
            raise ValueError(f"estimate must be one of {list(ESTIMATES)}, got {self.estimate!r}")
        check_radius("ELK", self.radius)

    @property
    def scan(self) -> str:
        return self.method.scan

    def linearise(self, problem: Problem, previous: PyTree) -> tuple[PyTree, Structure]:
        return self.method.linearise(problem, previous)

    def structure(self, problem: Problem) -> str:
        return self.method.structure(problem)

    def needs_vectors(self, problem: Problem) -> bool:
        return self.method.needs_vectors(problem)

    def check(self, problem: Problem) -> str | None:
        return self.method.check(problem)

    def move(self) -> Move:
        return KalmanMove(self.damping, self.estimate == "smoother", self.radius)

    def describe(self, problem: Problem) -> str:
        return self._text(self.method.describe(problem))

    def __str__(self) -> str:
        return self._text(str(self.method))

    def _text(self, method: str) -> str:
        damping = "adaptive" if self.damping is None else f"{self.damping:g}"
        return f"ELK({method}, damping={damping}, {self.estimate})"


class KalmanMove(Move):
    """One Kalman pass; remembers the damping if that adapts."""

    damping: float | None = eqx.field(static=True)
    smooth: bool = eqx.field(static=True)
    radius: float = eqx.field(static=True)

    def start(self, dtype):
        return jnp.asarray(START if self.damping is None else self.damping, dtype)

    def __call__(self, maps, gap, points, exact, control, backend):
        # The row after the exact ones follows f strictly too, and so becomes exact.
        strict = jnp.concatenate([jnp.ones(1, bool), exact[:-1]])
        carried = kalman.step(maps, gap, strict, control, self.smooth, backend)
        if self.damping is not None:
            return carried, control
        too_far = ~(largest_move(gap, carried, points) <= self.radius)
        new = jnp.where(too_far, control * FACTOR, control / FACTOR)
        return carried, jnp.clip(new, SMALLEST, LARGEST).astype(control.dtype)


def _is_positive(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and value > 0
