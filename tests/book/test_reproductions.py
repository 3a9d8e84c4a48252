"""The reproductions ledger: every row can be believed, and a row that cannot is noticed."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from tools.chapters import ROOT
from tools.reproductions import __main__ as command
from tools.reproductions.__main__ import refreshed
from tools.reproductions.check import agrees, problems
from tools.reproductions.page import anchor
from tools.reproductions.rows import LEDGER, STATUSES, Row, load
from tools.reproductions.sources import Unreadable, select, value

ROWS = load()
FOUNDING = {"lim2024deer", "danieli2026pararnn", "merrill2026linear"}


def row(name: str) -> Row:
    return next(each for each in ROWS if each.id == name)


@pytest.mark.parametrize("each", ROWS, ids=lambda each: each.id)
def test_row(each):
    assert problems(each) == []


def test_names_are_unique_and_papers_are_in_the_bibliography():
    assert [name for name, times in Counter(each.id for each in ROWS).items() if times > 1] == []
    known = re.findall(r"^@\w+\{(\w+)", (ROOT / "book/references.bib").read_text(), re.MULTILINE)
    papers = {each.paper for each in ROWS}
    assert papers - set(known) == set()
    assert papers >= FOUNDING


def test_to_store_again_changes_nothing():
    text = LEDGER.read_text(encoding="utf-8")
    assert refreshed(text, ROWS) == text


def test_a_number_that_changed_or_was_never_stored_is_stored():
    text = LEDGER.read_text(encoding="utf-8")
    wrong = re.sub(r"(?m)^ours = .*$", "ours = [0.5]", text, count=1)
    absent = re.sub(r"(?m)^ours = .*\n", "", text, count=1)
    assert refreshed(wrong, ROWS) == refreshed(absent, ROWS) == text


BY_OUTPUT, BY_FILE = row("pararnn-iterations"), row("pararnn-parity")
GPU, UNTRIED = row("pararnn-665"), row("merrill-lower-bounds")


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (replace(BY_OUTPUT, status="true"), "status 'true', expected one of"),
        (replace(BY_OUTPUT, relation="near"), "relation 'near', expected one of"),
        (replace(BY_OUTPUT, chapter="99_none"), "there is no chapter 99_none"),
        (replace(BY_OUTPUT, section="Three"), "has no section 'Three'"),
        (replace(BY_OUTPUT, output="no such words"), "matches 0 times, expected once"),
        (replace(BY_OUTPUT, output=r"iterations over (L)"), "matches 4 times, expected once"),
        (replace(BY_OUTPUT, ours=(3, 5)), "holds [3, 5], and reads [3, 4] now"),
        (replace(BY_OUTPUT, status="differs"), "is 'differs', yet [3, 4] and [3, 4] agree"),
        (replace(BY_OUTPUT, numbers=(2, 4)), "[3, 4] and [2, 4] do not agree"),
        (replace(BY_OUTPUT, numbers=("-", "-")), "with no number of the paper to compare"),
        (replace(BY_OUTPUT, numbers=(3,), published=""), "has 1 numbers of the paper and 2"),
        (replace(BY_OUTPUT, found="{2}"), "found is '{2}', which does not fit [3, 4]"),
        (replace(BY_OUTPUT, status="modelled"), "is 'modelled', and neither"),
        (replace(BY_OUTPUT, file="a.json"), "has both a file and an output"),
        (replace(BY_OUTPUT, output=""), "neither a file nor an output"),
        (replace(BY_FILE, file="none.json"), "there is no file none.json"),
        (replace(BY_FILE, paths=("records[row=none].bits",)), "leads nowhere from '[row=none]'"),
        (replace(BY_FILE, of="only"), "leads to 3 values, expected one"),
        (replace(BY_FILE, of="sum"), "of = 'sum', expected one of"),
        (replace(BY_FILE, ours=(99.0, 100.0)), "and reads [100.0, 100.0] now"),
        (replace(GPU, run="pararnn_edu.bench.none"), "does not exist: 'pararnn_edu.bench.none'"),
        (replace(GPU, file=BY_FILE.file), "is 'needs a GPU', yet reads a number"),
        (replace(UNTRIED, note=""), "gives no reason"),
        (replace(UNTRIED, status="reproduced"), "is 'reproduced', and reads no number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_that_cannot_be_believed_is_noticed(broken, complaint):
    assert complaint in "\n".join(problems(broken))


@pytest.mark.parametrize(
    ("fields", "agree"),
    [
        ({"ours": (1.04,), "numbers": (1,), "within": 0.05}, True),
        ({"ours": (1.06,), "numbers": (1,), "within": 0.05}, False),
        ({"ours": (1.9,), "numbers": (1,), "factor": 2}, True),
        ({"ours": (0.4,), "numbers": (1,), "factor": 2}, False),
        ({"ours": (5,), "numbers": (4,), "relation": "at most"}, False),
        ({"ours": (5,), "numbers": (4,), "relation": "at least"}, True),
        ({"ours": (1, 2, 2), "numbers": (7, 8, 9), "relation": "same order"}, True),
        ({"ours": (1, 3, 2), "numbers": (7, 8, 9), "relation": "same order"}, False),
        ({"ours": (9, True), "numbers": ("-", True)}, True),
        ({"ours": (9, False), "numbers": ("-", True)}, False),
        ({"ours": (1,), "numbers": (True,), "within": 1}, False),
        ({"ours": ("dense",), "numbers": ("diagonal",)}, False),
    ],
)
def test_relations(fields, agree):
    assert agrees(replace(BY_OUTPUT, **fields)) is agree


def test_an_unknown_field_is_refused(tmp_path):
    path = tmp_path / "ledger.toml"
    path.write_text('[[row]]\nid = "a"\npapper = "b"\n')
    with pytest.raises(ValueError, match=r"row 'a' has unknown fields \['papper'\]"):
        load(path)


def test_paths():
    document = {"runs": [{"core": "gru", "T": 4, "bits": [1, 2]}, {"core": "lstm", "bits": [3]}]}
    assert select(document, "runs[*].bits[0]") == [1, 3]
    assert select(document, "runs[core=gru,T=4].bits[*]") == [1, 2]
    with pytest.raises(Unreadable, match=r"leads nowhere from '\.loss' on"):
        select(document, "runs[0].loss")


def test_printed_words():
    assert [value(x) for x in ("True", "1,610", "5e-7", "1/256")] == [True, 1610, 5e-7, "1/256"]


def test_the_command_lists_every_row(capsys):
    assert command.main([]) == 0
    printed = capsys.readouterr().out
    assert [each.id for each in ROWS if each.id not in printed] == []
    assert printed.endswith(f"{len(ROWS)} rows, 0 wrong\n")


def test_the_command_names_what_is_wrong(capsys, monkeypatch):
    monkeypatch.setattr(command, "load", lambda: [replace(BY_OUTPUT, ours=()), UNTRIED])
    assert command.main([]) == 1
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("WRONG") and "which does not fit []" in first
    assert last == "2 rows, 1 wrong"


@pytest.fixture(scope="module")
def ledger_page(site):
    text = (site / "book/guide/reproductions.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


def test_the_page_shows_the_ledger_as_it_is(ledger_page):
    shown = {tr["id"]: tr.find_all("td") for tr in ledger_page.select("table.ledger tbody tr")}
    assert list(shown) == [each.id for each in ROWS]
    words = lambda text: re.sub(r"[\W_]+", "", text)  # the site sets quotes and dashes its own way
    for each in ROWS:
        cells = [words(cell.get_text()) for cell in shown[each.id]]
        wanted = each.claim, each.theirs_in_words(), each.ours_in_words(), each.status
        assert [w for w, cell in zip(wanted, cells, strict=True) if words(w) not in cell] == []


def test_links_lead_to_the_sections(site, ledger_page):
    anchors = {}
    for each in (each for each in ROWS if each.chapter):
        name = f"{each.chapter}.html"
        if name not in anchors:
            html = (site / "book/chapters" / name).read_text(encoding="utf-8")
            anchors[name] = set(re.findall(r'\bid="([^"]+)"', html))
        assert anchor(each.section) in anchors[name], each.id
        link = ledger_page.find(id=each.id).find("a", class_="reference")
        assert link["href"] == f"../chapters/{name}#{anchor(each.section)}"


def test_every_status_is_explained_and_can_be_hidden(ledger_page):
    style = (ROOT / "book/_static/reproductions.css").read_text(encoding="utf-8")
    boxes = [box["id"] for box in ledger_page.select(".ledger-filter input[type=checkbox]")]
    assert len(boxes) == len(STATUSES)
    for box in boxes:
        hides = f"body:has(#{box}:not(:checked)) .bd-article table.ledger tbody tr.ledger-row-"
        assert hides + box.removeprefix("show-") in style
