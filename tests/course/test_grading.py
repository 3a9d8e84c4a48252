"""The whole path: released, handed in by right, odd and hostile students, graded, exported."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import psutil
import pytest

import pararnn_edu
from tests.course.conftest import SLEEP
from tests.course.students import HOSTILE, RIGHT, filled, save
from tests.course.test_jail import needs
from tools.course import records
from tools.course.cells import graded as known_cells
from tools.course.cells import name

HALF, TIMES = {"half-shown": 1, "half-hidden": 2}, {"times-shown": 1, "times-hidden": 2}
NOTHING = {**dict.fromkeys([*HALF, *TIMES], 0), "why": 0}
EVERYTHING = {**HALF, **TIMES, "why": None}
SECRETS = ["secret_number", "4711", "any reason", "BEGIN HIDDEN"]
NOT_GRADED = {
    "beyond": "could not be found by their place",
    "broken": "is not a notebook",
    "empty": "is empty",
    "last-year": "another set, or another seed",
    "page": "is a web page",
    "script": "but ps1.py",
}


@pytest.mark.parametrize(
    "student", ["lovelaceada_1001", "Emmy-Noether_77", "colab", "lost", "own-cells", "twice"]
)
def test_right_answers_earn_all_that_a_machine_gives(graded, student):
    assert graded.results[student].marks == EVERYTHING


def test_the_untouched_notebook_earns_nothing(graded):
    assert graded.results["untouched"].marks == NOTHING


def test_a_plausible_mistake_earns_partial_marks(graded):
    assert graded.results["hopper_1002"].marks == {**EVERYTHING, "half-hidden": 0}


def test_edited_and_deleted_tests_come_back(graded):
    result = graded.results["tampering"]
    assert result.marks == {**EVERYTHING, **dict.fromkeys(HALF, 0)}
    assert "deleted, and put back: half-hidden" in result.notes
    assert "changed, and put back: half-shown" in result.notes


def test_lost_metadata_are_found_again_or_reported_and_never_a_silent_zero(graded):
    assert "found again by its place" in " ".join(graded.results["lost"].notes)
    assert "answers are missing" in " ".join(graded.results["own-cells"].notes)
    assert graded.results["beyond"].marks is None


@pytest.mark.parametrize("student", NOT_GRADED)
def test_what_cannot_be_graded_is_reported_and_is_not_a_zero(graded, student):
    result = graded.results[student]
    assert result.marks is None and NOT_GRADED[student] in " ".join(result.notes)
    page = graded.text("reports", "ps1.md")
    assert f"- **{student}**: " in page.split("## What happened")[0]


@pytest.mark.parametrize("student", HOSTILE)
def test_harm_costs_its_problem_and_no_other_and_is_reported(graded, student):
    result = graded.results[student]
    assert result.marks == {**EVERYTHING, **dict.fromkeys(HALF, 0)}
    if student != "quits":
        assert any(note.startswith("half: ") for note in result.notes), result.notes
    assert result.seconds < 300


def test_the_reasons_are_told(graded):
    reasons = {who: " ".join(graded.results[who].notes) for who in HOSTILE}
    assert "stopped after" in reasons["endless"] and "stopped after" in reasons["stubborn"]
    assert "processes" in reasons["forks"] and "memory" in reasons["hoards"]
    # Which limit a flood of output meets first depends on the machine; test_jail has it alone.
    for who in ("prints", "one-huge-line"):
        assert any(why in reasons[who] for why in ("printed more", "stopped after", "memory"))
    assert "signal 6" in reasons["crashes"] and "files" in reasons["fills-the-disk"]


def test_the_one_of_several_notebooks_that_was_graded_is_named(graded):
    assert graded.results["twice"].notes == ["graded ps1.ipynb, not scratch.ipynb"]


def outputs(notebook) -> dict[str, str]:
    return {name(c): json.dumps(c.get("outputs", [])) for c in known_cells(notebook)}


@needs("landlock")
def test_a_spy_gets_nowhere(graded):
    run = nbformat.read(graded.course.run("ps1", "spy"), as_version=4)
    found = outputs(run)["times"]
    assert found.count("Error") >= 6, found
    assert "BEGIN HIDDEN" not in found and "secret" not in found
    assert not (graded.course.root.parent / "outside").exists()
    assert not (Path(pararnn_edu.__file__).parent / "spy.py").exists()
    assert "PATH" in found and not any(key in found for key in {"SSH_", "PYTEST", "JUPYTER_PATH"})


@needs("namespaces")
def test_no_network(graded):
    assert graded.heard == b""


@needs("namespaces")
def test_no_process_outlives_its_notebook(graded):
    left = [p for p in psutil.process_iter(["cmdline"]) if SLEEP in (p.info["cmdline"] or [])]
    assert left == []


def test_a_spy_is_pointed_out(graded):
    notes = " ".join(graded.results["spy"].notes)
    assert "worth a look, uses the network" in notes and "worth a look, opens files" in notes


def test_feedback_says_what_passed_and_shows_no_hidden_test(graded):
    for path in graded.course.root.glob("feedback/*/ps1/ps1.html"):
        page = path.read_text(encoding="utf-8")
        assert "Hidden checks: odd numbers" in page
        assert [secret for secret in SECRETS if secret in page] == [], path
    page = graded.course.feedback("ps1", "spy").read_text(encoding="utf-8")
    assert "failed" in page  # the spy saw its own public test, and no other


def test_no_script_of_a_student_runs_where_marks_are_given(graded):
    assert graded.results["scripts"].marks == EVERYTHING
    shown = nbformat.read(graded.course.root / "autograded/scripts/ps1/ps1.ipynb", as_version=4)
    cells = {name(cell): cell for cell in known_cells(shown)}
    assert [list(out.data) for out in cells["half"].outputs] == [["text/plain"]]
    page = graded.course.feedback("ps1", "scripts").read_text(encoding="utf-8")
    for place in (cells["why"].source, page):
        assert "alert" in place
        assert not re.search(r"<script>alert|<img[^>]*onerror|\\href|javascript:alert", place)


def test_what_students_get_holds_no_secrets(graded):
    text = graded.course.released("ps1").read_text(encoding="utf-8")
    assert [secret for secret in [*SECRETS, "x / 2", "Only the worked"] if secret in text] == []
    assert "# YOUR CODE HERE" in text and "Hidden checks: odd numbers" in text


def test_the_worked_solution_is_executed_and_holds_no_hidden_test(graded):
    solution = nbformat.read(graded.course.solution("ps1"), as_version=4)
    assert "x / 2" in str(solution) and "Only the worked" in str(solution)
    assert [secret for secret in ("4711", "any reason") if secret in str(solution)] == []
    assert all(c.execution_count for c in solution.cells if c.cell_type == "code")


def table(graded, file: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(graded.text("grades", file))))


def test_grades_tell_complete_waiting_and_not_graded_apart(graded):
    rows = {row["student"]: row for row in table(graded, "ps1.csv")}
    assert rows["untouched"]["total"] == "0" and rows["untouched"]["status"] == "complete"
    assert rows["colab"]["total"] == "6" and "waits for a person: why" in rows["colab"]["status"]
    assert rows["hopper_1002"]["Problem 1"] == "1"
    assert rows["beyond"]["total"] == "" and "not graded" in rows["beyond"]["status"]
    assert set(rows) == set(graded.results)


def test_canvas_and_moodle_find_their_students(graded):
    rows = {row["ID"] or row["SIS Login ID"]: row for row in table(graded, "ps1-canvas.csv")}
    assert {"1001", "1002", "colab"} <= set(rows) and rows[""]["Problem set 1"] == "8"
    assert rows["untouched"]["Problem set 1"] == "0" and rows["beyond"]["Problem set 1"] == ""
    moodle = {row["Identifier"] or row["Username"]: row for row in table(graded, "ps1-moodle.csv")}
    assert moodle["Participant 77"]["Full name"] == "Emmy Noether"
    assert moodle["untouched"]["Grade"] == "0" and moodle["empty"]["Grade"] == ""


def test_gradescope_s_zip_grades(graded, tmp_path):
    with zipfile.ZipFile(graded.course.zip("ps1")) as archive:
        archive.extractall(tmp_path / "source")
        assert {"setup.sh", "run_autograder", "book/pyproject.toml"} <= set(archive.namelist())
    released = nbformat.read(graded.course.released("ps1"), as_version=4)
    wrong = filled(released, {**RIGHT, "half": HOSTILE["crashes"]})
    save(wrong, tmp_path / "submission" / "whatever.ipynb")
    environment = {**os.environ, "AUTOGRADER": str(tmp_path), "PYTHON": sys.executable}
    script = ["bash", str(tmp_path / "source" / "run_autograder")]
    subprocess.run(script, env=environment, check=True, capture_output=True, text=True)
    answer = json.loads((tmp_path / "results" / "results.json").read_text())
    scores = {test["name"]: (test["score"], test["visibility"]) for test in answer["tests"]}
    assert scores == {
        "Problem 1: half-shown": (0, "visible"),
        "Problem 1: half-hidden": (0, "after_published"),
        "Problem 2: times-shown": (1, "visible"),
        "Problem 2: times-hidden": (2, "after_published"),
    }
    assert not (tmp_path / "source" / "set.ipynb").exists()  # students' code could read it
    assert [secret for secret in SECRETS if secret in json.dumps(answer)] == []


def test_nbgrader_s_own_button_uses_the_jail_too(graded):
    """Without a run of `make grade` to take, the notebook is run in the jail by nbgrader."""
    graded.course.run("ps1", "hopper_1002").unlink()
    arguments = ("autograde", "ps1", "--student=hopper_1002", "--force")
    records.call(graded.course, "-m", "nbgrader", *arguments)
    cells = records.scores(graded.course, "ps1")["hopper_1002"]["cells"]
    assert cells == {**HALF, **TIMES, "half-hidden": 0, "why": None}
    place = graded.course.root / "autograded" / "hopper_1002" / "ps1" / "ps1.ipynb"
    assert "AssertionError" in place.read_text(encoding="utf-8")
