"""What in a student's answers is worth a person's look: traces of forging marks or looking around.

A trace is no proof. Answers to these problems seldom need any of it.
"""

import re

from nbformat import NotebookNode

from .cells import graded, kind, name

TRACES = {
    "changes the checks": r"\bcheck\.\w+\s*=[^=]|setattr\(\s*check|CheckFailed|AssertionError",
    "reaches into the notebook": r"\bget_ipython\b|\bIn\[|\b_ih\b|\bIPython\b|ipykernel",
    "reaches into Python": r"\bsys\.modules\b|__builtins__|\bbuiltins\b|\bgc\.|\bctypes\b"
    r"|\binspect\.|\bglobals\(\)|_getframe",
    "runs programs": r"\bsubprocess\b|\bos\.(system|fork|exec|popen|kill)|^\s*[!]\w",
    "opens files": r"\bopen\(|\bpathlib\b|\bos\.(listdir|walk|environ)|\bglob\b",
    "uses the network": r"\bsocket\b|\burllib\b|\brequests\b|\bhttp\.client\b",
}


def suspicious(submitted: NotebookNode, source: NotebookNode) -> list[str]:
    """One note for each trace, with the line it is on; nothing that the source itself has."""
    given = {line.strip() for cell in source.cells for line in cell.source.splitlines()}
    locked = {name(cell) for cell in graded(source) if kind(cell) in ("given", "tests")}
    notes = []
    for cell in submitted.cells:
        if cell.cell_type == "code" and name(cell) not in locked:
            lines = [line for line in cell.source.splitlines() if line.strip() not in given]
            notes += [note for line in lines for note in _look(line, name(cell))]
    return notes[:20]


def _look(line: str, cell: str) -> list[str]:
    code, shown = line.split("#")[0], line.strip()[:100].replace("`", "'")
    return [
        f"worth a look, {what} ({cell or 'own cell'}): `{shown}`"
        for what, pattern in TRACES.items()
        if re.search(pattern, code)
    ]
