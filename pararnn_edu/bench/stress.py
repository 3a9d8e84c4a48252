"""The stress table: every method on every problem, and whether it told the truth.

    python -m pararnn_edu.bench.stress [--out FILE] [--quick]

Takes about four minutes on two cores; `--quick` less than one. Counts and verdicts, no times.
"""

import argparse
import functools
import json
import math
import sys
from importlib import resources
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import pararnn_edu as pr

from ..solvers.predictability import predictability
from .files import as_json
from .machine import machine
from .problems import Stress, problems

LENGTH, QUICK = 1000, 120
COMMAND = "python -m pararnn_edu.bench.stress --out FILE"
WINDOW = 64

METHOD = (
    "float64, tolerance 1e-10, at most T / 4 iterations (for each window where those have a fixed "
    "length, of 64 rows), from the library's own guess. steps: iterations, over all "
    "windows; T for the loop. error: the largest difference from the states of the loop, relative "
    "to max(1, |h|). "
    "A result is honest if it says that it did not converge, or if it says that it did and its "
    "error is no more than its residual explains: sqrt(T n) (residual + 4 eps) / sigma, sigma the "
    "smallest singular value of the Newton system at the solution. exponent, growth and predicted "
    "are those of pr.predictability."
)


def methods() -> dict[str, object]:
    """label -> method, in the order of the table's columns."""
    return {
        "Jacobi": pr.Jacobi(),
        "Picard": pr.Picard(),
        "QuasiNewton": pr.QuasiNewton(),
        "Newton": pr.Newton(),
        "Damped(0.5)": pr.Damped(0.5),
        'Damped("search")': pr.Damped("search"),
        "ELK, 0.01": pr.ELK(damping=0.01),
        "ELK": pr.ELK(),
        "ELK, smoother": pr.ELK(estimate="smoother"),
        "quasi-ELK": pr.ELK(pr.QuasiNewton()),
        "Windowed": pr.Windowed(window=WINDOW),
        'Windowed("auto")': pr.Windowed(window="auto"),
        "Auto": pr.Auto(),
        "Sequential": pr.Sequential(),
    }


def measure(some: list[Stress], labels=None) -> list[dict]:
    """A record for each problem and method (all of them, or those that `labels` names)."""
    found = []
    for problem in some:
        known = about(problem)
        for label, method in methods().items():
            if labels is not None and label not in labels:
                continue
            found.append(known | {"method": label} | run(problem, method, known))
            print(line(found[-1]), flush=True)
    return found


def about(problem: Stress) -> dict:
    """What the trajectory says before anything is solved in parallel."""
    found = predictability(problem.cell, problem.xs, problem.h0)
    return {
        "problem": problem.name,
        "T": found.length,
        "n": found.size,
        "exponent": _short(found.lyapunov),
        "log_growth": _short(found.log_growth),
        "sigma": _short(found.smallest_singular_value),
        "predicted": found.predicted_steps,
        "advice": found.recommendation,
    }


def run(problem: Stress, method, known: dict) -> dict:
    """Solves once and compares with the loop."""
    length = known["T"]
    solution = pr.solve(*problem[1:], method, max_steps=length // 4, on_failure="return")
    wanted = pr.unroll(*problem[1:])
    gap = jnp.abs(solution.states - wanted) / jnp.maximum(1, jnp.abs(wanted))
    error = float(jnp.max(jnp.where(jnp.isnan(gap), jnp.inf, gap)))
    converged, residual = bool(solution.converged), float(solution.residual)
    return {
        "steps": int(solution.steps),
        "converged": converged,
        "residual": _short(residual),
        "error": _short(error),
        "honest": not converged or bool(error <= explained(residual, known)),
    }


def explained(residual: float, known: dict) -> float:
    """The error that a residual may cause: |e| <= |r| / sigma, from entries to norms."""
    if not known["sigma"]:
        return math.inf
    rounding = 4 * np.finfo(float).eps
    return math.sqrt(known["T"] * known["n"]) * (residual + rounding) / known["sigma"]


def line(record: dict) -> str:
    """One line of the printed table."""
    verdict = "converged" if record["converged"] else "NOT converged"
    honest = "" if record["honest"] else "  DISHONEST"
    return (
        f"{record['problem']:20}{record['method']:18}{record['steps']:6} steps  {verdict:14}"
        f"error {record['error']}{honest}"
    )


@functools.cache
def table() -> dict:
    """The stored table: `["machine"]`, `["method"]` in words, and `["records"]`."""
    return json.loads((resources.files(__package__) / "results" / "stress.json").read_text())


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and write the JSON file if asked to."""
    parser = argparse.ArgumentParser(prog="python -m pararnn_edu.bench.stress")
    parser.add_argument("--out", type=Path, help="write the result to this file")
    parser.add_argument("--note", default="", help="anything worth knowing about the machine")
    parser.add_argument("--quick", action="store_true", help=f"T = {QUICK} instead of {LENGTH}")
    options = parser.parse_args(argv)
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    found = measure(problems(QUICK if options.quick else LENGTH))
    print(f"dishonest: {sum(not each['honest'] for each in found)} of {len(found)}")
    if options.out:
        head = {"machine": machine(options.note), "method": METHOD, "command": COMMAND}
        options.out.write_text(as_json(head | {"records": found}))
        print(f"wrote {options.out}")
    return 0


def _short(value: float):
    """Three digits; a word for what JSON has no number for."""
    return float(f"{value:.3g}") if math.isfinite(value) else str(value)


if __name__ == "__main__":
    sys.exit(main())
