"""Forward on a CPU: parallel solvers against a compiled `lax.scan`.

    python -m pararnn_edu.bench.cpu_forward [--out FILE] [--patience SECONDS]

Takes less than three minutes on two quiet cores and prints a table. A CPU runs one step after the
other at full speed, so there is little for a parallel method to save: expect the loop to win.
"""

import argparse
import functools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import jax.numpy as jnp

import pararnn_edu as pr

from .files import as_json
from .machine import machine
from .neighbours import quietest
from .timing import Ratio, Timing, interleaved, ratio

INPUT = 8
QUIET = 0.05  # other processes may take this share of the machine
REPEATS = {1_000: 101, 10_000: 41, 100_000: 15}
BASELINE = "scan"
COMMAND = "python -m pararnn_edu.bench.cpu_forward --out FILE"

METHOD = (
    "Wall-clock time of one forward call, float32, no batch, compiled and warmed up before. All "
    "variants of one problem are called in turn, each waited for, in rounds that start one variant "
    "later each time; medians and quartiles over the rounds. ratio is the time of a variant "
    "divided by that of the compiled lax.scan, taken round by round: above 1 is slower than the "
    "loop. deviation is the largest difference from the states of the loop; steps are the "
    "iterations after the first guess, for multiple shooting those on the segment boundaries. "
    "elsewhere is the share of the machine's processor time that other processes took meanwhile; "
    "a problem may have been measured again for that reason, and the quietest attempt is kept."
)


def methods(dense: bool) -> dict[str, tuple[str, pr.Newton]]:
    """variant -> (label, method). QuasiNewton is Newton for a diagonal Jacobian."""
    found = {
        "newton": ("Newton, scan by lax.scan", pr.Newton(scan="sequential")),
        "newton_associative": ("Newton, associative scan", pr.Newton(scan="associative")),
        "newton_chunked": ("Newton, chunked scan", pr.Newton(scan="chunked")),
        "shooting_16": ("multiple shooting, 16 segments", pr.MultipleShooting(segments=16)),
        "shooting_256": ("multiple shooting, 256 segments", pr.MultipleShooting(segments=256)),
        "windowed": ("Newton in windows of 256", pr.Windowed(window=256)),
    }
    if dense:
        found["quasi_newton"] = ("quasi-Newton", pr.QuasiNewton(scan="sequential"))
    return found


def solve_problem(name: str, d: int, T: int, repeats: int) -> Iterator[dict]:
    """Records of one nonlinear recurrence: every method and the loop."""
    cell = getattr(pr, name)(INPUT, d, key=jax.random.key(0))
    xs = jax.random.normal(jax.random.key(1), (T, INPUT))
    choices = methods(dense=name == "GRU")
    labels = {BASELINE: "lax.scan"} | {key: label for key, (label, _) in choices.items()}
    loop = jax.jit(pr.unroll)

    def solver(method) -> Callable:
        return jax.jit(lambda c, x: pr.solve(c, x, method=method, on_failure="return"))

    solvers = {key: solver(method) for key, (_, method) in choices.items()}
    wanted = loop(cell, xs)
    known = {}
    for key, run in solvers.items():
        solution = run(cell, xs)
        known[key] = {
            "steps": int(solution.steps),
            "converged": bool(solution.converged),
            "deviation": _largest(solution.states, wanted),
        }
    timings = interleaved({BASELINE: loop, **solvers}, cell, xs, repeats=repeats)
    yield from records("solve", name, T, d, labels, timings, known)


