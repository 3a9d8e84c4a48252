"""The small tools: the site check, the summary of `make test`, the Makefile's own help."""

import inspect
import json
import re
import subprocess
import sys
from collections import Counter

import pytest

import pararnn_edu as pr
from tools import chapter_times, check_site, run_tests, vendor
from tools.chapters import ROOT, sources

TOC = """
format: jb-book
root: book/index
parts:
  - chapters:
      - file: book/guide/a
        sections:
          - file: book/guide/b
  - chapters:
      - file: book/c
"""


def test_pages_of_a_table_of_contents(tmp_path):
    toc = tmp_path / "_toc.yml"
    toc.write_text(TOC)
    assert check_site.pages(toc) == ["book/index", "book/guide/a", "book/guide/b", "book/c"]


def test_a_missing_page_is_noticed(tmp_path):
    (tmp_path / "index.html").touch()
    (tmp_path / "a.html").touch()
    assert check_site.missing(tmp_path, ["a", "b"]) == ["b.html"]


def test_a_missing_front_page_is_noticed(tmp_path):
    assert check_site.missing(tmp_path, []) == ["index.html"]


def test_every_chapter_is_in_the_book():
    chapters = [f"book/chapters/{path.stem}" for path in sources()]
    assert [page for page in check_site.pages() if "/chapters/" in page] == chapters


REPORT = """<testsuites><testsuite>
<testcase name="a"/>
<testcase name="b"><failure message="no"/></testcase>
<testcase name="c"><error message="no"/></testcase>
<testcase name="d"><skipped message="no Python 3.13 found"/></testcase>
<testcase name="e"><skipped message="no Python 3.13 found"/></testcase>
</testsuite></testsuites>"""


def test_report_is_counted(tmp_path):
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    counts, reasons = run_tests.read_report(path)
    assert counts == {"passed": 1, "failed": 2, "skipped": 2}
    assert reasons == {"no Python 3.13 found": 2}


def test_what_was_skipped_is_said_last_and_loudly():
    result = run_tests.Result(
        "install", 0, 3.0, Counter(passed=1, skipped=2), Counter({"no 3.13": 2})
    )
    assert (
        run_tests.summarise([result]).splitlines()[-1] == "!!! SKIPPED (install, 2 tests): no 3.13"
    )


def test_an_unknown_job_is_an_error(capsys):
    with pytest.raises(SystemExit):
        run_tests.main(["everything"])
    assert "no such job: everything; the jobs are unit, book" in capsys.readouterr().err


def test_a_chapter_is_too_slow_by_clock_and_processor():
    assert chapter_times.too_slow(clock=90.0, processor=61.0)
    assert not chapter_times.too_slow(clock=90.0, processor=30.0)  # on a busy machine
    assert not chapter_times.too_slow(clock=40.0, processor=70.0)  # on two cores at once


def makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def test_make_help_lists_every_command():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    phony = re.search(r"\.PHONY: ((?:.*\\\n)*.*)", makefile())[1].replace("\\\n", " ").split()
    assert sorted(re.findall(r"^  make (\S+)", listed.stdout, re.MULTILINE)) == sorted(phony)


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "book/guide/how_to_use.md",
        "book/guide/instructors.md",
        "exercises/README.md",
    ],
)
def test_every_make_command_named_in_the_text_exists(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^\s*)make ([a-z-]+)", text, re.MULTILINE))
    assert named, "the page names no command"
    assert [command for command in named if f"\n{command}:" not in makefile()] == []


def test_vendored_scripts_are_those_of_the_tool():
    stored = json.loads((vendor.VENDOR / "versions.json").read_text())
    assert stored == {name: version for name, (version, *_) in vendor.PACKAGES.items()}
    for _, _, files in vendor.PACKAGES.values():
        assert [place for place in files.values() if not (vendor.VENDOR / place).exists()] == []


def test_the_api_page_names_everything_public():
    public = {name for name, thing in vars(pr).items() if getattr(thing, "__doc__", None)}
    public = {n for n in public if not n.startswith("_") and not inspect.ismodule(vars(pr)[n])}
    listed = re.findall(r"^pr\.(\w+)$", (ROOT / "book/api.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(set(listed))
    assert public - set(listed) == set()


def test_the_command_line_explains_itself():
    command = [sys.executable, "-m", "pararnn_edu", "--help"]
    assert "doctor" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
