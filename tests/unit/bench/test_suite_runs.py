"""A whole run: its budget, its file, and going on with it. Nothing is timed here."""

import json
import subprocess
import sys

import pytest

from pararnn_edu.__main__ import main
from pararnn_edu.bench.suite import grid, results, running
from pararnn_edu.bench.suite.measure import Measured
from pararnn_edu.bench.suite.running import allotted, run
from pararnn_edu.bench.suite.schema import complaints

from .suite_samples import PLAIN, PROBLEMS, STEP, measured
from .test_timing import Clock

NAMES = [problem.name for problem in PROBLEMS]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """A few problems, and made-up measurements; what was asked for is noted."""
    asked = []

    def measure(problem, seconds):
        asked.append(problem.name)
        return measured(problem, seconds)

    monkeypatch.setattr(running, "measured", measure)
    monkeypatch.setattr(grid, "quick", lambda: PROBLEMS)
    return asked


def bench(*arguments):
    """The exit status of the command."""
    try:
        return main(["bench", *map(str, arguments)])
    except SystemExit as stop:
        return stop.code


def measured_in(path):
    """The problems in a file, in their order, after a look at its form."""
    result = json.loads(path.read_text())
    assert complaints(result) == []
    return list(dict.fromkeys(record["problem"] for record in result["records"])), result


def test_everything_is_measured_and_written(tmp_path, capsys):
    path = tmp_path / "new.json"
    assert bench("--out", path, "--note", "alone") == 0
    names, result = measured_in(path)
    assert names == NAMES and not result["left_out"]
    assert result["machine"]["note"] == "alone" and result["size"] == "quick"
    [slope] = [g for g in result["growth"] if g["variant"] == "auto"]
    assert slope["slope"] == 1 and (slope["from"], slope["to"]) == (16, 256)
    assert "5 problems, 15 records" in capsys.readouterr().out
    assert [p.name for p in tmp_path.iterdir()] == ["new.json"]


def test_one_record_to_a_line(tmp_path):
    bench("--out", tmp_path / "a.json", "--only", STEP.name)
    lines = (tmp_path / "a.json").read_text().splitlines()
    assert sum(line.startswith('    {"problem": "step/') for line in lines) == 3


def test_without_a_file_it_says_so(capsys):
    assert bench("--only", "linear") == 0
    assert "kept nowhere, for want of --out FILE" in capsys.readouterr().out


def test_an_existing_file_is_not_overwritten(tmp_path, capsys):
    path = tmp_path / "old.json"
    path.write_text("precious")
    assert bench("--out", path) == 2
    assert "--resume goes on with it" in capsys.readouterr().err
    assert path.read_text() == "precious"


def test_what_does_not_fit_the_budget_is_named(tmp_path, monkeypatch):
    clock = Clock()

    def measure(problem, seconds):
        clock.now += 40
        return measured(problem)

    monkeypatch.setattr(running, "measured", measure)
    path = tmp_path / "short.json"
    result = run(PROBLEMS, results.head("quick"), path, 1.0, clock=clock)
    names, stored = measured_in(path)
    assert names == NAMES[:2]  # the second was begun within the minute
    assert [each["problem"] for each in stored["left_out"]] == NAMES[2:]
    assert {each["why"] for each in stored["left_out"]} == {
        "not reached within the budget of 1 minutes"
    }
    assert result["left_out"] == stored["left_out"] and stored["minutes"] == 1.33


def test_time_is_shared_out_among_what_is_left():
    assert allotted(100, 50, "full") == pytest.approx(0.8)
    assert allotted(10_000, 1, "full") == running.MOST["full"]
    assert allotted(0.001, 1, "quick") == running.LEAST


