"""How the ledger's numbers are read: from a results file, or from what a chapter printed.

A cell is named by its section and by what it printed: a regular expression that matches in one
place of the section. Cells move, and their code is rewritten, and both leave this name alone; when
the output itself changes, the row has to be looked at again in any case.
"""

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode

from tools.chapters import CHAPTERS, read_twin

HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
STEP = re.compile(r"\.?(\w+)|\[(\*|\d+)\]|\[(\w+=[^\]]*)\]")


class Unreadable(ValueError):
    """A number is not where the ledger says; the message says what is missing."""


@functools.cache
def _twin(chapter: str) -> NotebookNode:
    path = CHAPTERS / f"{chapter}.ipynb"
    if not path.exists():
        raise Unreadable(f"there is no chapter {chapter}")
    return read_twin(path)


def section_cells(chapter: str, section: str) -> list[NotebookNode]:
    """The code cells between a heading of a chapter and the next heading of any level."""
    inside, seen, cells = False, False, []
    for cell in _twin(chapter).cells:
        if cell.cell_type == "markdown":
            for heading in HEADING.findall(cell.source):
                inside = heading == section
                seen |= inside
        elif inside:
            cells.append(cell)
    if not seen:
        raise Unreadable(f"chapter {chapter} has no section {section!r}")
    return cells


def printed(cell: NotebookNode) -> str:
    """What a cell printed or returned, as text."""
    return "".join(
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def from_output(chapter: str, section: str, pattern: str, scale: float = 1) -> tuple:
    """The groups of the one match of `pattern` among what the section's cells printed."""
    cells = section_cells(chapter, section)
    found = [m for cell in cells for m in re.finditer(pattern, printed(cell), re.MULTILINE)]
    if len(found) != 1:
        raise Unreadable(
            f"{pattern!r} matches {len(found)} times, expected once, in what the cells of "
            f"{chapter}, {section!r}, printed"
        )
    return tuple(_scaled(value(text), scale) for text in found[0].groups())


def value(text: str) -> bool | int | float | str:
    """A printed word as a number or a verdict where it is one; commas group digits."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text.replace(",", ""))
        except ValueError:
            continue
    return text


def _scaled(number, scale: float):
    plain = scale == 1 or isinstance(number, (bool, str))
    return number if plain else float(f"{number * scale:.6g}")


def from_file(path: Path, paths: tuple, of: str, scale: float, digits: int) -> tuple:
    """What each path selects in a JSON file, made one number by the reduction `of`."""
    if not path.is_file():
        raise Unreadable(f"there is no file {path.name}")
    if of not in REDUCTIONS:
        raise Unreadable(f"of = {of!r}, expected one of {sorted(REDUCTIONS)}")
    document = json.loads(path.read_text(encoding="utf-8"))
    return tuple(_rounded(REDUCTIONS[of](select(document, each)), scale, digits) for each in paths)


def _rounded(number, scale: float, digits: int):
    if isinstance(number, (bool, str, int)) and scale == 1:
        return number
    return float(f"{number * scale:.{digits}g}")


def select(document, path: str) -> list:
    """All that a path leads to.

    `.name` enters an object, `[3]` a list, `[*]` all of a list, and `[core=gru,T=100]` the entries
    of a list that have these values: `records[row=parity,core=gru].accuracy[*][0]`.
    """
    nodes = [document]
    for step in STEP.finditer(path):
        name, index, wanted = step.groups()
        try:
            nodes = [inner for node in nodes for inner in _enter(node, name, index, wanted)]
        except (KeyError, IndexError, TypeError):
            nodes = []
        if not nodes:
            raise Unreadable(f"{path!r} leads nowhere from {step.group()!r} on")
    return nodes


def _enter(node, name: str | None, index: str | None, wanted: str | None) -> Iterator:
    if name:
        yield node[name]
    elif index == "*":
        yield from node
    elif index:
        yield node[int(index)]
    else:
        pairs = [pair.partition("=")[::2] for pair in wanted.split(",")]
        yield from (entry for entry in node if all(str(entry[k]) == v for k, v in pairs))


def _only(nodes: list):
    if len(nodes) != 1:
        raise Unreadable(f"the path leads to {len(nodes)} values, expected one")
    return nodes[0]


def _modelled_speedup(nodes: list) -> float:
    """How many times faster than `lax.scan` DEER is at one point of `deer.json`, by the model."""
    from pararnn_edu.gpu import model

    bandwidth, point = model.published()["bandwidth"], _only(nodes)
    scan, deer = (
        model.modelled_seconds(point[name]["launches"], point[name]["bytes"], bandwidth)
        for name in ("scan", "deer")
    )
    return scan / deer


REDUCTIONS: dict[str, Callable] = {
    "only": _only,
    "max": max,
    "min": min,
    "mean": lambda nodes: sum(nodes) / len(nodes),
    "inverse": lambda nodes: 1 / _only(nodes),
    "modelled speed-up": _modelled_speedup,
}
