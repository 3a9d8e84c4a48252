"""Results of the suite, made up."""

from pararnn_edu import bench
from pararnn_edu.bench.suite.measure import Measured
from pararnn_edu.bench.suite.spec import Problem

STEP = Problem("step", "ParaGRU", 64, 4)
PLAIN = [Problem("forward", "ParaLSTM", T, 4, batch=2) for T in (16, 64, 256)]
HALF = Problem("linear", "diagonal", 64, 4, dtype="bfloat16")
PROBLEMS = [STEP, *PLAIN, HALF]
BASELINES = {"step": "autodiff", "forward": "scan", "linear": "scan"}


def spread(name, median, width=0.05):
    """Median and quartiles of a record, `width` to either side."""
    factors = {"median": 1.0, "low": 1 - width, "high": 1 + width}
    return {name.format(key): factor * median for key, factor in factors.items()}


def record(problem, variant, ratio, **changes):
    """A record whose baseline takes one microsecond a step, and copying a tenth of that."""
    baseline = BASELINES[problem.group]
    ms = 1e-3 * problem.T
    step = problem.group == "step" and variant != "copy"
    made = {
        "problem": problem.name,
        **problem._asdict(),
        "variant": variant,
        "label": {"auto": "Auto", "copy": "copying as many bytes"}.get(variant, variant),
        "baseline": baseline,
        **spread("{}_ms", ratio * ms),
        **spread("ratio_{}", ratio, 0 if variant == baseline else 0.05),
        **spread("floor_{}", 10 * ratio),
        "best": baseline,
        **spread("best_{}", ratio),
        "repeats": 11,
        "deviation": None if variant == "copy" else 2e-7,
        "gradient_deviation": 3e-7 if step else None,
        "steps": 3 if variant == "auto" else None,
        "converged": True if variant == "auto" else None,
        "residual": 1e-7 if variant == "auto" else None,
        "chosen": "Auto: Newton" if variant == "auto" else None,
        "compile_seconds": 0.5,
        "megabytes": 1.5,
        "elsewhere": 0.02,
    }
    return made | changes


def records(problem, auto=0.5):
    """A baseline, `Auto` and the copy."""
    ratios = {BASELINES[problem.group]: 1.0, "auto": auto, "copy": 0.1}
    return [record(problem, variant, ratio) for variant, ratio in ratios.items()]


def measured(problem, seconds=1.0, auto=0.5):
    """In the place of `measure`."""
    assert seconds > 0
    return Measured(records(problem, auto), [])


def result(problems=PROBLEMS, **changes):
    """A whole file."""
    made = {
        "format": 1,
        "size": "quick",
        "device": {
            "name": "a device", "platform": "cpu", "capability": None, "driver": None,
            "memory_mib": None,
        },
        "machine": bench.machine("made up by a test"),
        "environment": {"XLA_FLAGS": "--none"},
        "source": "0123456789ab",
        "time": "2026-11-22T09:30:00+00:00",
        "minutes": 1.5,
        "command": "python -m pararnn_edu bench",
        "method": "in words",
        "records": [each for problem in problems for each in records(problem)],
        "growth": [],
        "left_out": [{"problem": "step/GRU/9x9", "variant": None, "why": "no time <left>"}],
    }  # fmt: skip
    return made | changes
