"""The stored reports of the library's kernels agree with their limits and with themselves."""

import datetime

import pytest

from pararnn_edu import gpu
from tools.check_kernels import broken
from tools.kernel_programs import BACKENDS, CHANNELS, LENGTHS, programs

STORED = gpu.stored_kernels()
RECORDS = {(r["program"], r["target"]): r for r in STORED["records"]}
PROGRAMS = {program.name: program for program in programs()}


def test_provenance():
    about = STORED["provenance"]
    datetime.date.fromisoformat(about["date"])
    assert about["jax"] and about["assembler"] and "nothing was run or timed" in about["note"]


def test_every_program_is_stored_for_every_target():
    wanted = {(name, target) for name, each in PROGRAMS.items() for target in each.targets}
    assert set(RECORDS) == wanted


class Kept:
    """A stored record with the attributes of a report."""

    def __init__(self, fields: dict):
        self.__dict__ = fields


@pytest.mark.parametrize("key", RECORDS, ids="-".join)
def test_limits_are_kept(key):
    record = RECORDS[key]
    ours = [Kept(each) for each in record["kernels"]]
    assert broken(PROGRAMS[key[0]], Kept(record), ours) == []
    assert all(each.spill_bytes == 0 for each in ours)
    assert sum(each.launches for each in ours) <= record["launches"]


def test_a_broken_limit_is_told():
    program, record = PROGRAMS["scan_f32"], RECORDS["scan_f32", "A100"]
    kernel = record["kernels"][0] | {"spill_bytes": 12, "load_widths": [128, 32]}
    bad = record | {"launches": 11, "bytes": 2 * record["least_bytes"]}
    said = broken(program, Kept(bad), [Kept(kernel)])
    assert len(said) == 4
    for words in ("11 launches", "2.00 x the least", "spills 12 bytes", "of [32] bits"):
        assert any(words in each for each in said)
    assert "no kernel whose name" in broken(program, Kept(record), [])[0]


def test_the_sweep_is_whole_and_plausible():
    sweep = {(r["backend"], r["d"], r["T"]): r for r in STORED["sweep"]}
    assert set(sweep) == {(b, d, T) for b in BACKENDS for d in CHANNELS for T in LENGTHS}
    for (backend, d, T), record in sweep.items():
        assert record["least_bytes"] == 3 * T * d * 4
        assert record["bytes"] >= 0.99 * record["least_bytes"]
        if backend == "sequential":
            assert record["launches"] >= 2 * T
        else:
            assert record["launches"] < 40
