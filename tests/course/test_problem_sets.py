"""The sources of the problem sets, before nbgrader sees them."""

import re

import pytest

from tools import problem_set
from tools.chapters import SETUP_CELL

HEADING = re.compile(r"^## Problem \d+\..*\((?:.*; )?(\d+) points, (\d+) minutes\)$", re.MULTILINE)


@pytest.fixture(params=problem_set.names())
def notebook(request):
    return problem_set.read(request.param)


def kinds(notebook) -> list[tuple[str, str, str]]:
    """(id, kind, source) of every cell that nbgrader knows, in order."""
    found = []
    for cell in problem_set.graded(notebook):
        meta = cell.metadata["nbgrader"]
        key = (meta["grade"], meta["solution"], meta["locked"])
        kind = next(kind for kind, roles in problem_set.KINDS.items() if roles == key)
        found.append((meta["grade_id"], kind, cell.source))
    return found


def test_there_is_a_problem_set():
    assert "ps1" in problem_set.names()


def test_cells_carry_all_that_nbgrader_asks_for(notebook):
    for cell in problem_set.graded(notebook):
        meta = dict(cell.metadata["nbgrader"])
        assert meta.pop("schema_version") == 3 and meta.pop("task") is False
        assert meta.pop("grade_id") and (meta.pop("points", 0) > 0) == meta["grade"]
        assert set(meta) == {"grade", "solution", "locked"}
        assert cell.cell_type == ("markdown" if meta["grade"] and meta["solution"] else "code")


def test_ids_are_unique(notebook):
    ids = [name for name, _, _ in kinds(notebook)]
    assert len(set(ids)) == len(ids)


def test_the_first_code_cell_is_the_set_up_cell(notebook):
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.source in SETUP_CELL.read_text(encoding="utf-8")
    assert first.metadata["nbgrader"]["locked"]


def test_points_and_minutes_are_those_of_the_headings_and_the_table(notebook):
    text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    rows = re.findall(r"^\| (\d+) \|.*\| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert [(points, minutes) for _, points, minutes in rows] == HEADING.findall(text)
    by_problem = []
    for cell in notebook.cells:
        if HEADING.search(cell.source):
            by_problem.append(0)
        elif by_problem:
            by_problem[-1] += cell.metadata.get("nbgrader", {}).get("points", 0)
    assert by_problem == [int(points) for _, points, _ in rows]
    written = [cell.metadata["nbgrader"] for cell in problem_set.graded(notebook)]
    by_hand = sum(meta["points"] for meta in written if meta["grade"] and meta["solution"])
    total = sum(problem_set.points(notebook).values())
    assert f"**Points**: {total}; a machine gives {total - by_hand} of them" in text


def test_every_answer_is_tested_and_every_hidden_cell_says_so(notebook):
    cells = kinds(notebook)
    for (name, kind, _), (_, after, _) in zip(cells, [*cells[1:], ("", "", "")], strict=True):
        if kind == "solution":
            assert after in ("tests", "given"), f"nothing follows the answer {name}"
    for name, kind, source in cells:
        hidden = "### BEGIN HIDDEN TESTS" in source
        assert hidden == name.endswith("-hidden"), name
        assert not hidden or (kind == "tests" and source.startswith("# Hidden checks: "))


def test_hidden_tests_do_not_reveal_what_they_expect(notebook):
    """`check.equal` in a hidden test keeps the answer back, except for facts the text states."""
    stated = {"the shape", "zeros and ones only"}
    for name, _, source in kinds(notebook):
        if name.endswith("-hidden"):
            calls = re.findall(r"check\.equal\((.*?\))\n(?=\S|    \S|$)", source + "\n", re.DOTALL)
            for call in calls:
                assert "reveal=False" in call or call.split('"')[1] in stated, (name, call)


def test_there_is_a_written_question_with_a_model_answer_and_a_rubric(notebook):
    written = [source for _, kind, source in kinds(notebook) if kind == "written"]
    assert written and all("**Rubric**" in w and "**A model answer**" in w for w in written)


def test_the_notebook_is_the_same_each_time():
    assert problem_set.read("ps1") == problem_set.read("ps1")


@pytest.mark.parametrize(
    "line, part",
    [
        ({"solutoin": "a"}, "given, solution, tests, written"),
        ({"solution": "a", "tests": "b"}, "one of"),
        ({"tests": "a"}, "points"),
        ({"given": "a", "points": 2}, "points"),
        ({"tests": "a", "point": 2}, "and points"),
    ],
)
def test_a_wrong_course_line_is_an_error(line, part):
    with pytest.raises(ValueError, match=part):
        problem_set.expand(line)


def test_an_unknown_problem_set_is_an_error():
    with pytest.raises(ValueError, match="no problem set 'ps99'; there are ps1"):
        problem_set.read("ps99")


def spoiled(change):
    notebook = problem_set.read("ps1")
    solution = next(c for c in problem_set.graded(notebook) if c.metadata["nbgrader"]["solution"])
    change(solution)
    return notebook


@pytest.mark.parametrize(
    "change, part",
    [
        (lambda cell: cell.metadata["nbgrader"].update(grade_id="setup"), "same id: setup"),
        (lambda cell: cell.metadata.pop("nbgrader"), "BEGIN SOLUTION in a cell that is no"),
        (lambda cell: cell.update(source="pass"), "residual marks no solution"),
        (
            lambda cell: cell.update(source=cell.source + "\n### BEGIN HIDDEN TESTS"),
            "no grade cell",
        ),
    ],
)
def test_what_nbgrader_would_release_by_mistake_is_an_error(change, part):
    with pytest.raises(ValueError, match=part):
        problem_set.check(spoiled(change))
