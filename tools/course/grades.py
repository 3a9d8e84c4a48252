"""Grades as CSV: one file with everything, one that Canvas imports, one that Moodle imports."""

import csv
import json
from pathlib import Path

from . import records
from .cells import points, problems
from .folders import Course

# The first columns of a gradebook that Canvas exports and imports, in their order.
CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]


def write_grades(name: str, course: Course) -> list[Path]:
    """Write grades/psN.csv, psN-canvas.csv and psN-moodle.csv from the gradebook and the report.

    A submission that was not graded has an empty cell, not a 0. So has one whose written answers
    wait for a person; `status` says which.
    """
    report = course.report(name).with_suffix(".json")
    if not report.exists():
        raise ValueError(
            f"{name} was not graded in {course.root}: make grade PS={name} SUBMISSIONS=..."
        )
    source = course.read_source(name)
    rows = rows_of(json.loads(report.read_text()), records.scores(course, name), source)
    folder = course.root / "grades"
    folder.mkdir(exist_ok=True)
    worth = sum(points(source).values())
    tables = {
        "": everything(rows),
        "-canvas": canvas(rows, name, worth),
        "-moodle": moodle(rows, name, worth),
    }
    return [_write(folder / f"{name}{end}.csv", table) for end, table in tables.items()]


def rows_of(results: list[dict], scores: dict[str, dict], source) -> list[dict]:
    """One dictionary for each student: who, points by problem, total, status."""
    where, worth = problems(source), points(source)
    rows = []
    for result in results:
        score = scores.get(result["student"])
        graded = result["marks"] is not None and score is not None
        row = {key: result[key] for key in ("student", "full_name", "canvas", "moodle")}
        row |= dict.fromkeys((where[cell] for cell in worth), "")
        row |= {"total": "", "of": sum(worth.values()), "status": _status(graded, score)}
        if graded:
            row |= {key: _text(value) for key, value in _by_problem(score["cells"], where).items()}
            row["total"] = _text(sum(value or 0 for value in score["cells"].values()))
        rows.append(row)
    return rows


def _status(graded: bool, score: dict | None) -> str:
    if not graded:
        return "not graded, see the report"
    return f"waits for a person: {' '.join(score['waits'])}" if score["waits"] else "complete"


def _by_problem(cells: dict, where: dict[str, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for cell, value in cells.items():
        found[where[cell]] = found.get(where[cell], 0) + (value or 0)
    return found


def _text(value: float) -> str:
    return f"{value:g}"


def _final(row: dict):
    """The points, or nothing where they are not complete."""
    return row["total"] if row["status"] == "complete" else ""


def everything(rows: list[dict]) -> list[list]:
    """All that is known, as it stands now."""
    head = list(rows[0])
    return [head, *([row[key] for key in head] for row in rows)]


def canvas(rows: list[dict], name: str, worth: float) -> list[list]:
    """For Canvas, Grades, Import: students are found by `ID`, or else by `SIS Login ID`."""
    column = f"Problem set {name.removeprefix('ps')}"
    head = [[*CANVAS, column], ["Points Possible", "", "", "", "", worth]]
    lines = [
        [
            row["full_name"] or row["student"],
            row["canvas"],
            "",
            "" if row["canvas"] else row["student"],
            "",
            _final(row),
        ]
        for row in rows
    ]
    return head + lines


def moodle(rows: list[dict], name: str, worth: float) -> list[list]:
    """For Moodle: the columns of its own grading worksheet, which finds students by `Identifier`.

    Where submissions did not come from Moodle the student's name stands in `Username`, for the
    import of the gradebook.
    """
    head = [
        "Identifier",
        "Full name",
        "Username",
        "Grade",
        "Maximum Grade",
        "Last modified (grade)",
    ]
    lines = [
        [
            f"Participant {row['moodle']}" if row["moodle"] else "",
            row["full_name"],
            "" if row["moodle"] else row["student"],
            _final(row),
            worth,
            "-",
        ]
        for row in rows
    ]
    return [head, *lines]


def _write(path: Path, table: list[list]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)
    return path
