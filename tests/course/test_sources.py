"""The sources of the problem sets, before anything is made from them."""

import ast
import re

import pytest

from tools.chapters import SETUP_CELL
from tools.course import cells, sources
from tools.course.cells import by_machine, graded, kind, name, points, problems
from tools.course.trial import mistakes_of

HEADING = re.compile(r"^## Problem \d+\..*\((?:.*; )?(\d+) points, (\d+) minutes\)$", re.MULTILINE)
SEEDS = ("", "b", "autumn-2027")


@pytest.fixture(params=sources.names(), scope="module")
def set_name(request):
    return request.param


@pytest.fixture(scope="module")
def notebook(set_name):
    return sources.read(set_name)


def test_there_is_a_problem_set():
    assert "ps1" in sources.names()


def test_cells_carry_all_that_nbgrader_asks_for(notebook):
    for cell in graded(notebook):
        meta = dict(cell.metadata["nbgrader"])
        assert meta.pop("schema_version") == 3 and meta.pop("task") is False
        assert meta.pop("grade_id") and (meta.pop("points", 0) > 0) == meta["grade"]
        assert set(meta) == {"grade", "solution", "locked"}
        assert cell.cell_type == ("markdown" if kind(cell) == "written" else "code")


def test_the_first_code_cell_is_the_set_up_cell(notebook):
    first = cells.code(notebook)[0]
    assert first.source in SETUP_CELL.read_text(encoding="utf-8") and kind(first) == "given"


@pytest.mark.parametrize("seed", SEEDS)
def test_points_and_minutes_are_those_of_the_headings_and_the_table(set_name, seed):
    notebook = sources.read(set_name, seed)
    text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    rows = re.findall(r"^\| (\d+) \|.*\| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert rows and [(points, minutes) for _, points, minutes in rows] == HEADING.findall(text)
    by_problem = {f"Problem {number}": 0 for number, _, _ in rows}
    for cell, worth in points(notebook).items():
        by_problem[problems(notebook)[cell]] += worth
    assert [*by_problem.values()] == [int(points) for _, points, _ in rows]
    total, machine = sum(points(notebook).values()), sum(by_machine(notebook).values())
    assert f"**Points**: {total}; a machine gives {machine} of them" in text


def test_it_says_which_chapters_it_goes_with(notebook):
    assert "This set goes with chapter" in notebook.cells[0].source


def test_every_answer_is_tested_and_every_hidden_cell_says_so(notebook):
    found = [(name(cell), kind(cell), cell.source) for cell in graded(notebook)]
    for (answer, what, _), (_, after, _) in zip(found, [*found[1:], ("", "", "")], strict=True):
        if what == "solution":
            assert after in ("tests", "given"), f"nothing follows the answer {answer}"
    for test, what, source in found:
        hidden = cells.HIDDEN in source
        assert hidden == test.endswith("-hidden"), test
        assert not hidden or (what == "tests" and source.startswith("# Hidden checks: "))


def test_hidden_tests_do_not_reveal_what_they_expect(notebook):
    """`check.equal` in a hidden test keeps the answer back, except for facts the text states."""
    stated = {"the shape", "zeros and ones only"}
    for cell in filter(cells.is_hidden, graded(notebook)):
        for call in ast.walk(ast.parse(cell.source)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "check.equal":
                told = {key.arg: ast.unparse(key.value) for key in call.keywords}
                first = ast.unparse(call.args[0]).strip("f'\"")
                assert told.get("reveal") == "False" or first in stated, (name(cell), first)


def test_no_test_calls_an_answer_to_another_problem(notebook):
    where = problems(notebook)
    answers = {
        made: where[name(cell)]
        for cell in graded(notebook)
        if kind(cell) == "solution"
        for made in defined(cell.source)
    }
    for cell in graded(notebook):
        if kind(cell) == "tests":
            used = {
                node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)
            }
            others = [
                n
                for n in used - defined(cell.source)
                if answers.get(n, where[name(cell)]) != where[name(cell)]
            ]
            assert others == [], (name(cell), others)


def defined(source: str) -> set[str]:
    """The names that a cell makes at its top level."""
    made = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        for target in [*getattr(node, "targets", []), getattr(node, "target", None)]:
            made |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)} if target else set()
    return made - {"_"}  # a name for what nobody wants


