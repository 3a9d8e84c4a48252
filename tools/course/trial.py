"""Try a set before anyone is graded by it: its answers, the empty notebook, every known mistake.

All in one kernel. A mistake is put in the place of its answer, and the rest of its problem is run
again; what other problems have cannot depend on it, which `check` of the sources makes sure of.
"""

import importlib
from collections.abc import Callable, Iterator

from nbformat import NotebookNode

from . import inside, sources
from .cells import by_machine, code, is_hidden, kind, name, problems
from .folders import compiled
from .grade import Grader
from .kernel import Done, Kernel
from .variants import PUBLISHED

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
WANT_OF_ANSWERS = {"NotImplementedError", "NameError"}
Mistakes = dict[str, list[tuple[str, set[str]]]]


def mistakes_of(set_name: str) -> Mistakes:
    """Answer -> [(wrong code, cells lost)] from tests/course/mistakes."""
    return importlib.import_module(f"tests.course.mistakes.{set_name}").MISTAKES


def trial(set_name: str, seed: str = PUBLISHED, say: Callable[[str], None] = print) -> list[str]:
    """Try one set and say what each came to; the lines about what is not as it should be."""
    notebook = sources.read(set_name, seed)
    mistakes = mistakes_of(set_name) if seed == PUBLISHED else {}
    grader = Grader(notebook)
    jail = grader.jail(compiled=None, compiled_to=compiled())
    wrong = []
    try:
        with Kernel(jail) as kernel:
            for line, good in _Trial(notebook, kernel).everything(mistakes):
                say(f"{'ok   ' if good else 'WRONG'} {set_name}: {line}")
                wrong += [] if good else [f"{set_name}: {line}"]
    finally:
        jail.remove()
    return wrong


class _Trial:
    def __init__(self, notebook: NotebookNode, kernel: Kernel) -> None:
        self.cells, self.kernel = code(notebook), kernel
        self.tests, self.where = by_machine(notebook), problems(notebook)

    def everything(self, mistakes: Mistakes) -> Iterator[tuple[str, bool]]:
        """(what was tried and found, whether that is right)."""
        errors = self.run(self.cells, {})
        yield _told("the answers", errors, set())
        errors = self.again(next(c for c in self.cells if kind(c) == "solution"), None)
        yield _told("the untouched notebook", errors, set(self.tests))
        others = set(errors.values()) - WANT_OF_ANSWERS
        yield f"the untouched notebook raises {sorted(set(errors.values()))}", not others
        for answer, wrong in mistakes.items():
            cell = next(cell for cell in self.cells if name(cell) == answer)
            for number, (text, lost) in enumerate(wrong, 1):
                yield _told(f"mistake {number} in {answer}", self.again(cell, text), lost)

    def again(self, cell: NotebookNode, text: str | None) -> dict[str, str]:
        """Run the rest of a problem with `text` for an answer; None: all, with no answers."""
        self.own(inside.recall(f"before {name(cell)}"))
        rest = self.cells[self.cells.index(cell) :]
        if text is None:
            return self.run(rest, {name(c): STUB for c in rest if kind(c) == "solution"})
        same = [c for c in rest if self.where.get(name(c)) == self.where[name(cell)]]
        return self.run(same, {name(cell): text})

    def run(self, cells: list[NotebookNode], answers: dict[str, str]) -> dict[str, str]:
        """Run cells as the grader does, hidden ones last; test -> error, of those that failed."""
        errors: dict[str, str] = {}
        for cell in cells:
            if is_hidden(cell):
                self.own(inside.remember(name(cell)))
                continue
            if kind(cell) == "solution" and not answers:
                self.own(inside.remember(f"before {name(cell)}"))
            self.one(cell, answers.get(name(cell), cell.source), errors)
        for cell in filter(is_hidden, cells):
            self.own(inside.recall(name(cell)))
            self.one(cell, cell.source, errors)
        return errors

    def one(self, cell: NotebookNode, text: str, errors: dict[str, str]) -> None:
        """Run one cell, and note the error if it is a test."""
        if name(cell) in self.tests:
            self.own(inside.fresh())
        done = self.kernel.run(text, self.kernel.jail.limits.cell)
        if done.failed and name(cell) in self.tests:
            errors[name(cell)] = _error(done)

    def own(self, piece: str) -> None:
        """One of the grader's own pieces."""
        done = self.kernel.run(piece, 30, silent=True)
        if done.failed:
            raise RuntimeError(f"the grader's own code failed: {_error(done)}")


def _error(done: Done) -> str:
    return done.cut or next(o.ename for o in done.outputs if o.output_type == "error")


def _told(what: str, errors: dict[str, str], wanted: set[str]) -> tuple[str, bool]:
    """One line: what was lost, and what else should have been."""
    lost = set(errors)
    text = f"{what} lost {len(lost)} tests"
    if lost != wanted:
        text += f": too many {sorted(lost - wanted)}, too few {sorted(wanted - lost)}"
    return text, lost == wanted
