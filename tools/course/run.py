"""Run a restored notebook: all that students see first, then the hidden tests.

A cell that kills the kernel is left out and the rest is run again, so that one bad answer does not
cost the others their points.
"""

import time
from dataclasses import dataclass, field

from nbformat import NotebookNode

from . import inside
from .cells import code, is_hidden, kind, name
from .kernel import Done, Kernel, Stopped, error

RESTARTS = 3
OWN = 30.0  # seconds for the grader's own pieces of code


@dataclass
class Run:
    """What happened, in words; the outputs are in the notebook."""

    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0  # by the clock
    worked: float = 0.0  # of the processor


def run(notebook: NotebookNode, new_jail) -> Run:
    """Run `notebook` and put the outputs into it. `new_jail()` makes a `Jail`, one for each start.

    Every test cell ends with an error output unless it ran to its end without one.
    """
    work = _Work(notebook, new_jail)
    started, worked = time.monotonic(), 0.0
    for _ in range(RESTARTS + 1):
        jail = new_jail()
        kernel = Kernel(jail)
        try:
            with kernel:
                work.go_through(kernel)
            break
        except Stopped as reason:
            work.stopped(str(reason))
            if work.late():
                break
        finally:
            worked += kernel.worked
            jail.remove()
    work.close()
    return Run(work.notes, time.monotonic() - started, worked)


class _Work:
    """The cells, which of them are done, and which must not be run again."""

    def __init__(self, notebook: NotebookNode, new_jail) -> None:
        cells = code(notebook)
        self.seen = [cell for cell in cells if not is_hidden(cell)]
        self.hidden = [cell for cell in cells if is_hidden(cell)]
        self.order = cells
        self.notes: list[str] = []
        self.finished: set[int] = set()  # places in `order`
        self.killers: set[int] = set()
        self.current: int | None = None
        self.deadline = time.monotonic()
        for cell in cells:
            cell.outputs, cell.execution_count = [], None

    def go_through(self, kernel: Kernel) -> None:
        """The visible cells, then the hidden ones; `Stopped` when the kernel is lost."""
        limits = kernel.jail.limits
        if not self.finished and not self.killers:
            self.deadline = time.monotonic() + limits.total
        self.current = None
        self._own(kernel, inside.start())
        for place, cell in enumerate(self.order):
            if is_hidden(cell):
                self._own(kernel, inside.remember(name(cell)))
            elif place not in self.killers:
                self._cell(kernel, place, limits.start if not place else limits.cell)
        for place, cell in enumerate(self.order):
            if is_hidden(cell) and place not in self.finished | self.killers:
                self._own(kernel, inside.recall(name(cell)))
                self._cell(kernel, place, limits.cell)

    def _cell(self, kernel: Kernel, place: int, seconds: float) -> None:
        """Run one cell; keep its outputs the first time."""
        left = self.deadline - time.monotonic()
        if left < 0:
            raise Stopped("the time for the whole notebook is over")
        cell, self.current = self.order[place], place
        if kind(cell) == "tests":
            self._own(kernel, inside.fresh())
        done = kernel.run(cell.source, min(seconds, left + 1))
        if place not in self.finished:
            self.finished.add(place)
            self._keep(cell, place, done)
        self.current = None

    def _keep(self, cell: NotebookNode, place: int, done: Done) -> None:
        cell.outputs, cell.execution_count = done.outputs, place + 1
        if done.cut:
            self.killers.add(place)  # should the kernel be lost later, this one would cost again
            cell.outputs.append(error("Stopped", done.cut))
            self.notes.append(f"{self._name(place)}: {done.cut}")

    def _own(self, kernel: Kernel, piece: str) -> None:
        """One of the grader's own pieces. `Stopped` if it fails: the kernel is not what it was."""
        done = kernel.run(piece, OWN, silent=True)
        if done.failed:
            said = done.cut or f"{done.outputs[-1].ename}: {done.outputs[-1].evalue}"
            raise Stopped(f"the student's code has broken the kernel ({said})")

    def stopped(self, reason: str) -> None:
        """The kernel is gone: note which cell did it, and do not run that one again."""
        place, self.current = self.current, None
        if place is None:
            self.notes.append(f"between two cells: {reason}")
            return
        self.killers.add(place)
        self.finished.add(place)
        self.order[place].outputs = [error("Stopped", reason)]
        self.notes.append(f"{self._name(place)}: {reason}")

    def late(self) -> bool:
        """Whether the time for the whole notebook is over."""
        return time.monotonic() > self.deadline

    def close(self) -> None:
        """No test passes because it was not run."""
        left = [
            p for p, c in enumerate(self.order) if kind(c) == "tests" and p not in self.finished
        ]
        for place in left:
            self.order[place].outputs = [error("NotRun", "the notebook ended before this cell")]
        if left:
            self.notes.append(f"not run: {', '.join(self._name(place) for place in left)}")

    def _name(self, place: int) -> str:
        return name(self.order[place]) or f"the student's own cell {place + 1}"