def test_test_cells_end_with_a_statement(notebook):
    """nbgrader would take a number there for partial points."""
    for cell in graded(notebook):
        if kind(cell) == "tests":
            last = ast.parse(cell.source).body[-1:]
            value = last and isinstance(last[0], ast.Expr) and ast.unparse(last[0])
            assert not value or value.startswith(("check.", "print(")), name(cell)


def test_there_is_a_written_question_with_a_model_answer_and_a_rubric(notebook):
    written = [cell.source for cell in graded(notebook) if kind(cell) == "written"]
    assert written and all("**Rubric**" in w and "**A model answer**" in w for w in written)


def test_every_problem_has_two_mistakes_and_every_hidden_test_catches_one(set_name, notebook):
    mistakes, where = mistakes_of(set_name), problems(notebook)
    by_problem = dict.fromkeys((where[test] for test in by_machine(notebook)), 0)
    for answer, wrong in mistakes.items():
        by_problem[where[answer]] += len(wrong)
    assert all(count >= 2 for count in by_problem.values()), by_problem
    caught = {test for wrong in mistakes.values() for _, lost in wrong for test in lost}
    assert {test for test in by_machine(notebook) if test.endswith("-hidden")} <= caught
    assert all(lost for wrong in mistakes.values() for _, lost in wrong)


def test_a_seed_changes_the_set_and_is_not_told(set_name):
    text = sources.source_of(set_name).read_text(encoding="utf-8")
    first, again, other = (sources.read(set_name, seed) for seed in ("b", "b", "secret-seed"))
    assert first == again
    assert "secret-seed" not in str(other)
    if "{variant:" in text:
        assert (
            len({sources.read(set_name, f"{i}").metadata["course"]["release"] for i in range(6)})
            > 1
        )


def test_ps1_has_variants():
    numbers = {str(sources.read("ps1", seed).metadata["course"]) for seed in ("", "b", "c", "d")}
    assert len(numbers) == 4


@pytest.mark.parametrize(
    "line, part",
    [
        ({"solutoin": "a"}, "given, solution, tests, written"),
        ({"solution": "a", "tests": "b"}, "one of"),
        ({"tests": "a"}, "points"),
        ({"given": "a", "points": 2}, "points"),
        ({"tests": "a", "point": 2}, "and points"),
        ({"given": "A b"}, "small letters"),
    ],
)
def test_a_wrong_course_line_is_an_error(line, part):
    with pytest.raises(ValueError, match=part):
        sources.expand(line)


def test_an_unknown_problem_set_is_an_error():
    with pytest.raises(ValueError, match="no problem set 'ps99'; there are ps1"):
        sources.read("ps99")


def spoiled(change):
    notebook = sources.read("ps1")
    change(next(c for c in graded(notebook) if kind(c) == "solution"))
    return notebook


@pytest.mark.parametrize(
    "change, part",
    [
        (lambda cell: cell.metadata["nbgrader"].update(grade_id="setup"), "same id: setup"),
        (lambda cell: cell.metadata.pop("nbgrader"), "BEGIN SOLUTION in a cell that is no"),
        (lambda cell: cell.update(source="pass"), "residual marks no solution"),
        (lambda cell: cell.update(source=cell.source + f"\n{cells.HIDDEN}"), "no grade cell"),
        (lambda cell: cell.update(source=cell.source + "\n# @{T"), "not replaced in: # @{T"),
        (lambda cell: cell.update(source=cell.source + "\n# @{{T}}"), "not replaced in: # @{{T}}"),
    ],
)
def test_what_nbgrader_would_release_by_mistake_is_an_error(change, part):
    with pytest.raises(ValueError, match=part):
        sources.check(spoiled(change))
