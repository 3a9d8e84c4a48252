"""Run in Gradescope's image, for one submission: python -m tools.course.on_gradescope FOLDER

Reads FOLDER/submission, writes FOLDER/results/results.json.
"""

import json
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from . import collect
from .cells import code, graded, is_hidden, kind, name, problems
from .grade import Grader, Result
from .hints import hints
from .marks import passed
from .restore import NotGradable

SHOWN = 3000  # characters of an output


def main(folder: Path) -> None:
    """Grade what is in `folder/submission`."""
    path = folder / "source" / "set.ipynb"
    source = nbformat.read(path, as_version=4)
    path.unlink()  # the image is fresh for each submission; students' code cannot read it now
    results = folder / "results"
    results.mkdir(exist_ok=True)
    answer = grade(source, folder / "submission")
    (results / "results.json").write_text(json.dumps(answer, indent=1), encoding="utf-8")


def grade(source: NotebookNode, folder: Path) -> dict:
    """What Gradescope reads; why a submission cannot be graded is told to its student."""
    set_name, result = source.metadata["course"]["set"], Result("submission")
    secret = (folder.parent / "source", folder.parent / "results", folder)
    try:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        path, notes = collect.choose(collect.Handed("submission", files), set_name)
        executed = Grader(source, secret=secret).grade(collect.read(path), result)
    except NotGradable as reason:
        return {
            "score": 0,
            "output": f"NOT GRADED, and this 0 is not a mark: {reason}",
            "tests": [],
        }
    where = problems(source)
    tests = [
        test(cell, where[name(cell)])
        for cell in code(executed)
        if name(cell) in {name(c) for c in graded(source)} and kind(cell) == "tests"
    ]
    return {"tests": tests, "output": "\n".join(notes), "execution_time": round(result.seconds)}


def test(cell: NotebookNode, problem: str) -> dict:
    """One test cell. Hidden ones are shown when marks are published, public ones at once."""
    points = cell.metadata["nbgrader"]["points"]
    errors = [output for output in cell.outputs if output.output_type == "error"]
    said = "\n".join(f"{output.ename}: {output.evalue}" for output in errors)
    return {
        "name": f"{problem}: {name(cell)}",
        "score": points if passed(cell) else 0,
        "max_score": points,
        "output": "\n".join(hints(cell.source, said)) if is_hidden(cell) else said[:SHOWN],
        "visibility": "after_published" if is_hidden(cell) else "visible",
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
