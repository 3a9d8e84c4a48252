"""Choosing a method by device, structure and size."""

import jax
from jaxtyping import PyTree

from ..scans.device import has_kernels
from .fused import Fused, suits
from .method import Method
from .otherwise import Otherwise
from .problem import Problem
from .rules import Newton
from .sequential import Sequential
from .shooting import MultipleShooting
from .solution import Options, Raw


class Auto(Method):
    """Picks a method by device, Jacobian structure and size; `solution.method` says which.

    On a CPU a compiled loop is the fastest way forward: `Sequential`. Only where the state is one
    number, and one sequence is long, has the processor lanes to spare: then Newton over segments
    of 64 steps, three steps of it at most, and `Sequential` where that was not enough. On an
    accelerator a
    loop pays one launch or more for every step: Newton over segments for diagonal and block
    Jacobians, Newton for small dense ones (up to 16 state numbers, where the d^3 of a dense
    scan is still cheap), `Sequential` for the rest. Sequences shorter than 64 are run
    sequentially everywhere. The thresholds for accelerators come from published timings of
    DEER (Lim et al. 2024), not from measurements of this library.

    On a GPU of compute capability 8.0 or more, a ParaGRU or ParaLSTM in float32 or less is first
    given to the kernels, `Fused`. Their two shots are enough for a cell that forgets within a
    chunk, and too few for one that remembers longer. So their states are checked, all of them and
    by XLA, and where the residual is above the tolerance Newton over segments begins anew: what
    it solves, `Auto` solves. See `Otherwise` for what that costs: where the kernels suffice, one
    more pass over the states; where they do not, their time. Neither has been timed on a GPU.
    """

    def choice(
        self, problem: Problem, device: str | None = None, kernels: bool | None = None
    ) -> Method:
        """The method for this problem on `device` (`"cpu"`, `"gpu"`, ...).

        `kernels` says whether the device runs the Pallas kernels; None to ask this machine's.
        """
        device = device or jax.default_backend()
        size = sum(leaf.size for leaf in jax.tree.leaves(problem.h0))
        if device == "cpu" and _is_thin(problem):
            shooting = MultipleShooting(Newton(), segments=problem.length // 64)
            return Otherwise(shooting, Sequential(), tries=3, alone=True)
        if device == "cpu" or problem.length < 64:
            return Sequential()
        if problem.structure() != "dense":
            shooting = MultipleShooting(Newton(), segments=max(1, round(problem.length**0.5)))
            kernels = has_kernels() if kernels is None else kernels
            return Otherwise(Fused(), shooting) if kernels and suits(problem) else shooting
        return Newton() if size <= 16 else Sequential()

    def run(self, problem: Problem, guess: PyTree | None, options: Options) -> Raw:
        return self.choice(problem).run(problem, guess, options)

    def adjoint(self, problem: Problem) -> str:
        return self.choice(problem).adjoint(problem)

    def describe(self, problem: Problem) -> str:
        return f"Auto: {self.choice(problem).describe(problem)}"


def _is_thin(problem: Problem) -> bool:
    """One channel, with a Jacobian of its own structure, over a long time."""
    leaves = jax.tree.leaves(problem.h0)
    thin = max(leaf.size for leaf in leaves) == 1 and problem.length >= 8192
    return thin and problem.structure() != "dense"
