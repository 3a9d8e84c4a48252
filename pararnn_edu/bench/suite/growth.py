"""How fast a time grows: the power of T, d or batch that fits it best."""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from ..files import short
from .spec import Problem

AXES = ("T", "d", "batch")
LEAST = 3  # a line through two points has no error
FIXED = ("group", "kind", "T", "d", "batch", "dtype", "memory", "flagged", "variant")


def growth(records: Iterable[dict]) -> list[dict]:
    """A row for every variant and every axis along which at least three sizes were measured.

    `problem` names what stays the same; `over` the axis; `from` and `to` its ends; `points` how
    many; `slope` and `error` the fitted power, time ~ size**slope, and its standard error.
    """
    return [row for axis in AXES for row in _along(axis, list(records))]


def _along(axis: str, records: list[dict]) -> Iterator[dict]:
    rest = [name for name in FIXED if name != axis]
    key = lambda record: tuple(str(record[name]) for name in rest)
    for _, group in itertools.groupby(sorted(records, key=key), key):
        line = sorted(group, key=lambda record: record[axis])
        if len(line) < LEAST:
            continue
        slope, error = fit([r[axis] for r in line], [r["median_ms"] for r in line])
        yield {
            "problem": without(axis, line[0]),
            "variant": line[0]["variant"],
            "over": axis,
            "from": line[0][axis],
            "to": line[-1][axis],
            "points": len(line),
            "slope": short(slope),
            "error": short(error, 2),
        }


def fit(sizes: list[float], times: list[float]) -> tuple[float, float]:
    """Least squares of log time on log size: the slope and its standard error."""
    x, y = np.log(sizes), np.log(times)
    x = x - x.mean()
    slope = x @ y / (x @ x)
    left = y - y.mean() - slope * x
    return float(slope), float(np.sqrt(left @ left / (len(x) - 2) / (x @ x)))


def without(axis: str, record: dict) -> str:
    """The name of a problem with one size left open: forward/ParaGRU/Tx16."""
    fields = {name: record[name] for name in Problem._fields}
    # A batch of 2 is named, one of 1 is not: any other will do to find its place.
    name = Problem(**fields | {axis: 2 if axis == "batch" else axis}).name
    return name.replace("/2x", "/batchx", 1) if axis == "batch" else name
