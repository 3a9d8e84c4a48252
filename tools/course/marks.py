"""Points from a notebook that was run. The same rule as nbgrader's: no error, all points."""

from nbformat import NotebookNode

from .cells import graded, kind, name

Marks = dict[str, float | None]


def passed(cell: NotebookNode) -> bool:
    """Whether a test cell ran to its end."""
    return cell.execution_count is not None and not any(
        output.output_type == "error" for output in cell.outputs
    )


def marks(notebook: NotebookNode) -> Marks:
    """Points by cell; None for what waits for a person, 0 for a written answer that is empty."""
    found: Marks = {}
    for cell in graded(notebook):
        points = cell.metadata["nbgrader"].get("points")
        if kind(cell) == "tests":
            found[name(cell)] = points if passed(cell) else 0
        elif kind(cell) == "written":
            found[name(cell)] = None if answered(cell) else 0
    return found


def answered(cell: NotebookNode) -> bool:
    """Whether someone wrote something into a cell for words."""
    return cell.source.strip() not in ("", "YOUR ANSWER HERE")


def total(found: Marks) -> float:
    """The points given so far."""
    return sum(points or 0 for points in found.values())
