"""Measurements of the kernels on GPUs, as people sent them in: read, and held to their form.

A result is one JSON file in `results/gpu`, written by `gpu_kernels.py` and never by hand:

    format    1
    device    name, platform, capability ("8.0"), driver, memory_mib
    machine   as in every stored measurement: cpu, os, versions of python and jax, date, note
    time      when it was finished, in UTC
    command   what was run; method: how it was timed, in words
    checks    a record per case: kernel, T, d, dtype, batch, reverse, shots; the largest errors of
              values and gradients against the float64 loop, their bounds; runs, and whether all
              gave the same bits (steady); passed
    records   a record per problem and variant: problem, T, d, batch, dtype, gradient, variant,
              label; median_ms, low_ms, high_ms (quartiles); ratio_median, ratio_low, ratio_high to
              the variant one_kernel of the same problem, round by round; repeats, deviation
"""

import datetime
import functools
import json
import math
from collections.abc import Iterator
from importlib import resources

FORMAT = 1
BASELINE = "one_kernel"
LEAST_REPEATS = 10
MOST_DEVIATION = {"float32": 1e-3, "bfloat16": 0.1, "float16": 0.1}
_TOP = {"format", "device", "machine", "time", "command", "method", "checks", "records"}
_DEVICE = {"name", "platform", "capability", "driver", "memory_mib"}
_MACHINE = {"cpu", "os", "python", "jax", "jaxlib", "date", "note"}
_CASE = {"kernel", "T", "d", "dtype", "batch", "reverse", "shots"}
_CHECK = _CASE | {"values", "gradients", "bounds", "runs", "steady", "passed"}
_SAME = ("problem", "T", "d", "batch", "dtype", "gradient")
_TIMES = ("median_ms", "low_ms", "high_ms", "ratio_median", "ratio_low", "ratio_high")
_RECORD = {*_SAME, *_TIMES, "variant", "label", "repeats", "deviation"}


@functools.cache
def gpu_results() -> dict[str, dict]:
    """All measurements that the package holds: file name without its ending -> result.

    Empty as long as nobody has measured on a GPU. **Raises** `ValueError` for a file that is not
    of the form above, naming file and fault.
    """
    folder = resources.files(__package__) / "results" / "gpu"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    found = {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in files}
    for name, result in found.items():
        if wrong := complaints(result):
            raise ValueError(f"results/gpu/{name}.json: " + "; ".join(wrong))
    return found


def complaints(result: dict) -> list[str]:
    """What keeps a result from being stored, in words; empty if it is fit."""
    if missing := sorted(_TOP - set(result)):
        return [f"{', '.join(missing)} missing"]
    if result["format"] != FORMAT:
        return [f"format must be {FORMAT}, got {result['format']!r}"]
    return [*_of_device(result), *_of_checks(result["checks"]), *_of_records(result["records"])]


def _of_device(result: dict) -> Iterator[str]:
    device, machine = result["device"], result["machine"]
    for what, table, wanted in (("device", device, _DEVICE), ("machine", machine, _MACHINE)):
        if missing := sorted(wanted - set(table)):
            yield f"{what} lacks {', '.join(missing)}"
            return
    if device["platform"] != "gpu" or not device["capability"]:
        yield f"measured on {device['name']!r}, which is no CUDA GPU"
    for name, text in (("machine's date", machine["date"]), ("time", result["time"])):
        try:
            datetime.datetime.fromisoformat(text)
        except (TypeError, ValueError):
            yield f"the {name} must be an ISO date, got {text!r}"


def _of_checks(checks: list[dict]) -> Iterator[str]:
    if not checks:
        yield "no kernel was checked"
    for number, each in enumerate(checks, 1):
        if missing := sorted(_CHECK - set(each)):
            yield f"check {number} lacks {', '.join(missing)}"
        elif not each["passed"] or not _within(each):
            yield f"check {number}, {each['kernel']} of {each['T']} x {each['d']}, is wrong"


def _within(check: dict) -> bool:
    pairs = zip((check["values"], check["gradients"]), check["bounds"], strict=True)
    return all(error <= bound for error, bound in pairs)


def _of_records(records: list[dict]) -> Iterator[str]:
    if not records:
        yield "nothing was measured"
    problems: dict[tuple, set] = {}
    for number, each in enumerate(records, 1):
        if missing := sorted(_RECORD - set(each)):
            yield f"record {number} lacks {', '.join(missing)}"
            continue
        variants = problems.setdefault(tuple(each[key] for key in _SAME), set())
        if each["variant"] in variants:
            yield f"record {number} is the second of {each['variant']!r} for its problem"
        variants.add(each["variant"])
        yield from (f"record {number}: {why}" for why in _of_times(each))
    for problem, variants in problems.items():
        if BASELINE not in variants:
            yield f"{problem} has no {BASELINE!r} to compare with"


def _of_times(record: dict) -> Iterator[str]:
    if not all(positive(record[key]) for key in _TIMES):
        yield "a time or a ratio is no positive number"
        return
    yield from in_order(record, ("{}_ms", "ratio_{}"))
    if record["repeats"] < LEAST_REPEATS:
        yield f"{record['repeats']} repeats, at least {LEAST_REPEATS} are needed"
    if not record["deviation"] <= MOST_DEVIATION.get(record["dtype"], 0):
        yield f"its states are off by {record['deviation']}: what is wrong is not timed"
    if record["variant"] == BASELINE and record["ratio_median"] != 1:
        yield f"the ratio of {BASELINE!r} to itself is {record['ratio_median']}"


def in_order(record: dict, units: tuple[str, ...]) -> Iterator[str]:
    """Complaints about medians that are not between their quartiles; units as "{}_ms"."""
    for unit in units:
        low, middle, high = (record[unit.format(key)] for key in ("low", "median", "high"))
        if not low <= middle <= high:
            yield f"{unit.format('median')} {middle} is not between {low} and {high}"


def positive(value) -> bool:
    """Whether this is a number above zero, and finite."""
    return isinstance(value, int | float) and math.isfinite(value) and value > 0
