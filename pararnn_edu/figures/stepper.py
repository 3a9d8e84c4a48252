"""The scan stepper: which cells a scan combines, level by level."""

import html

from . import style
from .data import count_of
from .interactive import Interactive, choice, slider
from .scans import scan_diagram
from .trace import Trace, trace


def scan_stepper(
    name: str,
    schedules: dict,
    *,
    size: int | None = None,
    formulas: dict | None = None,
    start: tuple | None = None,
    title: str | None = None,
) -> Interactive:
    """A scan, level by level: which cells are combined, and what each then holds.

    `schedules` maps a label to a schedule: levels of pairs (dst, src) that run at once, each
    meaning `x[dst] = x[src] op x[dst]`. `formulas` maps a label to its formulas for work and depth
    with their values, `(("n log2 n - n + 1", 49), ("log2 n", 4))`; a value the schedule does not
    have is an error. `start` is the (label, level) shown first, by default level 1 of the first.
    """
    schedules = style.labelled(schedules)
    size = size or max(trace(schedule).size for schedule in schedules.values())
    scans = {label: trace(schedule, size) for label, schedule in schedules.items()}
    _check_finished(scans)
    labels = list(scans)
    label, level = start or (labels[0], 1)
    if label not in scans or not 0 <= level <= scans[label].depth:
        raise ValueError(f"start={start!r} is not a level of one of {labels}")
    sentences = {each: _sentences(each, scan) for each, scan in scans.items()}
    chosen = labels.index(label)
    return Interactive(
        name,
        "stepper",
        title=title or "A scan, level by level",
        sentence=sentences[label][level],
        picture=scan_diagram(schedules[label], size, accent_level=level or None, title=title),
        data={
            "size": size,
            "scan": chosen,
            "level": level,
            "scans": [
                {"levels": scan.levels, "sentences": sentences[each]}
                for each, scan in scans.items()
            ],
        },
        choice=choice(name, "scan", "scan", labels, chosen),
        slider=slider(
            name,
            "level",
            "level",
            f"{level} of {scans[label].depth}",
            last=scans[label].depth,
            value=level,
        ),
        describe="Diagram of the scan: one column per element, levels downwards, and below "
        "each column the elements its cell holds",
        size=size,
        counts="".join(_row(e, s, (formulas or {}).get(e), e == label) for e, s in scans.items()),
    )


def _check_finished(scans):
    for label, scan in scans.items():
        if not scan.finished:
            raise ValueError(
                f"{label}: the schedule does not end in the prefixes 0..i; its cells hold "
                f"{scan.spans[-1]}"
            )


def _sentences(label, scan: Trace):
    """One line per level, 0 to the last: what runs, what is done, what is finished."""
    lines = [f"{label}, before level 1: every cell holds its own element."]
    done = 0
    for number, level in enumerate(scan.levels, 1):
        done += len(level)
        full = sum(first == 0 for first, _ in scan.spans[number])
        now, total = count_of(len(level), "operation"), count_of(scan.work, "operation")
        lines.append(
            f"{label}, level {number} of {scan.depth}: {now} at once. So far {done} of {total}; "
            f"{full} of {scan.size} cells hold everything up to themselves."
        )
    return lines


def _row(label, scan: Trace, formulas, current):
    """The table's line for one scan: counted work and depth, next to the formulas."""
    work, depth = formulas or (None, None)
    cells = _cell(label, "work", scan.work, work) + _cell(label, "depth", scan.depth, depth)
    mark = f' aria-current="{str(current).lower()}"'
    return f'<tr{mark}><th scope="row">{html.escape(label)}</th>{cells}</tr>'


def _cell(label, kind, counted, formula):
    if formula is None:
        return f"<td><b>{counted}</b></td>"
    text, value = formula
    if value != counted:
        raise ValueError(
            f"{label}: the schedule has {kind} {counted}, but the formula {text!r} gives {value}"
        )
    return f"<td><b>{counted}</b> <small>= {html.escape(text)}</small></td>"
