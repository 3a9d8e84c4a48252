"""`make notebooks` writes the same bytes for the same inputs, and does no more than needed."""

import pytest

from tools.chapters import code_cells, read_source, read_twin
from tools.notebooks import main, make_twin

HEADER = "---\njupytext:\n  text_representation: {format_name: myst}\n---\n\n"
CELL = "```{{code-cell}} ipython3\n{}\n```\n\n"
PRINTS = CELL.format("import time\nprint(1)\ntime.sleep(0.2)\nprint(2)")


def chapter(folder, *parts):
    path = folder / "01_scratch.md"
    path.write_text(HEADER + "".join(parts), encoding="utf-8")
    return path


def test_same_input_same_bytes(tmp_path):
    plot = CELL.format(
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2]);"
    )
    hashes = CELL.format("{'a', 'b', 'c', 'd'}, hash('x')")
    source = chapter(tmp_path, "# Title\n\n", PRINTS, plot, hashes)
    make_twin(source)
    first = source.with_suffix(".ipynb").read_bytes()
    assert make_twin(source, force=True).endswith("unchanged")
    assert source.with_suffix(".ipynb").read_bytes() == first


def test_what_is_printed_in_pieces_is_stored_as_one(tmp_path):
    source = chapter(tmp_path, PRINTS)
    make_twin(source)
    (cell,) = code_cells(read_twin(source.with_suffix(".ipynb")))
    assert [output.text for output in cell.outputs] == ["1\n2\n"]


def test_prose_can_change_without_executing(tmp_path):
    source = chapter(tmp_path, "Old words.\n\n", PRINTS)
    assert "executed" in make_twin(source)
    chapter(tmp_path, "New words.\n\n", PRINTS)
    assert make_twin(source) == "kept its outputs, written"
    twin = read_twin(source.with_suffix(".ipynb"))
    assert twin.cells[0].source == "New words."
    assert code_cells(twin)[0].outputs[0].text == "1\n2\n"


def test_changed_code_is_executed(tmp_path):
    source = chapter(tmp_path, CELL.format("print(1)"))
    make_twin(source)
    chapter(tmp_path, CELL.format("print(2)"))
    assert "executed" in make_twin(source)
    (cell,) = code_cells(read_twin(source.with_suffix(".ipynb")))
    assert cell.outputs[0].text == "2\n"


def test_an_edit_changes_one_cell_id(tmp_path):
    text = "One.\n\n+++\n\nTwo.\n\n+++\n\nTwo.\n"
    source = chapter(tmp_path, text)
    make_twin(source)
    before = [cell.id for cell in read_twin(source.with_suffix(".ipynb")).cells]
    chapter(tmp_path, text.replace("One", "Another"))
    make_twin(source)
    after = [cell.id for cell in read_twin(source.with_suffix(".ipynb")).cells]
    assert len(set(before)) == 3
    assert before[0] != after[0]
    assert before[1:] == after[1:]


def test_live_widgets_are_not_stored(tmp_path):
    pytest.importorskip("ipywidgets")
    source = chapter(tmp_path, CELL.format("import ipywidgets\nipywidgets.IntSlider()"))
    make_twin(source)
    twin = read_twin(source.with_suffix(".ipynb"))
    assert code_cells(twin)[0].outputs == []
    assert "widgets" not in twin.metadata


def test_it_runs_in_an_empty_folder(tmp_path):
    source = chapter(tmp_path, CELL.format("import os\nos.listdir()"))
    make_twin(source)
    (cell,) = code_cells(read_twin(source.with_suffix(".ipynb")))
    assert cell.outputs[0].data["text/plain"] == "[]"


def test_a_failing_cell_is_told_and_leaves_the_twin(tmp_path, capfd):
    source = chapter(tmp_path, CELL.format("print(1)"))
    make_twin(source)
    before = source.with_suffix(".ipynb").read_bytes()
    chapter(tmp_path, CELL.format("1 / 0"))
    assert main([str(source)]) == 1
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert source.with_suffix(".ipynb").read_bytes() == before


def test_gated_answers_keep_their_code(tmp_path):
    start = "````{solution-start} ex\n:class: dropdown\n````\n\n"
    source = chapter(tmp_path, start, CELL.format("print(42)"), "````{solution-end}\n````\n")
    kinds = [cell.cell_type for cell in read_source(source).cells]
    assert kinds == ["markdown", "code", "markdown"]
