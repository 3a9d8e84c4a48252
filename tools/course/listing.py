"""The table of problem sets, made from their sources, in every page that shows one."""

import re
from pathlib import Path

from . import sources
from .cells import by_machine, points
from .folders import ROOT

PAGES = (
    ROOT / "exercises" / "README.md",
    ROOT / "book" / "guide" / "instructors.md",
    ROOT / "book" / "guide" / "students.md",
)
PLACE = re.compile(r"(<!-- problem sets -->\n).*?(<!-- end -->)", re.DOTALL)
HEADING = re.compile(
    r"^## Problem \d+\..*\((stretch; )?(\d+) points, (\d+) minutes\)$", re.MULTILINE
)
HEAD = (
    "| set | | chapters | points | by hand | minutes | stretch |\n|---|---|---|---|---|---|---|\n"
)


def table() -> str:
    """One row for each set in the folder."""
    return HEAD + "".join(row(name) for name in sources.names())


def row(name: str) -> str:
    """What a set is about, and what it costs and gives."""
    notebook = sources.read(name)
    text = "\n".join(cell.source for cell in notebook.cells)
    title = re.search(r"^# Problem set \d+: (.*)$", text, re.MULTILINE)[1]
    chapters = re.search(r"This set goes with chapters? ([^:.]*)[:.]", text)[1]
    minutes = {True: 0, False: 0}
    for stretch, _, each in HEADING.findall(text):
        minutes[bool(stretch)] += int(each)
    worth = sum(points(notebook).values())
    by_hand = worth - sum(by_machine(notebook).values())
    cells = (f"`{name}`", title, chapters, worth, by_hand, minutes[False], minutes[True])
    return f"| {' | '.join(map(str, cells))} |\n"


def filled(text: str) -> str:
    """A page with the table in its place."""
    return PLACE.sub(lambda found: f"{found[1]}\n{table()}\n{found[2]}", text)


def write() -> list[Path]:
    """Put the table into every page; those that changed."""
    changed = [
        page for page in PAGES if filled(page.read_text(encoding="utf-8")) != page.read_text()
    ]
    for page in changed:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    return changed