def linear_problem(d: int, T: int, repeats: int) -> Iterator[dict]:
    """Records of one diagonal linear recurrence: every backend."""
    a = jax.random.uniform(jax.random.key(2), (T, d), minval=-1)
    b = jax.random.normal(jax.random.key(3), (T, d))
    labels = {
        BASELINE: "lax.scan",
        "associative": "associative scan",
        "chunked": "chunked scan",
    }

    def recurrence(backend: str) -> Callable:
        return jax.jit(lambda a, b: pr.linear_recurrence(a, b, backend=backend))

    fns = {key: recurrence("sequential" if key == BASELINE else key) for key in labels}
    wanted = fns[BASELINE](a, b)
    known = {key: {"deviation": _largest(fn(a, b), wanted)} for key, fn in fns.items()}
    timings = interleaved(fns, a, b, repeats=repeats)
    yield from records("linear", "linear, diagonal", T, d, labels, timings, known)


def records(
    group: str, problem: str, T: int, d: int, labels: dict, timings: dict[str, Timing], known: dict
) -> Iterator[dict]:
    """One record per variant, in milliseconds and in multiples of the loop."""
    for variant, label in labels.items():
        timing, times = timings[variant], ratio(timings, variant, BASELINE)
        about = {"steps": None, "converged": True, "deviation": 0.0} | known.get(variant, {})
        yield {
            "group": group,
            "problem": problem,
            "T": T,
            "d": d,
            "variant": variant,
            "label": label,
            **_milliseconds(timing),
            **_multiples(times),
            "repeats": len(timing.seconds),
            **about,
        }


def measure(repeats: dict[int, int], patience: float = 0) -> list[dict]:
    """All records, problem after problem; `repeats` says how often to call at each length.

    Waits up to `patience` seconds in all, an equal part of what is left for each problem, for the
    rest of the machine to be quiet.
    """
    problems = [(solve_problem, "GRU", 8), (solve_problem, "ParaGRU", 64), (linear_problem, 64)]
    todo = [(*problem, T, times) for T, times in repeats.items() for problem in problems]
    give_up, found = time.monotonic() + patience, []
    for done, (problem, *about) in enumerate(todo):
        now = time.monotonic()
        deadline = now + (give_up - now) / (len(todo) - done)
        made, others = quietest(functools.partial(_listed, problem, *about), QUIET, deadline)
        found += _shown([each | {"elsewhere": _rounded(others, 2)} for each in made])
    return found


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and write the JSON file if asked to."""
    parser = argparse.ArgumentParser(prog="python -m pararnn_edu.bench.cpu_forward")
    parser.add_argument("--out", type=Path, help="write the result to this file")
    parser.add_argument("--note", default="", help="what else was going on on the machine")
    parser.add_argument(
        "--patience", type=float, default=0, help="seconds to wait in all for a quiet machine"
    )
    parser.add_argument("--quick", action="store_true", help="T = 1000 only")
    options = parser.parse_args(argv)
    jax.config.update("jax_platforms", "cpu")
    repeats = {1_000: REPEATS[1_000]} if options.quick else REPEATS
    found = measure(repeats, options.patience)
    if options.out:
        about = machine(options.note)
        result = {"machine": about, "method": METHOD, "command": COMMAND, "records": found}
        options.out.write_text(as_json(result))
        print(f"wrote {options.out}")
    return 0


def _listed(problem: Callable, *about) -> list[dict]:
    return list(problem(*about))


def _shown(found: list[dict]) -> list[dict]:
    for each in found:
        print(
            f"{each['problem']:16} T={each['T']:<7} {each['label']:32} "
            f"{each['median_ms']:9.2f} ms  {each['ratio']:7.2f} x",
            flush=True,
        )
    return found


def _milliseconds(timing: Timing) -> dict:
    ms = {"median_ms": timing.median, "low_ms": timing.low, "high_ms": timing.high}
    return {key: float(f"{1e3 * value:.4g}") for key, value in ms.items()}


def _multiples(times: Ratio) -> dict:
    ratios = {"ratio": times.median, "ratio_low": times.low, "ratio_high": times.high}
    return {key: float(f"{value:.3g}") for key, value in ratios.items()}


def _largest(got: jax.Array, wanted: jax.Array) -> float:
    return float(f"{float(jnp.max(jnp.abs(got - wanted))):.2g}")


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)


if __name__ == "__main__":
    sys.exit(main())
