"""One course for all tests: released, handed in by several students, graded."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from nbformat import NotebookNode

from tests.course.mistakes import STUDENTS
from tools import course, problem_set
from tools.locked import locked


class Graded(NamedTuple):
    """A graded problem set."""

    folder: Path
    scores: dict[str, dict[str, float | None]]  # student -> cell -> points

    def notebook(self, *place: str) -> NotebookNode:
        """`notebook("release")`, `notebook("autograded", student)`."""
        return nbformat.read(self.folder.joinpath(*place, "ps1", "ps1.ipynb"), as_version=4)


@pytest.fixture(scope="session")
def graded(tmp_path_factory, worker_id) -> Graded:
    """Problem set 1, graded once even when several processes run the tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "course"
    result = folder / "scores.json"
    with locked(folder.with_suffix(".lock")):
        if not result.exists():
            scores = grade(folder)
            result.write_text(json.dumps(scores), encoding="utf-8")
    return Graded(folder, json.loads(result.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def worker_id(request) -> str:
    """The name of this process under pytest-xdist, also when that is not in use."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")


def grade(folder: Path) -> dict:
    """Release, hand in, grade; the scores."""
    folder.mkdir(parents=True)
    try:
        released = nbformat.read(course.release("ps1", folder), as_version=4)
    except course.NoPackages as error:
        pytest.skip(f"nbgrader could not be installed, pip reaches no package index: {error}")
    for student, notebook in submissions(released).items():
        path = folder / "submitted" / student / "ps1" / "ps1.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    with pytest.MonkeyPatch.context() as patch:
        # The same tests are compiled for each student: keep what was compiled, for this run only.
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(folder / "compiled"))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        course.nbgrader(folder, "autograde", "ps1")
    script = Path(__file__).with_name("scores.py")
    command = [course.environment(), script, "ps1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def submissions(released: NotebookNode) -> dict[str, NotebookNode]:
    """What each student hands in: the released notebook with some answers filled in."""
    right = {
        cell.metadata["nbgrader"]["grade_id"]: cell.source
        for cell in problem_set.graded(problem_set.read("ps1"))
        if cell.metadata["nbgrader"]["solution"]
    }
    handed_in = {"untouched": released, "solved": filled(released, right)}
    for student, mistakes in STUDENTS.items():
        wrong = {name: code for name, (code, _) in mistakes.items()}
        handed_in[student] = filled(released, {**right, **wrong})
    handed_in["tampering"] = tampered(filled(released, right))
    return handed_in


def filled(released: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    """The released notebook with these answers in its solution cells."""
    notebook = nbformat.from_dict(json.loads(json.dumps(released)))
    for cell in problem_set.graded(notebook):
        meta = cell.metadata["nbgrader"]
        if meta["solution"]:
            cell.source = answers[meta["grade_id"]]
    return notebook


def tampered(notebook: NotebookNode) -> NotebookNode:
    """A wrong answer whose tests were edited and deleted, and a right one that writes to stderr."""
    cells = {cell.metadata["nbgrader"]["grade_id"]: cell for cell in problem_set.graded(notebook)}
    cells["residual"].source = "def residual(f, hs, xs, h0):\n    return 0 * hs"
    cells["residual-by-hand"].source = "assert True"
    notebook.cells.remove(cells["residual-hidden"])
    warns = "import warnings\n    warnings.warn('careful')\n    return float"
    cells["order"].source = cells["order"].source.replace("return float", warns)
    return notebook
