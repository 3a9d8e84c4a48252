"""From one MyST source to an nbgrader notebook: exercises/psN/psN.md says in a line what a cell is.

    :course: {given: imports}                        students run it and may not change it
    :course: {solution: residual}                    students replace what is marked as solution
    :course: {tests: residual-hidden, points: 2}     graded by machine
    +++ {"course": {"written": "why", "points": 4}}  a text cell, graded by hand

A cell without such a line is plain text, or code to play with.
"""

from pathlib import Path

from nbformat import NotebookNode

from tools.chapters import ROOT, SETUP_CELL, read_source
from tools.notebooks import METADATA, stable_ids

EXERCISES = ROOT / "exercises"

# What nbgrader calls the kinds of cells: (grade, solution, locked).
KINDS = {
    "given": (False, False, True),
    "solution": (False, True, False),
    "tests": (True, False, True),
    "written": (True, True, False),
}


def names() -> list[str]:
    """The problem sets there are."""
    return sorted(path.parent.name for path in EXERCISES.glob("ps*/ps*.md"))


def source_of(name: str) -> Path:
    """The source of a problem set; an unknown name is a `ValueError`."""
    if name not in names():
        raise ValueError(f"no problem set {name!r}; there are {', '.join(names())}")
    return EXERCISES / name / f"{name}.md"


def read(name: str) -> NotebookNode:
    """A problem set as an nbgrader source notebook, with solutions and hidden tests in it."""
    notebook = read_source(source_of(name))
    setup = next(cell for cell in read_source(SETUP_CELL).cells if cell.cell_type == "code")
    setup.metadata["course"] = {"given": "setup"}
    notebook.cells.insert(1, setup)  # after the title
    for cell in notebook.cells:
        if "course" in cell.metadata:
            cell.metadata = {"nbgrader": expand(cell.metadata["course"])}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = METADATA
    stable_ids(notebook)
    check(notebook)
    return notebook


def expand(line: dict) -> dict:
    """nbgrader's metadata for what the source says in a line."""
    kinds = [kind for kind in KINDS if kind in line]
    if len(kinds) != 1 or set(line) - {*kinds, "points"}:
        raise ValueError(f"a course line names one of {', '.join(KINDS)}, and points; got {line}")
    grade, solution, locked = KINDS[kinds[0]]
    if grade != ("points" in line):
        raise ValueError(f"cells of kind tests and written have points, no others; got {line}")
    meta = {
        "schema_version": 3,
        "grade_id": line[kinds[0]],
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    }
    return {**meta, "points": line["points"]} if grade else meta


def check(notebook: NotebookNode) -> None:
    """Raise `ValueError` for what nbgrader would take without a word, or release by mistake."""
    ids = [cell.metadata["nbgrader"]["grade_id"] for cell in graded(notebook)]
    doubles = sorted({i for i in ids if ids.count(i) > 1})
    if doubles:
        raise ValueError(f"two cells have the same id: {', '.join(doubles)}")
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        marks = {"solution": "BEGIN SOLUTION", "grade": "BEGIN HIDDEN TESTS"}
        for role, mark in marks.items():
            if mark in cell.source and not meta.get(role):
                raise ValueError(f"{mark} in a cell that is no {role} cell:\n{cell.source}")
        if (
            meta.get("solution")
            and cell.cell_type == "code"
            and marks["solution"] not in cell.source
        ):
            raise ValueError(f"solution cell {meta['grade_id']} marks no solution")


def graded(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that nbgrader knows: given, solution, tests and written ones."""
    return [cell for cell in notebook.cells if "nbgrader" in cell.metadata]


def points(notebook: NotebookNode) -> dict[str, float]:
    """The points of each cell that has any, by its id, in order."""
    metas = [cell.metadata["nbgrader"] for cell in graded(notebook)]
    return {meta["grade_id"]: meta["points"] for meta in metas if meta["grade"]}
