"""The stored measurement: what it says of itself, and that its numbers agree."""

import datetime
import json

import pytest

from pararnn_edu import bench
from pararnn_edu.bench import cpu_forward

RESULT = bench.stored("cpu_forward")
RECORDS = RESULT["records"]


def key(record):
    return record["group"], record["problem"], record["T"]


GROUPS = list(dict.fromkeys(map(key, RECORDS)))


def test_the_machine_is_named():
    about = RESULT["machine"]
    datetime.date.fromisoformat(about["date"])
    assert about["cpu"] and about["os"] and about["jax"] and about["python"]
    assert about["cores"] >= 1
    assert "two shared cores" in about["note"]
    assert "lax.scan" in RESULT["method"]


def test_all_problems_and_lengths_are_there():
    problems = {("solve", "GRU"), ("solve", "ParaGRU"), ("linear", "linear, diagonal")}
    assert set(GROUPS) == {(*p, T) for p in problems for T in cpu_forward.REPEATS}


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_ratios_are_to_the_loop_of_the_same_problem(group):
    records = [r for r in RECORDS if key(r) == group]
    (loop,) = [r for r in records if r["variant"] == "scan"]
    assert loop["ratio"] == loop["ratio_low"] == loop["ratio_high"] == 1
    assert loop["deviation"] == 0
    for record in records:
        assert 0 < record["low_ms"] <= record["median_ms"] <= record["high_ms"]
        assert record["ratio_low"] <= record["ratio"] <= record["ratio_high"]
        # The median of ratios is not the ratio of medians, but it lies where the quartiles allow.
        least = record["low_ms"] / loop["high_ms"]
        most = record["high_ms"] / loop["low_ms"]
        assert least <= record["ratio"] <= most
        assert 0 <= record["elsewhere"] <= 1
        assert record["repeats"] == cpu_forward.REPEATS[record["T"]]


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: f"{r['problem']}-{r['T']}-{r['variant']}")
def test_what_was_timed_was_right(record):
    assert record["converged"]
    assert record["deviation"] < 1e-4
    solver = record["group"] == "solve" and record["variant"] != "scan"
    assert (record["steps"] is not None) == solver


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"no stored measurement 'gpu'.*cpu_forward"):
        bench.stored("gpu")


def test_the_file_is_what_the_tool_writes():
    assert json.loads(cpu_forward.as_json(RESULT)) == RESULT


def test_machine_describes_this_one():
    about = bench.machine("a note")
    assert about["note"] == "a note"
    assert about["cores"] >= 1
    assert about["cpu"]


def test_a_measurement_has_the_records_of_the_stored_one():
    made = [
        *cpu_forward.solve_problem("GRU", 8, 40, repeats=1),
        *cpu_forward.linear_problem(64, 40, repeats=1),
    ]
    stored = [r for r in RECORDS if r["T"] == 1000 and r["problem"] != "ParaGRU"]
    assert [(r["variant"], r["label"]) for r in made] == [
        (r["variant"], r["label"]) for r in stored
    ]
    assert {*made[0], "elsewhere"} == set(stored[0])
    assert all(r["converged"] for r in made)
