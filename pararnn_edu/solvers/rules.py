"""The linearisation rules: one idea, h_t(new) = f(h_{t-1}) + A_t (h_{t-1}(new) - h_{t-1}).

    A_t = 0           Jacobi          what the DEER slides call Picard
    A_t = I           Picard          as in the later papers and for differential equations
    A_t = diag J_t    QuasiNewton     quasi-DEER
    A_t = J_t         Newton          DEER, ParaRNN
    A_t = (1-k) J_t   Damped

All are exact after at most T steps, whatever the guess: state 1 after the first step, state 2
after the second, and so on. They differ in how much sooner they are done.
"""

import equinox as eqx
import jax
from jaxtyping import PyTree

from ..scans import Identity, Structure, Zero
from . import linearise
from .method import Iteration, checked_scan
from .moves import RADIUS, Full, Move, Search, check_radius
from .problem import Problem

JACOBIANS = ("auto", "dense", "diagonal", "block")
SPARSER = ("diagonal", "block", "dense")


class Jacobi(Iteration):
    """A = 0: every step is taken from the old states, h_t(new) = f(h_{t-1}).

    One evaluation of f a step, no scan. Information moves one place per iteration, so T
    iterations are needed unless the recurrence forgets quickly. The DEER slides (Lim et al.
    2024) call it Picard iteration; Gonzalez et al. (2026) call it Jacobi, as here.
    """

    scan: str = eqx.field(static=True, default="auto", converter=checked_scan)

    def linearise(self, problem: Problem, previous: PyTree) -> tuple[PyTree, Structure]:
        return problem.image(previous), Zero()

    def structure(self, problem: Problem) -> str:
        return "zero"


class Picard(Iteration):
    """A = I: a running sum of f(h_{t-1}) - h_{t-1}, Picard's iteration for ODEs.

    Good when f is close to the identity, as a small time step of an ODE is. Source: Gonzalez
    et al. (2026), table 1.
    """

    scan: str = eqx.field(static=True, default="auto", converter=checked_scan)

    def linearise(self, problem: Problem, previous: PyTree) -> tuple[PyTree, Structure]:
        return problem.image(previous), Identity()

    def structure(self, problem: Problem) -> str:
        return "identity"


class Newton(Iteration):
    """A = J: Newton's method on the whole sequence; DEER (Lim et al. 2024), ParaRNN.

    Quadratic convergence near the solution; a linear recurrence takes one step. Each
    iteration costs O(T d) for diagonal and block Jacobians, and O(T d^3) work and O(T d^2)
    memory for dense ones.

    - `jacobian`: `"auto"` finds the structure out (see `jacobian_structure`), and uses the
      cell's own `jacobian(h, u)` if it has one. Naming it by hand is for Jacobians whose
      structure cannot be proved from the program; the claim is tested at run time, and a wrong
      one is an error.
    - `scan`: the backend of `linear_recurrence`.
    """

    jacobian: str = eqx.field(static=True, default="auto")
    scan: str = eqx.field(static=True, default="auto", converter=checked_scan)

    def __check_init__(self):
        if self.jacobian not in JACOBIANS:
            raise ValueError(
                f"Newton's jacobian must be one of {list(JACOBIANS)}, got {self.jacobian!r}"
            )

    def linearise(self, problem: Problem, previous: PyTree) -> tuple[PyTree, Structure]:
        return linearise.jacobian(problem, previous, self.structure(problem))

    def structure(self, problem: Problem) -> str:
        if self.jacobian != "auto":
            return self.jacobian
        found, form = problem.structure(), problem.closed_form
        return found if form is None else min(found, form.structure, key=SPARSER.index)

    def check(self, problem: Problem) -> str | None:
        if self.jacobian in ("auto", "dense"):
            return None
        found = problem.structure()
        shapes = [leaf.shape for leaf in jax.tree.leaves(problem.h0)]
        if self.jacobian == "block" and not (len(shapes) == 2 and shapes[0] == shapes[1]):
            raise ValueError(
                "jacobian='block' needs a state of two planes of one shape, such as an LSTM's "
                f"(c, h); this state has {len(shapes)} leaves, of shapes {shapes}"
            )
        proved = found == self.jacobian or found == "diagonal"
        return None if proved else self.jacobian

    def describe(self, problem: Problem) -> str:
        return f"Newton(jacobian={self.structure(problem)!r})"

    def __str__(self) -> str:
        return f"Newton(jacobian={self.jacobian!r})"


class QuasiNewton(Iteration):
    """A = diag J: Newton with all but the diagonal dropped; quasi-DEER.

    O(T d) memory for any cell, at linear instead of quadratic convergence. For a cell whose
    Jacobian is diagonal it is Newton. The gradient still uses the exact Jacobian. Source:
    Gonzalez et al. (ELK, 2024), section 4.1.
    """

    scan: str = eqx.field(static=True, default="auto", converter=checked_scan)

    def linearise(self, problem: Problem, previous: PyTree) -> tuple[PyTree, Structure]:
        if problem.structure() == "diagonal":
            return linearise.jacobian(problem, previous, "diagonal")
        return linearise.diagonal_of_dense(problem, previous)

    def structure(self, problem: Problem) -> str:
        return "diagonal"

    def needs_vectors(self, problem: Problem) -> bool:
        return problem.structure() != "diagonal"


class Damped(Iteration):
    """A = (1 - k) A': the maps of `method`, shrunk by `damping` = k.

    Between Newton (k = 0) and Jacobi (k = 1): shorter steps that overflow less.

    - `damping`: a number in [0, 1], for every step, at the price of linear convergence; or
      `"search"`, the smallest k in 0, 1/2, 3/4, ..., 63/64, 1 for which no state moves by more
      than `radius` max(1, |h|). Near the solution that is k = 0, and the convergence
      `method`'s own. A trial costs one linear recurrence, no evaluation of f.

    Source: Gonzalez et al. (2026), scaled quasi-Newton; the search is ours.
    """

    damping: float | str = eqx.field(static=True, default=0.5)
    method: Iteration = Newton()
    radius: float = eqx.field(static=True, default=RADIUS)

    def __check_init__(self):
        number = isinstance(self.damping, int | float) and not isinstance(self.damping, bool)
        if not (self.damping == "search" or (number and 0 <= self.damping <= 1)):
            raise ValueError(
                f'damping must be a number in [0, 1], or "search", got {self.damping!r}'
            )
        if not isinstance(self.method, Newton | QuasiNewton):
            raise ValueError(
                f"Damped shrinks the Jacobians of pr.Newton or pr.QuasiNewton, got {self.method}"
            )
        check_radius("Damped", self.radius)

    @property
    def scan(self) -> str:
        return self.method.scan

    def linearise(self, problem: Problem, previous: PyTree) -> tuple[PyTree, Structure]:
        image, maps = self.method.linearise(problem, previous)
        return image, maps if self.damping == "search" else maps.scale(1 - self.damping)

    def move(self) -> Move:
        return Search(self.radius) if self.damping == "search" else Full()

    def structure(self, problem: Problem) -> str:
        return self.method.structure(problem)

    def needs_vectors(self, problem: Problem) -> bool:
        return self.method.needs_vectors(problem)

    def check(self, problem: Problem) -> str | None:
        return self.method.check(problem)

    def describe(self, problem: Problem) -> str:
        return self._text(self.method.describe(problem))

    def __str__(self) -> str:
        return self._text(str(self.method))

    def _text(self, method: str) -> str:
        damping = self.damping if self.damping == "search" else f"{self.damping:g}"
        return f"Damped({damping}, {method})"
