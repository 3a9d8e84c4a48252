"""What happened when a set was graded: for people as a page, for `make grades` as JSON."""

import json
from pathlib import Path

from .folders import Course
from .grade import Result, as_dict
from .marks import total


def write_report(name: str, results: list[Result], course: Course, points: float) -> Path:
    """Write both forms, with what is known of students who are not in `results`; the page."""
    path = course.report(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = path.with_suffix(".json")
    known = (
        {one["student"]: Result(**one) for one in json.loads(stored.read_text())}
        if stored.exists()
        else {}
    )
    known |= {result.student: result for result in results}
    results = [known[student] for student in sorted(known)]
    stored.write_text(json.dumps([as_dict(result) for result in results], indent=1) + "\n")
    path.write_text(page(name, results, points), encoding="utf-8")
    return path


def page(name: str, results: list[Result], points: float) -> str:
    """Markdown: first what needs a person, then a table of all."""
    missing = [result for result in results if result.marks is None]
    noted = [result for result in results if result.notes and result.marks is not None]
    lines = [f"# {name}: {len(results)} submissions", "", _times(results), ""]
    if missing:
        lines += [
            "## Not graded",
            "",
            "They have no marks, which is not a 0. Each needs a person.",
            "",
        ]
        lines += [f"- **{r.student}**: {'; '.join(r.notes)}" for r in missing] + [""]
    if noted:
        lines += ["## What happened", ""]
        for result in noted:
            lines += [f"- **{result.student}**", *(f"  - {note}" for note in result.notes)]
        lines += [""]
    lines += [
        "## Points given by the machine",
        "",
        f"| student | of {points:g} | seconds of work |",
        "|---|---|---|",
    ]
    lines += [f"| {r.student} | {_points(r)} | {r.worked:.0f} |" for r in results]
    return "\n".join(lines) + "\n"


def _points(result: Result) -> str:
    return "not graded" if result.marks is None else f"{total(result.marks):g}"


def _times(results: list[Result]) -> str:
    seconds = [result.worked for result in results if result.marks is not None] or [0.0]
    mean = sum(seconds) / len(seconds)
    return f"One notebook took {mean:.0f} s of one core on average, {max(seconds):.0f} s at most."
