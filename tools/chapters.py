"""Where the chapters are, and how their two forms are read."""

from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
CHAPTERS = ROOT / "book" / "chapters"
SETUP_CELL = ROOT / "tools" / "setup_cell.md"


def sources(folder: Path = CHAPTERS) -> list[Path]:
    """The MyST sources of the chapters, in the order of the book."""
    return sorted(folder.glob("[0-9][0-9]_*.md"))


def twins(folder: Path = CHAPTERS) -> list[Path]:
    """The executed notebooks of the chapters, in the order of the book."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def read_source(path: Path) -> NotebookNode:
    """A MyST source as an unexecuted notebook."""
    return jupytext.read(path, fmt="md:myst")


def read_twin(path: Path) -> NotebookNode:
    """An executed notebook."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def cell_keys(notebook: NotebookNode) -> list[tuple]:
    """What must be the same in source and twin: each cell's type, source and metadata."""
    return [(c.cell_type, c.source.strip(), _plain(c.metadata)) for c in notebook.cells]


def _plain(value):
    return (
        {key: _plain(inner) for key, inner in value.items()} if isinstance(value, dict) else value
    )
