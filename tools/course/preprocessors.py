"""What the kit puts into nbgrader, by the settings of a course: run in the jail, hide the tests."""

import hashlib
import re
from pathlib import Path

import nbformat
from nbconvert.preprocessors import Preprocessor
from traitlets import Bool, Unicode

from .cells import code, is_hidden, kind, name
from .folders import Course
from .grade import Grader
from .hints import hints
from .run import run

SHOWN = ("text/plain", "image/png", "image/jpeg")
ACTIVE = re.compile(r"<(?=[a-z/!?])|javascript(?=\s*:)|\\(?=href)", re.IGNORECASE)
HIDDEN_NOTE = "# Hidden checks. What they do is not shown."


class RunInJail(Preprocessor):
    """In the place of nbgrader's own `Execute`: takes the run that `make grade` has made.

    If there is none of this very notebook, such as when nbgrader is started by hand or from its
    web page, the notebook is run in the jail now.
    """

    enabled = Bool(True).tag(config=True)
    python = Unicode(help="the Python that has jax and the book's package").tag(config=True)

    def preprocess(self, nb, resources):
        """Put the outputs into the notebook."""
        place = resources["nbgrader"]
        course = Course(Path.cwd())  # nbgrader is in the course folder while it converts
        stored = course.run(place["assignment"], place["student"])
        executed = nbformat.read(stored, as_version=4) if stored.exists() else None
        if executed is None or digest(executed) != digest(nb):
            source = course.read_source(place["assignment"])
            grader = Grader(source, python=self.python)
            run(nb, grader.jail)
        else:
            for cell, done in zip(code(nb), code(executed), strict=True):
                cell.outputs, cell.execution_count = done.outputs, done.execution_count
        for cell in code(nb):
            _plain(cell)
        for cell in nb.cells:
            harmless(cell)
        return nb, resources


def digest(notebook) -> str:
    """A hash of what would be run."""
    text = "\0".join(f"{name(cell)}\1{cell.source.strip()}" for cell in code(notebook))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(cell) -> None:
    """A test gives points by running to its end: not by a value, and none are lost by a warning."""
    if kind(cell) == "tests":
        cell.outputs = [
            output
            for output in cell.outputs
            if output.output_type != "execute_result" and output.get("name") != "stderr"
        ]


def harmless(cell) -> None:
    """Take out what would run in a browser: these pages are opened with an instructor's rights.

    Of outputs, texts and pictures made of pixels stay. In words, `<` before a letter gets a space
    after it: no tag begins there, and a formula reads as before.
    """
    if cell.cell_type != "code":
        cell.source = ACTIVE.sub(lambda found: f"{found[0]} ", cell.source)
    for output in cell.get("outputs", []):
        if "data" in output:
            output.data = {kind: output.data[kind] for kind in SHOWN if kind in output.data}


class HideTests(Preprocessor):
    """For feedback: hidden tests say whether they passed, and their hints; no code, no values."""

    enabled = Bool(True).tag(config=True)

    def preprocess_cell(self, cell, resources, index):
        """Take the code of a hidden test away, and what its outputs could tell of it."""
        if cell.cell_type == "code" and is_hidden(cell):
            failed = [output for output in cell.outputs if output.output_type == "error"]
            told = hints(cell.source, "\n".join(output.evalue for output in failed))
            text = "\n".join(["failed", *told]) if failed else "passed"
            cell.source = cell.source.split("\n")[0] if cell.source[:1] == "#" else HIDDEN_NOTE
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text + "\n")]
        return cell, resources
