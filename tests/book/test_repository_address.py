"""The repository's address stands in pyproject.toml; every other use follows it."""

import shutil

import pytest

from tools.chapters import ROOT, SETUP_CELL, sources, twins
from tools.set_repository import address, files, main, rewrite, slug

NEW = "https://github.com/" + "/".join(["some-one", "else_where"])  # so that this file has it not

USES = [
    "README.md",
    "_config.yml",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "book/guide/how_to_use.md",
    SETUP_CELL.relative_to(ROOT),
    *(path.relative_to(ROOT) for path in (*sources(), *twins())),
]


@pytest.mark.parametrize("path", USES, ids=str)
def test_use(path):
    assert slug(address()) in (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture
def copy(tmp_path):
    for path in files():
        place = tmp_path / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return tmp_path


def test_the_tool_changes_every_use_and_can_change_it_back(copy):
    old = address()
    before = {path: path.read_bytes() for path in files(copy)}
    rewrite(old, NEW, copy)
    assert address(copy) == NEW
    left = [path for path in files(copy) if slug(old) in path.read_text(encoding="utf-8")]
    assert left == []
    assert all(slug(NEW) in (copy / path).read_text(encoding="utf-8") for path in USES)
    rewrite(NEW, old, copy)
    assert {path: path.read_bytes() for path in files(copy)} == before


def test_no_use_hides_in_a_file_the_tool_leaves_out():
    followed = set(files())
    ours = (
        p
        for folder in ("book", "exercises", "tests", "tools", "pararnn_edu", ".ci")
        for p in (ROOT / folder).rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    )
    hidden = [p for p in ours if p not in followed and slug(address()).encode() in p.read_bytes()]
    assert hidden == []


@pytest.mark.parametrize(
    "url", ["", "github.com/a/b", "https://github.com/a", "https://example.org/a/b"]
)
def test_an_address_of_another_form_is_refused(url, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([url])
    assert stopped.value.code == 2
    assert "expected https://github.com/OWNER/NAME" in capsys.readouterr().err
