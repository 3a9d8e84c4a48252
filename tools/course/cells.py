"""The cells of an nbgrader notebook, and what each is for. Needs nbformat only."""

import re

from nbformat import NotebookNode

# What nbgrader calls the kinds of cells: (grade, solution, locked).
KINDS = {
    "given": (False, False, True),
    "solution": (False, True, False),
    "tests": (True, False, True),
    "written": (True, True, False),
}
HIDDEN = "### BEGIN HIDDEN TESTS"
PROBLEM = re.compile(r"^## (Problem \d+)\.", re.MULTILINE)


def graded(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that nbgrader knows: given, solution, tests and written ones."""
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id")]


def code(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def name(cell: NotebookNode) -> str:
    """The id of a cell in the course, `""` if nbgrader does not know it."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def kind(cell: NotebookNode) -> str:
    """One of `KINDS`, or `""` for a cell that nbgrader does not know."""
    meta = cell.metadata.get("nbgrader", {})
    roles = tuple(meta.get(role, False) for role in ("grade", "solution", "locked"))
    if not name(cell):
        return ""
    # nbgrader calls test cells locked whatever their metadata say
    roles = (True, False, True) if roles[:2] == (True, False) else roles
    return next((kind for kind, known in KINDS.items() if known == roles), "")


def is_hidden(cell: NotebookNode) -> bool:
    """Whether students never see what the cell does."""
    return HIDDEN in cell.source


def points(notebook: NotebookNode) -> dict[str, float]:
    """The points of each cell that has any, by its id, in order."""
    return {
        name(c): c.metadata["nbgrader"]["points"]
        for c in graded(notebook)
        if "points" in c.metadata["nbgrader"]
    }


def by_machine(notebook: NotebookNode) -> dict[str, float]:
    """The points of each test cell, by its id, in order."""
    tests = {name(cell) for cell in graded(notebook) if kind(cell) == "tests"}
    return {test: worth for test, worth in points(notebook).items() if test in tests}


def problems(notebook: NotebookNode) -> dict[str, str]:
    """The problem that each cell belongs to, by the cell's id: `"Problem 1"`, or `""` before it."""
    found, current = {}, ""
    for cell in notebook.cells:
        heading = PROBLEM.search(cell.source) if cell.cell_type == "markdown" else None
        current = heading[1] if heading else current
        if name(cell):
            found[name(cell)] = current
    return found
