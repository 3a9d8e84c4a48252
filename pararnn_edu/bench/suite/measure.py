"""One problem, measured: every variant compiled, checked against float64, and timed in turns."""

import functools
import time
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from ..files import short
from ..neighbours import share, snapshot
from ..programs import Program, compiled
from ..timing import Ratio, Timing, interleaved, ratio
from . import cudnn, exact, forward, linear, training
from .schema import LEAST_ROUNDS, SPREAD, off
from .spec import Built, Outcome, Problem, Variant

BUILDERS = {"linear": linear.build, "forward": forward.build, "step": training.build}
FLOOR = "copy"
CHOOSING = ("auto", "auto_raises", "auto_float32")  # these choose a method and are none
MOST_ROUNDS = 101


class Measured(NamedTuple):
    """What came of a problem."""

    records: list[dict]
    left_out: list[dict]
    """`problem`, `variant` (None for all of them) and `why`."""


class Ready(NamedTuple):
    """A compiled variant that has run twice."""

    program: Program
    call: Callable
    """Without arguments."""
    seconds: float
    """Of its second run."""
    about: dict
    """Deviations, and what a solver says of itself."""


def measure(problem: Problem, seconds: float) -> Measured:
    """Times the problem for about so many seconds, compiling and checking not counted."""
    built = build(problem)
    left_out = dict(built.left_out)
    ready: dict[str, Ready] = {}
    for name, variant in built.variants.items():
        try:
            made = prepare(variant, built.reference)
        except Exception as error:  # the others go on, and the file says what is missing
            left_out[name] = first_line(error)
            continue
        if wrong := list(off(made.about, name, problem.group, problem.dtype)):
            left_out[name] = "; ".join(wrong)
        else:
            ready[name] = made
    baseline = next(iter(built.variants))
    missing = [
        {"problem": problem.name, "variant": name, "why": why} for name, why in left_out.items()
    ]
    if baseline not in ready:
        why = f"its baseline {baseline} did not run: {left_out[baseline]}"
        return Measured([], [{"problem": problem.name, "variant": None, "why": why}])
    return Measured(timed(problem, built, ready, seconds), missing)


def build(problem: Problem) -> Built:
    """Everything that competes."""
    return cudnn.build(problem) if problem.kind == "LSTM" else BUILDERS[problem.group](problem)


def prepare(variant: Variant, reference: Outcome) -> Ready:
    """Compiles a variant, runs it twice, and holds its numbers against the reference."""
    program = compiled(variant.call, *variant.args)
    call = functools.partial(program.call, *variant.args)
    got = jax.block_until_ready(call())
    started = time.perf_counter()
    jax.block_until_ready(call())
    return Ready(program, call, time.perf_counter() - started, judged(got, reference))


def first_line(error: Exception) -> str:
    """What went wrong, in one line."""
    return ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])


def judged(got: Outcome, reference: Outcome) -> dict:
    """How far states and gradients are off, and what the solver says."""
    made = {"deviation": None, "gradient_deviation": None}
    if got.states is not None:
        made["deviation"] = short(exact.deviation(got.states, reference.states, 1.0), 2)
    if got.gradients is not None and got.states is not None:
        made["gradient_deviation"] = short(exact.deviation(got.gradients, reference.gradients), 2)
    said = {name: np.asarray(value) for name, value in (got.about or {}).items()}
    return made | {
        "steps": int(said["steps"].max()) if said else None,
        "converged": bool(said["converged"].all()) if said else None,
        "residual": short(float(said["residual"].max()), 2) if said else None,
    }


def timed(
    problem: Problem,
    built: Built,
    ready: dict[str, Ready],
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> list[dict]:
    """The records of all variants that are ready, from one interleaved measurement."""
    rounds = fitting(seconds, sum(each.seconds for each in ready.values()))
    before = snapshot()
    calls = {name: each.call for name, each in ready.items()}
    timings = interleaved(calls, repeats=rounds, warmup=1, clock=clock)
    others = share(before, snapshot())
    baseline = next(iter(ready))
    best = fastest(timings)
    return [
        {
            "problem": problem.name,
            **problem._asdict(),
            "variant": name,
            "label": built.variants[name].label,
            "baseline": baseline,
            **milliseconds(timings[name]),
            **multiples("ratio", ratio(timings, name, baseline)),
            **multiples("floor", ratio(timings, name, FLOOR)),
            "best": best,
            **multiples("best", ratio(timings, name, best)),
            "repeats": rounds,
            **each.about,
            "chosen": next(iter(built.variants[name].chosen), None),
            "compile_seconds": short(each.program.seconds),
            "megabytes": None if each.program.megabytes is None else short(each.program.megabytes),
            "elsewhere": None if others is None else round(min(1.0, others), 2),
        }
        for name, each in ready.items()
    ]


def fastest(timings: dict[str, Timing]) -> str:
    """The fastest of the methods that somebody could choose; `Auto` itself is none."""
    methods = [name for name in timings if name not in (FLOOR, *CHOOSING)]
    return min(methods, key=lambda name: timings[name].median)


def fitting(seconds: float, a_round: float) -> int:
    """How many rounds fit into the time."""
    return int(np.clip(seconds / max(a_round, 1e-9), LEAST_ROUNDS, MOST_ROUNDS))


def milliseconds(timing: Timing) -> dict:
    """Median and quartiles as a record has them."""
    return {f"{key}_ms": short(1e3 * getattr(timing, key), 4) for key in SPREAD}


def multiples(of: str, times: Ratio) -> dict:
    """A ratio's median and quartiles as a record has them."""
    return {f"{of}_{key}": short(getattr(times, key), 4) for key in SPREAD}
