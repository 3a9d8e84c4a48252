"""The stored trainings: what the file says of itself, and that the program still makes them."""

import datetime
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pararnn_edu.theory import experiments
from pararnn_edu.theory.experiments import KINDS, LENGTHS, PLAN, SEEDS, TASKS
from pararnn_edu.theory.groups import generated

RESULT = experiments.results()


def mean(task, kind, length, which="accuracy"):
    (record,) = [r for r in RESULT["records"] if (r["task"], r["kind"]) == (task, kind)]
    return np.mean(record[which], axis=0)[LENGTHS.index(length)]


def test_the_file_names_machine_date_and_command():
    about = RESULT["machine"]
    datetime.date.fromisoformat(about["date"])
    assert about["cpu"] and about["jax"] and about["optax"]
    assert RESULT["command"].startswith("python -m pararnn_edu.theory.experiments")
    assert json.loads(experiments.as_json(RESULT)) == RESULT


def test_every_planned_run_is_there_with_every_seed():
    planned = {(task, kind) for task, kinds in PLAN.items() for kind in kinds}
    assert {(r["task"], r["kind"]) for r in RESULT["records"]} == planned
    assert len(RESULT["records"]) == len(planned)
    for record in RESULT["records"]:
        assert record["label"] == KINDS[record["kind"]].label
        assert np.shape(record["accuracy"]) == (SEEDS, len(LENGTHS))
        assert len(record["loss"]) == SEEDS
        assert 0 <= np.min(record["accuracy"]) <= np.max(record["accuracy"]) <= 1


def test_what_chapter_11_says_of_them():
    assert mean("parity", "pd", 256) == 1
    for task in ("parity", "S3", "S5"):
        assert mean(task, "diagonal_positive", 256) < 0.55
        assert mean(task, "delta_1", 256) < 0.55
    for task in ("S3", "S5"):
        assert mean(task, "delta_2", 16) == 1
        assert mean(task, "delta_2", 256) < 0.1
        assert mean(task, "delta_2", 256, "saturated") == 1
    assert mean("S3_all", "delta_2", 16) < 0.1 < 0.99 < mean("S3_all", "delta_2_twice", 16)
    assert mean("S5", "pd", 16) < 0.6


@pytest.mark.parametrize("name", TASKS)
def test_destinations_are_the_word_problem(name):
    task = TASKS[name]
    group = generated(*task.letters)
    words = np.random.default_rng(0).integers(0, len(task.letters), (3, 20))
    got = np.asarray(experiments.destinations(task, jnp.asarray(words)))
    numbers = [group.index(p) for p in task.letters]
    for word, row in zip(words, got, strict=True):
        assert (row == group.permutations[group.walk(numbers[letter] for letter in word)]).all()


@pytest.mark.parametrize("name", ["pd", "delta_2_twice", "gru"])
def test_a_short_training(name):
    """Shapes, a finite loss, and that the same call gives the same numbers."""
    made = experiments.train(KINDS[name], TASKS["S3"], seeds=2, updates=3)
    assert np.shape(made["accuracy"]) == (2, len(LENGTHS))
    assert np.isfinite(made["loss"]).all()
    assert (made["saturated"] is None) == (name != "delta_2_twice")


def test_training_learns():
    model, losses = experiments.fit(KINDS["pd"], TASKS["parity"], jax.random.key(0), updates=150)
    assert losses[-1] < 0.2 < losses[0]
    words = jnp.asarray(np.random.default_rng(1).integers(0, 2, (50, 16)))
    assert experiments.right(model, TASKS["parity"], words)[-1] > 0.9


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch, capsys):
    made = []

    def train(kind, task):
        made.append((kind.label, task.label))
        return {"loss": [0.0] * SEEDS, "accuracy": [[1.0] * 5] * SEEDS, "saturated": None}

    monkeypatch.setattr(experiments, "train", train)
    path = tmp_path / "out.json"
    assert experiments.main(["--out", str(path), "--only", "S3_all"]) == 0
    assert len(made) == 4
    assert experiments.main(["--out", str(path), "--only", "S3_all", "S3"]) == 0
    assert len(made) == 4 + len(PLAN["S3"])
    assert len(json.loads(path.read_text())["records"]) == len(made)
    assert "S3_all gru: 1.00 1.00 1.00 1.00 1.00" in capsys.readouterr().out
    path.write_text(json.dumps(json.loads(path.read_text()) | {"updates": 1}))
    with pytest.raises(SystemExit, match="other updates"):
        experiments.main(["--out", str(path)])
