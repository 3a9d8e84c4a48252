"""Where everything is in a course folder; the first four names are nbgrader's."""

from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".cache" / "course"  # nbgrader's environment, and what jax compiled


@dataclass(frozen=True)
class Course:
    """A course folder."""

    root: Path

    def source(self, name: str) -> Path:
        """The instructor's notebook, with answers and hidden tests."""
        return self.root / "source" / name / f"{name}.ipynb"

    def released(self, name: str) -> Path:
        """The students' notebook."""
        return self.root / "release" / name / f"{name}.ipynb"

    def submitted(self, name: str, student: str) -> Path:
        """What a student handed in, with the tests put back."""
        return self.root / "submitted" / student / name / f"{name}.ipynb"

    def feedback(self, name: str, student: str) -> Path:
        """The page that nbgrader writes for a student."""
        return self.root / "feedback" / student / name / f"{name}.html"

    def solution(self, name: str) -> Path:
        """The worked solution, executed."""
        return self.root / "solution" / name / f"{name}.ipynb"

    def handed_in(self, name: str, student: str) -> Path:
        """The notebook that is graded, byte for byte."""
        return self.root / "handed-in" / name / f"{student}.ipynb"

    def beside(self, name: str, student: str) -> Path:
        """A folder with what else a student handed in: a report, data, other notebooks."""
        return self.root / "handed-in" / name / student

    def run(self, name: str, student: str) -> Path:
        """The notebook, executed in the jail, with the hidden tests."""
        return self.root / "runs" / name / f"{student}.ipynb"

    def report(self, name: str) -> Path:
        """What happened, for people; beside it, with the suffix .json, for `make grades`."""
        return self.root / "reports" / f"{name}.md"

    def zip(self, name: str) -> Path:
        """The autograder for Gradescope."""
        return self.root / "gradescope" / f"{name}.zip"

    def read_source(self, name: str) -> NotebookNode:
        """The instructor's notebook; `ValueError` if the set was never released here."""
        if not self.source(name).exists():
            raise ValueError(f"{name} was not released in {self.root}: make release PS={name}")
        return nbformat.read(self.source(name), as_version=4)


def compiled() -> Path:
    """Where what jax compiled for model answers is kept: for all sets, they share much of it."""
    return HOME / "compiled"


def write(notebook: NotebookNode, path: Path) -> Path:
    """Write a notebook and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # nbgrader makes some of them read-only
    nbformat.write(notebook, path)
    return path
