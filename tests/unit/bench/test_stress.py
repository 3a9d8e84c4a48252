"""The stored stress table and sweep: complete, honest, and what their tools still write."""

import datetime
import json
import math

import jax.numpy as jnp
import pytest

import pararnn_edu as pr
from pararnn_edu.bench import exponents, stress
from pararnn_edu.bench.problems import contracting_gru, logistic, problems

TABLE, SWEEP = stress.table(), exponents.table()
RECORDS = TABLE["records"]


@pytest.mark.parametrize("result", [TABLE, SWEEP], ids=["stress", "exponents"])
def test_the_machine_the_method_and_the_command_are_named(result):
    about = result["machine"]
    datetime.date.fromisoformat(about["date"])
    assert about["cpu"] and about["jax"] and about["python"]
    assert "float64" in result["method"]
    assert result["command"].startswith("python -m pararnn_edu.bench.")
    assert json.loads(stress.as_json(result)) == result


def test_every_method_is_there_on_every_problem():
    names = [p.name for p in problems(8)]
    found = [(r["problem"], r["method"]) for r in RECORDS]
    assert found == [(name, label) for name in names for label in stress.methods()]


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: f"{r['problem']}-{r['method']}")
def test_no_method_claimed_too_much(record):
    assert record["honest"]
    if record["converged"]:
        assert record["residual"] <= 1e-10
        assert record["error"] <= max(stress.explained(record["residual"], record), 0)
    else:
        assert record["steps"] >= record["T"] // 4


def test_the_loop_is_exact_and_easy_problems_are_easy():
    cells = {(r["problem"], r["method"]): r for r in RECORDS}
    for (_, method), record in cells.items():
        if method in ("Sequential", "Auto"):
            assert record["error"] == 0 and record["steps"] == record["T"]
    assert cells["GRU", "Newton"]["steps"] <= 6
    assert cells["unstable linear", "Newton"]["steps"] <= 2
    assert not cells["logistic map", "Newton"]["converged"]
    assert not cells["Rossler observer", "Newton"]["converged"]
    assert cells["Rossler observer", "ELK"]["steps"] <= 30


def test_what_a_residual_explains():
    known = {"T": 100, "n": 4, "sigma": 0.5}
    assert stress.explained(1e-10, known) == pytest.approx(20 * 1e-10 / 0.5, rel=1e-4)
    assert stress.explained(0.0, known) > 0
    assert stress.explained(1e-10, known | {"sigma": 0.0}) == math.inf


def test_the_tool_measures_what_is_stored():
    """At a small size: the same fields, and the same verdicts."""
    labels = ("Newton", "Jacobi", "Sequential")
    made = stress.measure([contracting_gru(40), logistic(40)], labels)
    assert all(set(r) == set(RECORDS[0]) for r in made)
    assert [r["method"] for r in made] == [
        x for _ in range(2) for x in ("Jacobi", "Newton", "Sequential")
    ]
    cells = {(r["problem"], r["method"]): r for r in made}
    assert cells["GRU", "Newton"]["converged"] and cells["GRU", "Newton"]["error"] < 1e-9
    assert not cells["logistic map", "Newton"]["converged"]
    assert all(r["honest"] for r in made)
    assert "NOT converged" in stress.line(cells["logistic map", "Newton"])
    assert "DISHONEST" in stress.line(cells["GRU", "Newton"] | {"honest": False})


def test_a_wrong_claim_would_be_found(monkeypatch):
    """A solver that says it converged on wrong states is recorded as dishonest."""
    problem = contracting_gru(40)
    right = pr.solve(*problem[1:])

    class Wrong:
        states, converged, residual, steps = right.states + 1e-3, True, 1e-12, 3

    monkeypatch.setattr(stress.pr, "solve", lambda *args, **options: Wrong)
    record = stress.run(problem, pr.Newton(), {"T": 40, "n": 8, "sigma": 0.3})
    assert record["converged"] and not record["honest"]


def test_the_sweep_shows_the_jump():
    for record in SWEEP["records"]:
        assert record["converged"]
        if record["exponent"] < -0.1:
            assert record["steps"] <= 10
        if record["exponent"] > 0.1:
            assert record["steps"] > record["T"] / 3
    assert {r["gain"] for r in SWEEP["records"]} == set(exponents.GAINS)


def test_the_sweep_measures_what_is_stored():
    made = exponents.record(0.5, 8, 40, 0)
    assert set(made) == set(SWEEP["records"][0])
    assert made["converged"] and made["steps"] < 10 and made["error"] < 1e-9
    W, h0 = exponents.draw(2.0, 8, 1)
    assert jnp.all(jnp.diag(W) == 0) and h0.shape == (8,)
