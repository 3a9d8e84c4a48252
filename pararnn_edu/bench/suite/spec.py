"""What a problem is, and what competes to solve it."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtyping import PyTree

GROUPS = {
    "linear": "a linear recurrence",
    "forward": "all states of a cell",
    "step": "states and gradients of a cell",
}
LINEAR = ("diagonal", "block", "dense")
# Without it XLA runs the small loops inside differentiated scans in a slower way.
FLAG = "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=65536"


class Problem(NamedTuple):
    """A recurrence of one size, and what is timed of it."""

    group: str
    """`"linear"`, `"forward"` (a cell's states) or `"step"` (with gradients)."""
    kind: str
    """Structure of the matrices, or name of the cell."""
    T: int
    d: int
    batch: int = 1
    dtype: str = "float32"
    memory: str = "short"
    """`"long"` for cells made to remember: gates biased by 4, so that Newton needs more steps."""
    flagged: bool = False
    """In a process of its own, with XLA's FLAG."""

    @property
    def name(self) -> str:
        """Such as step/ParaGRU/8x2048x256, with what is not usual at the end."""
        batch = f"{self.batch}x" if self.batch > 1 else ""
        unusual = [
            self.dtype * (self.dtype != "float32"),
            self.memory * (self.memory != "short"),
            "flag" * self.flagged,
        ]
        size = f"{batch}{self.T}x{self.d}"
        return "/".join([self.group, self.kind, size, *filter(None, unusual)])


class Variant(NamedTuple):
    """One way to solve a problem."""

    label: str
    call: Callable
    """`call(*args)`, to be compiled, returns an `Outcome`."""
    args: tuple
    chosen: list
    """Filled while `call` is traced: what the library says that it runs."""


class Outcome(NamedTuple):
    """What a call returns; everything in it is computed in the time that is measured."""

    states: PyTree
    """(T, d) or, with a batch, (T, batch, d); None for what only moves bytes."""
    gradients: PyTree = None
    about: PyTree = None
    """`steps`, `converged`, `residual` of a solver; None for a loop."""


class Built(NamedTuple):
    """A problem ready to be timed."""

    variants: dict[str, Variant]
    """The first is the baseline."""
    left_out: dict[str, str]
    """Variants that are not run at this size or on this device, and why."""
    reference: Outcome
    """In float64, as numpy arrays, by a loop on the CPU."""
