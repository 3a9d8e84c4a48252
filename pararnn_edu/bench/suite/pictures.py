"""Pictures of a result for its page, each with a text for those who do not see it."""

import base64
import io
import itertools
import re
from collections.abc import Iterator
from html import escape

import numpy as np

from ... import figures
from .measure import CHOOSING, FLOOR, SPREAD
from .spec import Problem

SHOWN = {
    "step": ("loop", "newton", "shooting", "one_kernel", "kernels", "cudnn", "auto"),
    "linear": ("associative", "chunked", "one_kernel", "kernels", "auto"),
    "forward": ("newton", "quasi_newton", "shooting", "one_kernel", "kernels", "cudnn", "auto"),
}
OURS = {"step": "Auto", "forward": "Auto", "linear": "linear_recurrence"}
SUBJECT = {"step": "training steps", "forward": "states", "linear": "linear recurrences"}


def fast(group: str, records: list[dict]) -> str:
    """How many times as fast as the baseline, problem by problem."""
    shown = [r for r in records if r["variant"] in SHOWN[group] and r["variant"] != r["baseline"]]
    if not shown:
        return ""
    base = " or ".join(sorted({r["label"] for r in records if r["variant"] == r["baseline"]}))
    rows = _rows(shown, lambda r: [1 / r[f"ratio_{key}"] for key in ("median", "high", "low")])
    found = f"Times as fast as {base}, with quartiles{_reach(group, rows)}"
    figure = figures.intervals(rows, xlabel=f"times as fast as {base}", accent=_ours(group, shown))
    return picture(figure, f"{len(rows)} {SUBJECT[group]}. {found}.", f"{found}.")


def floors(group: str, records: list[dict]) -> str:
    """How many times as long as copying, problem by problem."""
    shown = [r for r in records if r["variant"] in (r["baseline"], "auto", "kernels")]
    rows = _rows(shown, lambda r: [r[f"floor_{key}"] for key in SPREAD])
    what = "times as long as copying"
    found = f"How near memory's floor: {what}{_reach(group, rows)}"
    figure = figures.intervals(rows, xlabel=what, accent=_ours(group, shown))
    return picture(figure, f"{len(rows)} {SUBJECT[group]}. {found}.", f"{found}.")


def growing(group: str, records: list[dict]) -> Iterator[str]:
    """Time over T, for every family of problems that was measured at three lengths or more."""
    family = lambda record: short_name(record | {"T": "T"})
    shown = [r for r in records if r["variant"] in (r["baseline"], FLOOR, *SHOWN[group])]
    for name, some in itertools.groupby(sorted(shown, key=family), family):
        found = sorted(some, key=lambda record: record["T"])
        if len({record["T"] for record in found}) < 3:
            continue
        curves = {}
        for label in dict.fromkeys(record["label"] for record in found):
            line = [record for record in found if record["label"] == label]
            spreads = [[record[f"{key}_ms"] for key in SPREAD] for record in line]
            curves[label] = ([record["T"] for record in line], spreads)
        figure = figures.powers(curves, accent=_ours(group, found))
        ends = f"from {found[0]['T']:,} to {found[-1]['T']:,} steps"
        text = f"{name}: milliseconds {ends}, and the power of T that fits each curve."
        yield picture(figure, f"{text} The table of growth has the numbers.", text)


def winners(group: str, records: list[dict]) -> Iterator[str]:
    """For every cell or structure: what was fastest at which size."""
    kind = lambda record: record["kind"]
    for name, some in itertools.groupby(sorted(filter(_competes, records), key=kind), kind):
        points = [
            _winner(list(rivals)) for _, rivals in itertools.groupby(some, lambda r: r["problem"])
        ]
        if len(points) < 3:
            continue
        told = "; ".join(f"{T:,} x {d:,} {who}" for T, d, who, _ in points)
        text = f"{name}: the fastest method at every size, and how many times as fast as the loop."
        yield picture(figures.winners(points), f"{text} {told}.", text)


def _competes(record: dict) -> bool:
    """Whether a record is of one method, on a usual problem, and right."""
    problem = Problem(**{name: record[name] for name in Problem._fields})
    usual = problem == Problem(problem.group, problem.kind, problem.T, problem.d)
    alone = record["variant"] not in (FLOOR, *CHOOSING, "sequential")
    return usual and alone and record["converged"] is not False


def _winner(rivals: list[dict]) -> tuple:
    best = min(rivals, key=lambda record: record["ratio_median"])
    faster = best["variant"] != best["baseline"]
    text = f"{1 / best['ratio_median']:.2g}x" if faster else ""
    return best["T"], best["d"], best["label"], text


def _rows(records: list[dict], spread) -> dict[str, dict]:
    rows: dict[str, dict] = {}
    for record in records:
        rows.setdefault(short_name(record), {})[record["label"]] = spread(record)
    return rows


def _ours(group: str, records: list[dict]) -> str | None:
    return OURS[group] if any(r["label"] == OURS[group] for r in records) else None


def _reach(group: str, rows: dict) -> str:
    """From where to where the library's own choice goes."""
    mine = [row[OURS[group]][0] for row in rows.values() if OURS[group] in row]
    return f"; {OURS[group]} from {np.min(mine):.2g} to {np.max(mine):.2g}" if mine else ""


def short_name(record: dict) -> str:
    """The name of a problem within its group."""
    return Problem(**{k: record[k] for k in Problem._fields}).name.split("/", 1)[1]


def picture(figure, alt: str, caption: str) -> str:
    """A figure as SVG within the page, the same text for the same figure."""
    raw = io.BytesIO()
    with figures.use():
        figure.savefig(raw, format="svg", metadata={"Date": None, "Creator": None})
    data = base64.b64encode(_renamed(raw.getvalue().decode()).encode()).decode()
    width = round(figure.get_figwidth() * 110)
    return (
        f'<figure><img src="data:image/svg+xml;base64,{data}" width="{width}" '
        f'alt="{escape(alt)}"><figcaption>{escape(caption)}</figcaption></figure>'
    )


def _renamed(svg: str) -> str:
    """Marks and clip paths numbered: matplotlib's own names for them differ from run to run."""
    names = dict.fromkeys(re.findall(r'id="([a-zA-Z][0-9a-f]{10})"', svg))
    for number, name in enumerate(names):
        svg = svg.replace(name, f"{name[0]}{number}")
    return svg
