"""Find what was handed in, in the forms in which learning platforms and people deliver it.

ada_12345_67890_ps1.ipynb                          Canvas, `LATE` may stand between
Ada Lovelace_12345_assignsubmission_file/ps1.ipynb Moodle, also as one long file name
ada/ps1/ps1.ipynb                                  nbgrader
ada/anything.ipynb, ada.ipynb                      people
"""

import re
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .restore import NotGradable

CANVAS = re.compile(r"(?P<name>[^_/]+)(?:_LATE)?_(?P<id>\d+)_\d+_[^/]+")
MOODLE = re.compile(r"(?P<name>[^_/]+)_(?P<id>\d+)_assignsubmission_file_?[^/]*(?:/.*)?")
LARGEST = 50 * 2**20  # bytes


@dataclass
class Handed:
    """What one student handed in."""

    student: str  # a name that is safe in paths
    files: list[Path] = field(default_factory=list)
    canvas: str = ""  # the platform's own number
    moodle: str = ""
    full_name: str = ""


def find(folder: Path) -> list[Handed]:
    """Everything handed in below a folder, by student, in order of their names."""
    found: dict[str, Handed] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith((".", "__")) for part in inside.parts):
            who = _who(inside)
            found.setdefault(who.student, who).files.append(path)
    return [found[student] for student in sorted(found)]


def unpack(place: Path, into: Path) -> Path:
    """A folder, or what a zip file holds, which is unpacked into `into`."""
    if place.is_dir():
        return place
    if not zipfile.is_zipfile(place):
        raise ValueError(f"{place} is neither a folder nor a zip file with submissions")
    with zipfile.ZipFile(place) as archive:
        archive.extractall(into)
    return into


def choose(handed: Handed, name: str) -> tuple[Path, list[str]]:
    """The notebook to grade, and a note if there were several; `NotGradable` if there is none."""
    notebooks = [path for path in handed.files if path.suffix == ".ipynb"]
    if not notebooks:
        there = ", ".join(path.name for path in handed.files)
        raise NotGradable(f"no notebook (.ipynb) was handed in, but {there}")
    named = [path for path in notebooks if name in path.name.lower()] or notebooks
    best = max(named, key=lambda path: (path.stat().st_mtime, path.name))
    others = [path.name for path in notebooks if path != best]
    return best, [f"graded {best.name}, not {', '.join(others)}"] if others else []


def read(path: Path) -> NotebookNode:
    """A notebook of any version, as version 4; `NotGradable` says what else the file is."""
    if path.stat().st_size > LARGEST:
        raise NotGradable(f"{path.name} has more than {LARGEST >> 20} MB")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if not text.strip():
        raise NotGradable(f"{path.name} is empty")
    if text.lstrip()[:1] == "<":
        raise NotGradable(f"{path.name} is a web page, not a notebook; ask for the .ipynb file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of missing ids, which are made anew
            notebook = nbformat.reads(text, as_version=4)
            for cell in notebook.cells:
                cell.source, cell.metadata, cell.cell_type  # noqa: B018
    except Exception as error:
        raise NotGradable(
            f"{path.name} is not a notebook: {type(error).__name__}: {error}"
        ) from None
    return notebook


def _who(path: Path) -> Handed:
    """Whose file this is, from its path below the folder of submissions."""
    if found := MOODLE.fullmatch(str(path)):
        student = _safe(f"{found['name']}_{found['id']}")
        return Handed(student, moodle=found["id"], full_name=found["name"])
    if len(path.parts) == 1 and (found := CANVAS.fullmatch(path.stem)):
        return Handed(_safe(f"{found['name']}_{found['id']}"), canvas=found["id"])
    return Handed(_safe(path.stem if len(path.parts) == 1 else path.parts[0]))


def _safe(student: str) -> str:
    return re.sub(r"[^\w.-]+", "-", student).strip("-.") or "nameless"
