"""The counts that the book cites are complete and agree with themselves."""

import datetime

import pytest

from pararnn_edu import gpu

STORED = gpu.stored_launches()
RECORDS = STORED["records"]
BY_KEY = {(r["program"], r["target"], r["T"]): r for r in RECORDS}
PROGRAMS = list(dict.fromkeys(r["program"] for r in RECORDS))
TARGETS, LENGTHS = ("A100", "H100", "T4"), (1024, 4096)


def sequential(program: str) -> bool:
    return program.startswith("scan_") or program == "linear_sequential"


def test_provenance():
    about = STORED["provenance"]
    datetime.date.fromisoformat(about["date"])
    assert set(about["targets"]) == set(TARGETS)
    assert about["dtype"] == "float32"
    assert about["jax"] and about["command"] and "nothing was run or timed" in about["note"]


def test_every_program_is_there_for_every_target_and_length():
    wanted = {(p, t, n) for p in PROGRAMS for t in TARGETS for n in LENGTHS}
    assert set(BY_KEY) == wanted
    assert len(RECORDS) == len(wanted)
    assert {"scan_elman", "scan_gru", "scan_paragru", "newton3_paragru"} <= set(PROGRAMS)


def test_there_are_no_times():
    assert not [key for r in RECORDS for key in r if "second" in key or key.endswith("ms")]


@pytest.mark.parametrize("key", BY_KEY, ids=lambda key: "-".join(map(str, key)))
def test_total_is_outside_plus_trips_times_launches(key):
    record = BY_KEY[key]
    loops = sum(loop["trips"] * loop["launches"] for loop in record["loops"])
    assert record["total"] == record["outside"] + loops
    assert 1 <= record["submissions"] <= record["total"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("program", [p for p in PROGRAMS if sequential(p)])
def test_a_scan_over_time_grows_linearly(program, target):
    short, long = (BY_KEY[program, target, T] for T in LENGTHS)
    assert [loop["trips"] for loop in short["loops"]] == [1024]
    assert [loop["trips"] for loop in long["loops"]] == [4096]
    per_trip = short["loops"][0]["launches"]
    assert long["loops"][0]["launches"] == per_trip
    assert long["total"] - short["total"] == per_trip * (4096 - 1024)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.startswith("jacobi_step")])
def test_a_jacobi_step_does_not_depend_on_the_length(program, target):
    short, long = (BY_KEY[program, target, T] for T in LENGTHS)
    assert short["loops"] == long["loops"] == []
    assert short["total"] == long["total"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["gru", "paragru"])
def test_three_newton_iterations_launch_far_less_than_the_loop(name, target):
    newton, loop = (BY_KEY[f"{p}_{name}", target, 4096] for p in ("newton3", "scan"))
    assert [each["trips"] for each in newton["loops"]] == [3]
    assert 50 * newton["total"] < loop["total"]


def test_only_the_solver_rests_on_an_assumption():
    for record in RECORDS:
        known = all(loop["known"] for loop in record["loops"])
        assert known != record["program"].startswith("solve_")
