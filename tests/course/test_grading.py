"""The whole path through nbgrader: what students get, and what each of them scores."""

import re

import pytest

from tests.course.mistakes import STUDENTS
from tools import problem_set

SOURCE = problem_set.read("ps1")
POINTS = problem_set.points(SOURCE)
WRITTEN = {"stopping"}
BY_MACHINE = {name: points for name, points in POINTS.items() if name not in WRITTEN}


def lost(scores: dict) -> set[str]:
    """The cells that earned less than their points; a cell earns all or nothing here."""
    assert set(scores) == set(POINTS)
    assert all(scores[name] in (0, points) for name, points in BY_MACHINE.items())
    return {name for name, points in BY_MACHINE.items() if scores[name] < points}


def secrets(kind: str) -> list[str]:
    """The lines that stand in solutions, or in hidden tests, and nowhere else."""
    text = "\n".join(cell.source for cell in SOURCE.cells if cell.cell_type == "code")
    region = re.compile(f"### BEGIN {kind}\n(.*?)### END {kind}", re.DOTALL)
    elsewhere = region.sub("", text)
    lines = [line.strip() for part in region.findall(text) for line in part.splitlines()]
    return [line for line in lines if line and line not in elsewhere]


@pytest.mark.parametrize("kind", ["SOLUTION", "HIDDEN TESTS"])
def test_the_release_holds_no_secrets(graded, kind):
    released = "\n".join(cell.source for cell in graded.notebook("release").cells)
    assert kind not in released and len(secrets(kind)) > 20
    assert [line for line in secrets(kind) if line in released] == []
    assert "model answer" not in released and "Rubric" not in released


def test_the_release_has_every_cell_and_no_output(graded):
    cells = problem_set.graded(graded.notebook("release"))
    wanted = problem_set.graded(SOURCE)
    names = [[c.metadata["nbgrader"]["grade_id"] for c in part] for part in (cells, wanted)]
    assert names[0] == names[1]
    assert all(not cell.get("outputs") for cell in cells)


def test_the_solution_earns_all_that_a_machine_gives(graded):
    assert lost(graded.scores["solved"]) == set()
    assert {graded.scores["solved"][name] for name in WRITTEN} == {None}  # a person reads it


def test_the_untouched_notebook_earns_nothing(graded):
    assert set(graded.scores["untouched"].values()) == {0}


def test_the_untouched_notebook_fails_only_for_want_of_answers(graded):
    cells = graded.notebook("autograded", "untouched").cells
    errors = {o.ename for c in cells for o in c.get("outputs", []) if o.output_type == "error"}
    assert errors == {"NotImplementedError", "NameError"}


@pytest.mark.parametrize("student", STUDENTS)
def test_mistakes_lose_points_where_they_were_made(graded, student):
    wanted = set().union(*(cells for _, cells in STUDENTS[student].values()))
    assert lost(graded.scores[student]) == wanted


def test_every_hidden_test_catches_someone():
    caught = set().union(*(cells for m in STUDENTS.values() for _, cells in m.values()))
    assert {name for name in POINTS if name.endswith("-hidden")} <= caught


def test_some_mistakes_are_seen_by_hidden_tests_alone():
    lost_cells = [cells for mistakes in STUDENTS.values() for _, cells in mistakes.values()]
    assert sum(all(name.endswith("-hidden") for name in cells) for cells in lost_cells) >= 8


def test_edited_and_deleted_tests_come_back_and_warnings_cost_nothing(graded):
    assert lost(graded.scores["tampering"]) == {"residual-by-hand", "residual-hidden"}
