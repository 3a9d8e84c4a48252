"""What is made from a source for the instructor: the worked solution."""

import re

from nbformat import NotebookNode

from .cells import is_hidden, kind

MARK = re.compile(r"^\s*### (BEGIN|END) SOLUTION\n?", re.MULTILINE)
RUBRIC = re.compile(r"\n\*\*Rubric\*\*.*", re.DOTALL)


def worked(notebook: NotebookNode) -> NotebookNode:
    """The worked solution, from the source with its explanations: no hidden tests, no rubric.

    So it can be given to students and the tests used again next year.
    """
    notebook.cells = [cell for cell in notebook.cells if not is_hidden(cell)]
    for cell in notebook.cells:
        if kind(cell) == "solution":
            cell.source = MARK.sub("", cell.source).rstrip()
        if kind(cell) == "written":
            cell.source = RUBRIC.sub("\n", cell.source).rstrip()
        cell.metadata.pop("nbgrader", None)
    notebook.metadata.pop("course", None)
    return notebook
