"""Seeds: which values they pick, and how values get into the text."""

import nbformat
import pytest

from tools.course import sources, variants
from tools.course.products import worked


def test_values_are_put_in_place_as_text_or_as_repr():
    filled = variants.fill(
        "@{n} steps of @{kind}, @{[n, n + 1]}; @{ n // 2 }", {"n": 5, "kind": "pr.GRU"}
    )
    assert filled == "5 steps of pr.GRU, [5, 6]; 2"


def test_braces_of_python_and_latex_are_left_alone():
    text = r"\frac{a}{b} f'{x!r}' {'a': 1} @ {2} @{}"
    assert variants.fill(text, {}) == text


def test_a_wrong_expression_is_named():
    with pytest.raises(ValueError, match=r"@\{m\} in the source: NameError"):
        variants.fill("@{m}", {})


def test_without_a_seed_the_published_value_is_picked(tiny, monkeypatch):
    tiny(monkeypatch)
    assert "Multiply by 2." in str(sources.read("ps1"))
    others = {str(sources.read("ps1", f"{i}")).split("Multiply by ")[1][:2] for i in range(20)}
    assert len(others) > 2


def test_text_answers_and_tests_follow_the_seed(tiny, monkeypatch):
    tiny(monkeypatch)
    texts = ("\n".join(c.source for c in sources.read("ps1", seed).cells) for seed in "abcdefgh")
    text = next(text for text in texts if "Multiply by 2." not in text)
    factor = int(text.split("Multiply by ")[1].split(".")[0])
    assert f"return {factor} * x" in text and f"== {-4711 * factor}" in text
    assert "pick(" not in text and "@{" not in text


def test_a_variant_cell_that_fails_is_named():
    notebook = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("assert False, 'too short'")
    cell.metadata["course"] = {"variant": "numbers"}
    notebook.cells = [cell]
    with pytest.raises(ValueError, match="variant cell numbers: AssertionError: too short"):
        variants.substitute(notebook, "x", "ps1")


def test_the_worked_solution_explains_and_keeps_tests_and_rubric_back(tiny, monkeypatch):
    tiny(monkeypatch)
    text = "\n".join(cell.source for cell in worked(sources.read("ps1", explained=True)).cells)
    assert "Only the worked solution says this." in text and "Because." in text
    assert "return x / 2" in text
    for secret in ("4711", "Rubric", "BEGIN", "any reason"):
        assert secret not in text
    assert "Only the worked" not in str(sources.read("ps1"))
