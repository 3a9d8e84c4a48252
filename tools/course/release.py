"""Make the notebooks of a set, and show that its answers earn full marks before students get it."""

import copy
from pathlib import Path

from nbformat import NotebookNode

from . import gradescope, records, sources
from .cells import by_machine, code, is_hidden, name
from .folders import Course, compiled, write
from .grade import Grader
from .marks import marks
from .products import worked
from .run import run
from .variants import PUBLISHED


def write_source(set_name: str, course: Course, seed: str = PUBLISHED) -> Path:
    """Write a set as nbgrader's source notebook, and the settings if there are none yet."""
    path = write(sources.read(set_name, seed), course.source(set_name))
    records.settings(course)
    return path


def release(set_name: str, course: Course, seed: str = PUBLISHED) -> list[Path]:
    """Write source, students' notebook, worked solution and Gradescope's zip; their paths.

    Raises `ValueError` if the answers do not earn all that a machine can give in this variant.
    """
    source = write_source(set_name, course, seed)
    executed = solve(course.read_source(set_name))
    solution = worked(sources.read(set_name, seed, explained=True))
    _put_outputs(solution, executed)
    return [
        source,
        records.make_release(course, set_name),
        write(solution, course.solution(set_name)),
        gradescope.pack(set_name, course),
    ]


def solve(source: NotebookNode) -> NotebookNode:
    """Run a source with its own answers, and keep what jax compiled for the students' runs."""
    notebook, grader = copy.deepcopy(source), Grader(source)
    ran = run(notebook, lambda: grader.jail(compiled=None, compiled_to=compiled()))
    found, wanted = marks(notebook), by_machine(source)
    lost = [f"{cell} ({_said(notebook, cell)})" for cell in wanted if found[cell] != wanted[cell]]
    if lost or ran.notes:
        raise ValueError("the answers do not earn full marks: " + "; ".join([*lost, *ran.notes]))
    return notebook


def _said(notebook: NotebookNode, cell_name: str) -> str:
    """The error of a cell, in a line."""
    cell = next(cell for cell in code(notebook) if name(cell) == cell_name)
    errors = [output for output in cell.outputs if output.output_type == "error"]
    return " ".join(f"{errors[-1].ename}: {errors[-1].evalue}".split()) if errors else "not run"


def _put_outputs(solution: NotebookNode, executed: NotebookNode) -> None:
    """The worked solution has the same code cells, without the hidden ones."""
    shown = [cell for cell in code(executed) if not is_hidden(cell)]
    for cell, done in zip(code(solution), shown, strict=True):
        cell.outputs, cell.execution_count = done.outputs, done.execution_count
