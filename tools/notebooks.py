"""Write each chapter's executed twin, NN_slug.md -> NN_slug.ipynb: same inputs, same bytes.

A chapter whose code cells did not change keeps its stored outputs; `--all` executes it anyway.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from tools.chapters import CHAPTERS, code_cells, read_source, read_twin, sources
from tools.execute import execute

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"


def stable_ids(notebook: NotebookNode) -> None:
    """Name each cell by a hash of what it holds, so that an edit changes one name only."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[name] = seen.get(name, 0) + 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"


def stable_outputs(cell: NotebookNode) -> None:
    """Join what was printed in pieces; of a live widget, whose ids are random, keep the rest."""
    joined: list[NotebookNode] = []
    for output in cell.outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
            continue
        live = output.get("data", {}).pop(WIDGET, None)
        if live is None or "text/html" in output.data:
            joined.append(output)
    cell.outputs = joined


def reuse_outputs(notebook: NotebookNode, old: NotebookNode) -> bool:
    """Copy the outputs of `old` if it ran the same code cells; say whether it did."""
    new_cells, old_cells = code_cells(notebook), code_cells(old)
    executed = [cell.execution_count for cell in old_cells] == [*range(1, len(old_cells) + 1)]
    if not executed or [c.source for c in new_cells] != [c.source for c in old_cells]:
        return False
    for new, stored in zip(new_cells, old_cells, strict=True):
        new.outputs, new.execution_count = stored.outputs, stored.execution_count
    return True


def run(notebook: NotebookNode) -> None:
    """Execute in an empty folder, so that nothing leans on files of the repository."""
    with tempfile.TemporaryDirectory() as folder:
        execute(notebook, sys.executable, Path(folder))
    for cell in code_cells(notebook):
        stable_outputs(cell)


def make_twin(source: Path, force: bool = False) -> str:
    """Write the twin of one chapter if needed, and say in a few words what was done."""
    twin = source.with_suffix(".ipynb")
    notebook = read_source(source)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    stable_ids(notebook)
    started = time.monotonic()
    reused = not force and twin.exists() and reuse_outputs(notebook, read_twin(twin))
    if not reused:
        run(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)  # without the version of this Python
    text = nbformat.writes(notebook) + "\n"
    unchanged = twin.exists() and twin.read_text(encoding="utf-8") == text
    if not unchanged:
        twin.write_text(text, encoding="utf-8")
    done = "kept its outputs" if reused else f"executed in {time.monotonic() - started:.0f} s"
    return f"{done}, {'unchanged' if unchanged else 'written'}"


def main(argv: list[str] | None = None) -> int:
    """Make the twins of the chapters named, or of all; 1 if a cell failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    parser.add_argument("chapters", nargs="*", help="sources to do; all of book/chapters if none")
    parser.add_argument("--all", action="store_true", help="execute even where no code changed")
    args = parser.parse_args(argv)
    failed = False
    for source in map(Path, args.chapters or sources(CHAPTERS)):
        try:
            print(f"{source.name}: {make_twin(source, args.all)}", flush=True)
        except CellExecutionError as error:
            failed = True
            print(f"{source.name}: FAILED, twin not written\n{error}", file=sys.stderr, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
