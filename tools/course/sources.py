"""From one MyST source to an nbgrader notebook: exercises/psN/psN.md says in a line what a cell is.

exercises/AUTHORING.md explains the lines.
"""

import hashlib
import re
from pathlib import Path

from nbformat import NotebookNode

from tools.chapters import ROOT, SETUP_CELL, read_source
from tools.notebooks import METADATA, stable_ids

from .cells import HIDDEN, KINDS, PROBLEM, graded, kind
from .variants import PUBLISHED, substitute

EXERCISES = ROOT / "exercises"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def names() -> list[str]:
    """The problem sets there are, in order."""
    return sorted((p.parent.name for p in EXERCISES.glob("ps*/ps*.md")), key=lambda n: int(n[2:]))


def source_of(name: str) -> Path:
    """The source of a problem set; an unknown name is a `ValueError`."""
    if name not in names():
        raise ValueError(f"no problem set {name!r}; there are {', '.join(names())}")
    return EXERCISES / name / f"{name}.md"


def read(name: str, seed: str = PUBLISHED, explained: bool = False) -> NotebookNode:
    """A problem set as an nbgrader source notebook, with solutions and hidden tests in it.

    `explained=True` keeps the text that only the worked solution has.
    """
    notebook = read_source(source_of(name))
    setup = next(cell for cell in read_source(SETUP_CELL).cells if cell.cell_type == "code")
    setup.metadata["course"] = {"given": "setup"}
    notebook.cells.insert(1, setup)  # after the title
    substitute(notebook, seed, name)
    is_extra = [cell.metadata.get("course", {}).get("explained") for cell in notebook.cells]
    _check_headings(notebook)
    release = _fingerprint(
        c for c, extra in zip(notebook.cells, is_extra, strict=True) if not extra
    )
    notebook.cells = [
        cell for cell, extra in zip(notebook.cells, is_extra, strict=True) if explained or not extra
    ]
    for cell in notebook.cells:
        line = cell.metadata.pop("course", None)
        if line and "explained" not in line:
            cell.metadata = {"nbgrader": expand(line)}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = {**METADATA, "course": {"set": name, "release": release}}
    stable_ids(notebook)
    check(notebook)
    return notebook


def _check_headings(notebook: NotebookNode) -> None:
    """A text cell goes on until a line `+++` or a code cell: no problem may begin inside one."""
    for cell in notebook.cells:
        line = cell.metadata.get("course")
        if line and cell.cell_type == "markdown" and (found := PROBLEM.search(cell.source)):
            raise ValueError(
                f"{found[1]} begins inside the text cell {line}, and would be lost with it; "
                "put a line `+++` before its heading"
            )


def _fingerprint(cells) -> str:
    """Says which variant a notebook is, and does not tell the seed."""
    text = "\n".join(cell.source for cell in cells)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def expand(line: dict) -> dict:
    """nbgrader's metadata for what the source says in a line."""
    kinds = [kind for kind in KINDS if kind in line]
    if len(kinds) != 1 or set(line) - {*kinds, "points"}:
        raise ValueError(
            f"a course line names one of {', '.join(KINDS)}, explained, variant, and points; "
            f"got {line}"
        )
    name = line[kinds[0]]
    if not NAME.fullmatch(name):
        raise ValueError(f"a cell's name has small letters, digits and hyphens; got {name!r}")
    grade, solution, locked = KINDS[kinds[0]]
    if grade != ("points" in line):
        raise ValueError(f"cells of kind tests and written have points, no others; got {line}")
    meta = {
        "schema_version": 3,
        "grade_id": name,
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
        for role, mark in {"solution": "BEGIN SOLUTION", "grade": HIDDEN.strip("# ")}.items():
            if mark in cell.source and not meta.get(role):
                raise ValueError(f"{mark} in a cell that is no {role} cell:\n{cell.source}")
        if kind(cell) == "solution" and "BEGIN SOLUTION" not in cell.source:
            raise ValueError(f"solution cell {meta['grade_id']} marks no solution")
        for line in cell.source.splitlines():
            if "@{" in line:  # such as a brace within the braces, or one that is not closed
                raise ValueError(f"@{{ was not replaced in: {line}")
