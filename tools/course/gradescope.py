"""A zip that grades a set on Gradescope: what runs notebooks, and the book's package."""

import zipfile
from pathlib import Path

from .folders import ROOT, Course

SCRIPTS = ROOT / "exercises" / "gradescope"
PARTS = (
    "__init__ cells collect folders grade hints inside isolation jail kernel marks on_gradescope "
    "restore run suspicious watch"
).split()


def pack(name: str, course: Course) -> Path:
    """Write the zip of a set that was released; its path."""
    path = course.zip(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, file in sorted(files(name, course).items()):
            archive.write(file, place)
    return path


def files(name: str, course: Course) -> dict[str, Path]:
    """What is in the zip: place -> file. Gradescope unpacks it into /autograder/source."""
    package = ROOT / "pararnn_edu"
    parts = {f"tools/course/{part}.py": ROOT / "tools" / "course" / f"{part}.py" for part in PARTS}
    book = [
        *(
            path
            for path in package.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ),
        *(ROOT / file for file in ("pyproject.toml", "README.md", "LICENSE")),
    ]
    return {
        **{script.name: script for script in SCRIPTS.iterdir()},
        "set.ipynb": course.source(name),
        "tools/__init__.py": ROOT / "tools" / "__init__.py",
        **parts,
        **{f"book/{path.relative_to(ROOT)}": path for path in book},
    }
