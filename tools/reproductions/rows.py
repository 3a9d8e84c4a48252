"""A row of the ledger: one claim of a paper."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from tools.chapters import ROOT
from tools.reproductions.sources import from_file, from_output

LEDGER = ROOT / "book" / "reproductions.toml"
STATUSES = {
    "reproduced": "our number agrees with the paper's, within what the row allows",
    "differs": "our number does not agree, and the row says what we know of the reason",
    "modelled": "ours is computed from counted launches and bytes: nothing was timed",
    "needs a GPU": "a time on a GPU, which nobody has measured for this book",
    "not attempted": "not checked here, for the reason given",
}


@dataclass(frozen=True)
class Row:
    """One claim of a paper. Where a field is empty, the row does not need it."""

    id: str
    paper: str
    """Key in `references.bib`."""
    claim: str
    place: str
    """Where the paper says so, as far as we know."""
    published: str
    """What the paper says; `{0}` stands for the first of `numbers`."""
    status: str
    numbers: tuple = ()
    """The paper's numbers, one for each of ours; `-` where it gives none."""
    reported: bool = False
    """Known to us from accounts of the paper, not from the paper or its authors' files."""
    chapter: str = ""
    section: str = ""
    output: str = ""
    """Regular expression for what one cell of the section printed; its groups are our numbers."""
    file: str = ""
    paths: tuple = ()
    """One path into `file` for each of our numbers; see `sources.select`."""
    of: str = "only"
    scale: float = 1
    digits: int = 3
    """Significant digits to which a number read from a file is kept."""
    ours: tuple = ()
    """Read, not typed: `python -m tools.reproductions --write` fills it in."""
    found: str = ""
    """What we found; `{0}` stands for the first of `ours`."""
    relation: str = "equal"
    within: float = 0
    factor: float = 1
    run: str = ""
    """The module that measures it where there is a GPU: `python -m <run>`."""
    note: str = ""
    """What a reader must know to weigh the row; may hold `{0}` as `found` does."""

    def theirs_in_words(self) -> str:
        """What the paper says."""
        return self.published.format(*self.numbers)

    def ours_in_words(self) -> str:
        """What we found; empty where nothing was."""
        return self.found.format(*self.ours)

    def note_in_words(self) -> str:
        """The note."""
        return self.note.format(*self.ours)


def load(path: Path = LEDGER) -> list[Row]:
    """The rows of the ledger, in its order. An unknown field is a `ValueError`."""
    return [_row(entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["row"]]


def _row(entry: dict) -> Row:
    known = {field.name for field in fields(Row)}
    if unknown := set(entry) - known:
        raise ValueError(f"row {entry.get('id')!r} has unknown fields {sorted(unknown)}")
    frozen = {key: tuple(x) if isinstance(x, list) else x for key, x in entry.items()}
    return Row(**frozen)


def read(row: Row) -> tuple:
    """Our numbers, from where the row says that they are; `Unreadable` if they are not there."""
    if row.file:
        return from_file(ROOT / row.file, row.paths, row.of, row.scale, row.digits)
    return from_output(row.chapter, row.section, row.output, row.scale)
