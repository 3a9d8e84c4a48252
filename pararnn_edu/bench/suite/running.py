"""A whole run: problem after problem, within a budget, every one on disk before the next."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import jax
import numpy as np

from . import results
from .measure import Measured, first_line, measure
from .spec import Problem
from .worker import failed, measure_flagged

BUDGET = {"quick": 1.5, "full": 30.0}  # minutes
MOST = {"quick": 1.0, "full": 8.0}  # seconds of timing for one problem
LEAST = 0.2
TIMING = 0.4  # of the time of a problem; the rest compiles and checks
NOT_REACHED = "not reached within the budget of {:g} minutes"
STOPPED = "not reached before the run was stopped"


def run(
    todo: list[Problem],
    result: dict,
    path: Path | None,
    minutes: float,
    show: Callable[[Problem, Measured | None], None] = lambda problem, measured: None,
    clock: Callable[[], float] = time.monotonic,
) -> dict:
    """Measures what the result does not hold yet, and writes the file after every problem.

    Everything of `todo` that is not measured is named in `left_out`, also if the run is stopped.
    `show` is called with every problem before it is measured, and again with what came of it.
    """
    started, before = clock(), result["minutes"]
    done = {record["problem"] for record in result["records"]}
    waiting = [problem for problem in todo if problem.name not in done]
    kept = [each for each in result["left_out"] if each["problem"] in done]

    def write(reason: str) -> dict:
        now = result | {
            "minutes": round(before + (clock() - started) / 60, 2),
            "left_out": kept + not_measured(waiting, reason),
        }
        if path is not None:
            results.save(path, now)
        return now

    written = write(STOPPED)
    while waiting and clock() - started < 60 * minutes:
        problem = waiting[0]
        show(problem, None)
        seconds = allotted(60 * minutes - (clock() - started), len(waiting), result["size"])
        made = measured(problem, seconds)
        waiting.pop(0)
        result = result | {"records": result["records"] + made.records}
        kept += made.left_out
        written = write(STOPPED)
        show(problem, made)
    return write(NOT_REACHED.format(minutes)) if waiting else written


def not_measured(problems: Iterable[Problem], why: str) -> list[dict]:
    """An entry of `left_out` for each."""
    return [{"problem": each.name, "variant": None, "why": why} for each in problems]


def allotted(left: float, problems: int, size: str) -> float:
    """Seconds of timing for the next problem, if so many seconds are left for so many."""
    return float(np.clip(TIMING * left / problems, LEAST, MOST[size]))


def measured(problem: Problem, seconds: float) -> Measured:
    """Measures here or, if it needs the flag, in another process; memory is free afterwards."""
    try:
        return (measure_flagged if problem.flagged else measure)(problem, seconds)
    except Exception as error:  # no memory for it, say: the next problem may fit
        return failed(problem, first_line(error))
    finally:
        jax.clear_caches()  # of this problem nothing is used again
