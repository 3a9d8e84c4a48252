"""Every chapter's source and twin agree; and the check that says so notices when they do not."""

import shutil

import nbformat
import pytest

from tools import check_pairs
from tools.chapters import SETUP_CELL, code_cells, read_twin, sources
from tools.notebooks import make_twin

BODY = """
A chapter for testing.

```{code-cell} ipython3
---
mystnb:
  image:
    alt: One red pixel.
---
from IPython.display import Image, display
print("state:", 1 + 1)
display(Image(data=bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)))
```
"""


@pytest.mark.parametrize("source", sources(), ids=lambda path: path.stem)
def test_chapter(source):
    assert check_pairs.problems(source, source.with_suffix(".ipynb")) == []


def test_every_twin_has_a_source():
    assert check_pairs.strays() == []


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    source = tmp_path_factory.mktemp("pair") / "01_test.md"
    source.write_text(SETUP_CELL.read_text(encoding="utf-8") + BODY, encoding="utf-8")
    make_twin(source)
    return source


@pytest.fixture
def tampered(good, tmp_path):
    """`tampered(change)` applies `change` to a copy of the twin and returns what the check says."""

    def check(change) -> str:
        source = shutil.copy(good, tmp_path)
        twin = read_twin(good.with_suffix(".ipynb"))
        change(twin)
        path = tmp_path / "01_test.ipynb"
        nbformat.write(twin, path)
        return "\n".join(check_pairs.problems(tmp_path / source, path))

    return check


def test_an_untouched_pair_passes(tampered):
    assert tampered(lambda twin: None) == ""


def change_source(twin):
    twin.cells[-1].source += "\n# changed"


def change_type(twin):
    twin.cells[1].cell_type = "raw"


def change_tags(twin):
    twin.cells[-1].metadata["tags"] = ["hide-input"]


def drop_cell(twin):
    del twin.cells[1]


def never_executed(twin):
    code_cells(twin)[-1].execution_count = None


def executed_out_of_order(twin):
    first, last = code_cells(twin)
    first.execution_count, last.execution_count = 2, 1


def executed_twice(twin):
    code_cells(twin)[-1].execution_count = 3


def hold_error(twin):
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])
    twin.cells[-1].outputs.append(error)


def hold_traceback(twin):
    stderr = nbformat.v4.new_output("stream", name="stderr", text="Traceback (most recent call)")
    twin.cells[-1].outputs.append(stderr)


def show_path(twin):
    twin.cells[-1].outputs[0].text = "saved in /home/somebody/figure.png"


def show_memory_address(twin):
    twin.cells[-1].outputs[0].text = "<Cell object at 0x7f12ab34cd56>"


def drop_alt(twin):
    del twin.cells[-1].metadata["mystnb"]


def html_image_without_alt(twin):
    html = nbformat.v4.new_output("display_data", {"text/html": '<img src="a.png" alt="">'})
    twin.cells[-1].outputs.append(html)


def change_setup(twin):
    code_cells(twin)[0].source = "import pararnn_edu"


def grow(twin):
    twin.cells[-1].outputs[0].text = "x" * check_pairs.MAX_BYTES


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (change_source, "cell 3 differs"),
        (change_type, "cell 2 differs"),
        (change_tags, "cell 3 differs"),
        (drop_cell, "cell 2 differs"),
        (never_executed, "execution counts"),
        (executed_out_of_order, "execution counts"),
        (executed_twice, "execution counts"),
        (hold_error, "raised ValueError: no"),
        (hold_traceback, "printed to stderr"),
        (show_path, "something of the machine"),
        (show_memory_address, "something of the machine"),
        (drop_alt, "without alt text"),
        (html_image_without_alt, "without alt text"),
        (change_setup, "not the one of tools/setup_cell.md"),
        (grow, "are allowed"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tampering_is_noticed(tampered, change, complaint):
    assert complaint in tampered(change)


def test_a_tag_announces_an_error(tampered):
    def announced(twin):
        hold_error(twin)
        twin.cells[-1].metadata["tags"] = ["raises-exception"]

    assert "raised" not in tampered(announced)


def test_a_missing_twin_is_noticed(good, tmp_path):
    assert "no executed twin" in check_pairs.problems(good, tmp_path / "none.ipynb")[0]
