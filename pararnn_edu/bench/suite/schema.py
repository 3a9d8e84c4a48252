"""What a file of results must hold, told in words where it does not."""

import datetime
from collections.abc import Iterator

from ..gpu_results import in_order, positive

FORMAT = 1
LEAST_ROUNDS = 5
SPREAD = ("median", "low", "high")
TOP = {
    "format", "size", "device", "machine", "environment", "source", "time", "minutes", "command",
    "method", "records", "growth", "left_out",
}  # fmt: skip
DEVICE = {"name", "platform", "capability", "driver", "memory_mib"}
MACHINE = {"cpu", "cores", "os", "python", "jax", "jaxlib", "numpy", "date", "note"}
TIMES = tuple(f"{key}_ms" for key in SPREAD)
RATIOS = tuple(f"{of}_{key}" for of in ("ratio", "floor", "best") for key in SPREAD)
PROBLEM = ("group", "kind", "T", "d", "batch", "dtype", "memory", "flagged")
RECORD = {
    "problem", *PROBLEM, "variant", "label", "baseline", "best", *TIMES, *RATIOS, "repeats",
    "deviation", "gradient_deviation", "steps", "converged", "residual", "chosen",
    "compile_seconds", "megabytes", "elsewhere",
}  # fmt: skip
GROWTH = {"problem", "variant", "over", "from", "to", "points", "slope", "error"}
MOST_DEVIATION = {"float32": 1e-2, "bfloat16": 0.1}


def complaints(result: dict) -> list[str]:
    """What keeps a result from being believed; empty if it is whole."""
    if not isinstance(result, dict):
        return ["it is no JSON object"]
    if missing := sorted(TOP - set(result)):
        return [f"{', '.join(missing)} missing"]
    if result["format"] != FORMAT:
        return [f"format must be {FORMAT}, got {result['format']!r}"]
    return [*_of_head(result), *_of_records(result["records"]), *_of_lists(result)]


def _of_head(result: dict) -> Iterator[str]:
    for what, wanted in (("device", DEVICE), ("machine", MACHINE)):
        if missing := sorted(wanted - set(result[what])):
            yield f"{what} lacks {', '.join(missing)}"
    for name, text in (("date", result["machine"].get("date")), ("time", result["time"])):
        try:
            datetime.datetime.fromisoformat(text)
        except (TypeError, ValueError):
            yield f"the {name} must be an ISO date, got {text!r}"


def _of_records(records: list[dict]) -> Iterator[str]:
    problems: dict[str, dict] = {}
    for number, each in enumerate(records, 1):
        if missing := sorted(RECORD - set(each)):
            yield f"record {number} lacks {', '.join(missing)}"
            continue
        variants = problems.setdefault(each["problem"], {})
        if each["variant"] in variants:
            yield f"record {number} is the second of {each['variant']!r} for {each['problem']}"
        variants[each["variant"]] = each["baseline"]
        yield from (f"record {number}, {each['problem']}: {why}" for why in _of_record(each))
    for problem, variants in problems.items():
        if len(set(variants.values())) > 1 or not set(variants.values()) <= set(variants):
            yield f"{problem} must have one baseline, and a record of it"


def _of_record(record: dict) -> Iterator[str]:
    if not all(positive(record[key]) for key in (*TIMES, *RATIOS, "compile_seconds")):
        yield "a time or a ratio is no positive number"
        return
    yield from in_order(record, ("{}_ms", "ratio_{}", "floor_{}", "best_{}"))
    if record["repeats"] < LEAST_ROUNDS:
        yield f"{record['repeats']} repeats, at least {LEAST_ROUNDS} are needed"
    if record["variant"] == record["baseline"] and record["ratio_median"] != 1:
        yield f"the ratio of the baseline to itself is {record['ratio_median']}"
    yield from off(record, record["variant"], record["group"], record["dtype"])


def off(about: dict, variant: str, group: str, dtype: str) -> Iterator[str]:
    """What is wrong with numbers that were said to be right; a solve that says it failed may be."""
    if variant == "copy" or about["converged"] is False:
        return
    for name in ("deviation", "gradient_deviation") if group == "step" else ("deviation",):
        if about[name] is None or not about[name] <= MOST_DEVIATION.get(dtype, 0):
            yield f"its {name} is {about[name]}: what is wrong is not timed"


def _of_lists(result: dict) -> Iterator[str]:
    for number, each in enumerate(result["growth"], 1):
        if missing := sorted(GROWTH - set(each)):
            yield f"growth {number} lacks {', '.join(missing)}"
    for number, each in enumerate(result["left_out"], 1):
        if set(each) != {"problem", "variant", "why"} or not each["why"]:
            yield f"left_out {number} must have problem, variant and why"
