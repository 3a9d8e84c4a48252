"""Say what is wrong with a row of the ledger."""

import importlib.util
from collections.abc import Iterator

from tools.reproductions.rows import STATUSES, Row, read
from tools.reproductions.sources import Unreadable, section_cells

UNSTATED = "-"  # among a paper's numbers: it gives none, so ours is shown and not compared
RELATIONS = ("equal", "at most", "at least", "same order")


def agrees(row: Row) -> bool:
    """Whether each of our numbers stands to the paper's as the row's relation asks."""
    pairs = [(m, t) for m, t in zip(row.ours, row.numbers, strict=True) if t != UNSTATED]
    if row.relation == "same order":
        return all(m <= n for m, t in pairs for n, u in pairs if t < u)
    return all(_agree(row, mine, theirs) for mine, theirs in pairs)


def _agree(row: Row, mine, theirs) -> bool:
    if {type(mine), type(theirs)} & {bool, str}:
        return type(mine) is type(theirs) and mine == theirs
    if row.relation == "at most":
        return mine <= theirs
    if row.relation == "at least":
        return mine >= theirs
    if row.factor > 1:
        return theirs / row.factor <= mine <= theirs * row.factor
    return abs(mine - theirs) <= row.within * (1 + 1e-9)


def problems(row: Row) -> list[str]:
    """All that is wrong with a row, in words; empty when it can be believed."""
    found = [*_form(row), *_place(row)]
    return found or [*_numbers(row), *_verdict(row)]


def _form(row: Row) -> Iterator[str]:
    if row.status not in STATUSES:
        yield f"status {row.status!r}, expected one of {list(STATUSES)}"
    if row.relation not in RELATIONS:
        yield f"relation {row.relation!r}, expected one of {list(RELATIONS)}"
    if row.file and row.output:
        yield "has both a file and an output: its numbers can come from one of them only"
    for name, text, values in (
        ("published", row.published, row.numbers),
        ("found", row.found, row.ours),
        ("note", row.note, row.ours),
    ):
        try:
            text.format(*values)
        except (IndexError, KeyError, ValueError) as error:
            yield f"{name} is {text!r}, which does not fit {list(values)}: {error}"


def _place(row: Row) -> Iterator[str]:
    try:
        if row.chapter:
            section_cells(row.chapter, row.section)
    except Unreadable as error:
        yield str(error)


def _numbers(row: Row) -> Iterator[str]:
    if not (row.file or row.output):
        if row.ours:
            yield "has numbers of ours, and neither a file nor an output to read them from"
        return
    try:
        now = read(row)
    except Unreadable as error:
        yield str(error)
        return
    if now != row.ours:
        yield f"holds {list(row.ours)}, and reads {list(now)} now: run it with --write"


def _verdict(row: Row) -> Iterator[str]:
    measured = bool(row.file or row.output)
    if row.status in ("needs a GPU", "not attempted"):
        if measured:
            yield f"is {row.status!r}, yet reads a number"
        if row.run and not _runs(row.run):
            yield f"names a module that would measure it and does not exist: {row.run!r}"
        if row.status == "not attempted" and not row.note:
            yield "was not attempted and gives no reason in `note`"
        return
    if not measured:
        yield f"is {row.status!r}, and reads no number"
    elif len(row.numbers) != len(row.ours):
        yield f"has {len(row.numbers)} numbers of the paper and {len(row.ours)} of ours"
    elif set(row.numbers) <= {UNSTATED}:
        yield f"is {row.status!r}, with no number of the paper to compare"
    elif agrees(row) is (row.status == "differs"):
        verdict = "agree" if agrees(row) else "do not agree"
        yield f"is {row.status!r}, yet {list(row.ours)} and {list(row.numbers)} {verdict}"
    if row.status == "modelled" and "modelled" not in row.of + row.output:
        yield "is 'modelled', and neither its output nor how it is computed says so"


def _runs(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # nor is there its package
        return False