def test_a_run_that_is_stopped_leaves_a_whole_file_and_is_gone_on_with(tmp_path, monkeypatch, tiny):
    path = tmp_path / "cpu.json"

    def stop(problem, seconds):
        if problem == PROBLEMS[2]:
            raise KeyboardInterrupt
        return measured(problem)

    with monkeypatch.context() as interrupted:
        interrupted.setattr(running, "measured", stop)
        assert bench("--out", path) == 130
    names, result = measured_in(path)
    assert names == NAMES[:2]
    assert [each["problem"] for each in result["left_out"]] == NAMES[2:]
    assert "stopped" in result["left_out"][0]["why"]
    assert bench("--out", path, "--resume") == 0
    names, result = measured_in(path)
    assert tiny == NAMES[2:] and names == NAMES and not result["left_out"]
    assert bench("--out", path, "--resume") == 0
    assert tiny == NAMES[2:]  # nothing is left to do


def test_what_could_not_be_measured_is_tried_again(tmp_path, monkeypatch, tiny):
    path = tmp_path / "cpu.json"
    entry = {"problem": STEP.name, "variant": None, "why": "no memory"}
    with monkeypatch.context() as failing:
        failing.setattr(running, "measured", lambda *_: Measured([], [entry]))
        assert bench("--out", path, "--only", STEP.name) == 1
    assert measured_in(path)[1]["left_out"] == [entry]
    assert bench("--out", path, "--only", STEP.name, "--resume") == 0
    assert tiny == [STEP.name] and not measured_in(path)[1]["left_out"]


CHANGES = {
    "jax was 0.1, now": ("machine", "jax", "0.1"),
    "cores was 512, now": ("machine", "cores", 512),
    "device was A100, now": ("device", "name", "A100"),
    "environment was XLA_FLAGS=--fast": ("environment", "XLA_FLAGS", "--fast"),
    "source was 123, now": ("source", None, "123"),
    "size was full, now quick": ("size", None, "full"),
}


@pytest.mark.parametrize("words", CHANGES)
def test_a_file_of_another_kind_is_not_gone_on_with(words, tmp_path, capsys):
    part, name, value = CHANGES[words]
    path = tmp_path / "cpu.json"
    result = results.head("quick")
    result[part] = value if name is None else result[part] | {name: value}
    path.write_text(json.dumps(result))
    before = path.read_text()
    assert bench("--out", path, "--resume") == 2
    said = capsys.readouterr().err
    assert words in said and "times would not belong together" in said
    assert path.read_text() == before


def test_a_problem_that_breaks_does_not_end_the_run(monkeypatch):
    def broken(problem, seconds):
        raise MemoryError("none left\nnor right")

    monkeypatch.undo()  # of what the other tests put in the place of `measured`
    monkeypatch.setattr(running, "measure", broken)
    monkeypatch.setattr(running.jax, "clear_caches", lambda: None)
    found = running.measured(STEP, 1.0)
    assert found.left_out == [
        {"problem": STEP.name, "variant": None, "why": "MemoryError: none left"}
    ]


def test_a_variant_that_was_left_out_stays_named(tmp_path, monkeypatch):
    entry = {"problem": STEP.name, "variant": "cudnn", "why": "no GPU"}
    monkeypatch.setattr(running, "measured", lambda p, s: Measured(measured(p).records, [entry]))
    path = tmp_path / "cpu.json"
    assert bench("--out", path, "--only", STEP.name) == 0
    assert bench("--out", path, "--only", STEP.name, "--resume") == 0
    assert measured_in(path)[1]["left_out"] == [entry]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "nothing"], "no problem's name fits 'nothing'"),
        (["--resume"], "--resume needs the file"),
        (["--budget", "0"], "minutes above 0"),
        (["--page", "nowhere.json", "--out", "x"], "there is no file nowhere.json"),
        (["--page", "nowhere.json"], "--out DIR"),
        (["--compare", "one.json"], "expected 2 arguments"),
    ],
)
def test_what_cannot_be_done_is_told(arguments, words, capsys):
    assert bench(*arguments) == 2
    assert words in capsys.readouterr().err


def test_the_list_names_the_problems(capsys):
    assert bench("--list", "--only", "forward") == 0
    assert capsys.readouterr().out.split() == [problem.name for problem in PLAIN]


def test_the_command_loads_nothing_heavy():
    script = (
        "import sys; from pararnn_edu.__main__ import parser; parser();"
        "print([m for m in ('matplotlib', 'tqdm', 'pararnn_edu.figures') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
