"""How busy the rest of the machine is, with clocks that the test sets."""

import os

import pytest

from pararnn_edu.bench import neighbours
from pararnn_edu.bench.neighbours import Snapshot, quietest, share

CORES = os.cpu_count()


def shares(*values):
    """Snapshots, two a value, between which others took that share of the machine."""
    for value in values:
        yield Snapshot(10.0, 100.0, 5.0)
        yield Snapshot(12.0, 100.0 + 1.0 + 2.0 * CORES * value, 6.0)


def test_share_is_what_others_took_of_all_cores():
    assert share(*shares(0.25)) == pytest.approx(0.25)
    assert share(Snapshot(0, 0, 0), Snapshot(1, 0.49, 0.5)) == 0.0
    assert share(None, None) is None


def test_the_first_quiet_attempt_is_kept(monkeypatch):
    taken = shares(0.5, 0.2, 0.01)
    monkeypatch.setattr(neighbours, "snapshot", lambda: next(taken))
    monkeypatch.setattr(neighbours, "wait_until_quiet", lambda limit, deadline: None)
    made = iter([["loud"], ["less"], ["quiet"], ["never"]])
    found, others = quietest(lambda: next(made), limit=0.05, deadline=float("inf"))
    assert found == ["quiet"]
    assert others == pytest.approx(0.01)


def test_out_of_patience_the_quietest_is_kept(monkeypatch):
    taken, now = shares(0.5, 0.2, 0.4), iter([0.0, 1.0, 2.0])
    monkeypatch.setattr(neighbours, "snapshot", lambda: next(taken))
    monkeypatch.setattr(neighbours, "wait_until_quiet", lambda limit, deadline: None)
    monkeypatch.setattr(neighbours.time, "monotonic", lambda: next(now))
    made = iter([["first"], ["second"], ["third"]])
    found, others = quietest(lambda: next(made), limit=0.05, deadline=1.5)
    assert found == ["second"]
    assert others == pytest.approx(0.2)


def test_without_patience_there_is_one_attempt_and_no_wait():
    made = iter([["only"]])
    found, _ = quietest(lambda: next(made), limit=0.0, deadline=0.0)
    assert found == ["only"]


def test_a_system_that_does_not_tell_is_not_waited_for(monkeypatch, tmp_path):
    monkeypatch.setattr(neighbours, "STAT", tmp_path / "none")
    assert neighbours.snapshot() is None
    neighbours.wait_until_quiet(0.0, float("inf"), every=0.0)
    assert quietest(lambda: ["made"], 0.0, float("inf")) == (["made"], None)
