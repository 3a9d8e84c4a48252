"""The command line, nbgrader's environment, and the settings for a JupyterHub."""

import os
import re
import subprocess

import nbformat
import pytest

from tools.chapters import CHAPTERS
from tools.course import __main__ as command
from tools.course import folders, listing, records, sources
from tools.course.folders import Course
from tools.course.grade import Result, keep_beside
from tools.course.hints import hints
from tools.course.report import write_report


def test_source_writes_the_notebook_and_the_settings(tmp_path, capsys):
    assert command.main(["source", "ps1", "--course", str(tmp_path)]) == 0
    path = tmp_path / "source" / "ps1" / "ps1.ipynb"
    assert str(path) in capsys.readouterr().out
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook == sources.read("ps1")
    settings = (tmp_path / records.CONFIG.name).read_text()
    assert str(folders.ROOT) in settings and "/path/to" not in settings


def test_settings_that_an_instructor_changed_are_left_alone(tmp_path):
    (tmp_path / records.CONFIG.name).write_text("# mine\n")
    records.settings(Course(tmp_path))
    assert (tmp_path / records.CONFIG.name).read_text() == "# mine\n"


def test_an_unknown_problem_set_is_named(tmp_path, capsys):
    assert command.main(["source", "ps99", "--course", str(tmp_path)]) == 1
    assert "no problem set 'ps99'" in capsys.readouterr().err


def test_grading_what_was_never_released_says_so(tmp_path, capsys):
    arguments = ["grade", "ps1", "--course", str(tmp_path), "--submissions", str(tmp_path)]
    assert command.main(arguments) == 1
    assert "was not released" in capsys.readouterr().err


def test_feedback_before_grading_says_so(tmp_path, capsys):
    arguments = ["feedback", "ps1", "--course", str(tmp_path)]
    assert command.main(arguments) == 1
    assert "ps1 was not graded" in capsys.readouterr().err


def test_a_machine_without_a_package_index_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "HOME", tmp_path)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")  # nobody listens there
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(records.NoPackages, match=r"could not install requirements\.txt"):
        records.environment()
    assert not (tmp_path / "installed").exists()


def test_the_table_of_what_needs_what_is_that_of_the_chapters():
    guide = (folders.ROOT / "book" / "guide" / "instructors.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\d+) \{doc\}`\.\./chapters/(\w+)` \| ([\d, ]*) *\|", guide, re.MULTILINE
    )
    assert len(rows) >= 12
    for number, chapter, needs in rows:
        text = (CHAPTERS / f"{chapter}.md").read_text(encoding="utf-8")
        said = re.search(r"^\*Needs.*", text, re.MULTILINE)[0]
        assert chapter.startswith(f"{int(number):02}_")
        assert re.findall(r"\d+", needs) == [str(int(n)) for n in re.findall(r"`(\d\d)_", said)]


def test_a_later_grading_keeps_what_is_known_of_the_others(tmp_path):
    course = Course(tmp_path)
    write_report("ps1", [Result("ada", {"a": 1}, worked=3), Result("emmy", {"a": 0})], course, 1)
    write_report("ps1", [Result("emmy", {"a": 1}), Result("grace", None, ["empty"])], course, 1)
    page = course.report("ps1").read_text(encoding="utf-8")
    assert "| ada | 1 | 3 |" in page and "| emmy | 1 | 0 |" in page
    assert "- **grace**: empty" in page and "| grace | not graded | 0 |" in page


def test_reports_and_data_are_kept_beside_the_notebook(tmp_path):
    """Two of one name are both kept, and grading again from where they are changes nothing."""
    files = [tmp_path / "ada" / name for name in ("report.pdf", "data/report.pdf", "notes.txt")]
    for i, file in enumerate(files):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(i))
    kept = tmp_path / "course" / "handed-in" / "ps8" / "ada"
    for given in (lambda: files, lambda: [*kept.iterdir()]):
        keep_beside(given(), kept)
        found = {file.name: file.read_text() for file in kept.iterdir()}
        assert found == {"report.pdf": "0", "2-report.pdf": "1", "notes.txt": "2"}


def test_hints_are_told_and_values_are_not():
    test = 'check.equal(f"an error in state {t} of 9", found, t, hint="One changes two.")'
    said = "an error in state 4 of 9\n  differs from 17\n  One changes two.\n  t is 4"
    assert hints(test, said) == ["an error in state 4 of 9", "One changes two."]
    assert hints(test, "an error in state secret_number = 4711 of 9") == []


@pytest.mark.parametrize("page", listing.PAGES, ids=lambda page: page.name)
def test_the_tables_of_problem_sets_are_those_of_the_folder(page):
    text = page.read_text(encoding="utf-8")
    assert listing.filled(text) == text, "python -m tools.course list"
    assert "`ps1`" in text


def test_a_jupyterhub_understands_every_line_of_the_example(tmp_path):
    try:
        python = records.environment()
    except records.NoPackages as error:
        pytest.skip(f"nbgrader could not be installed, pip reaches no package index: {error}")
    example = folders.ROOT / "exercises" / "jupyterhub_config.py"
    command = [python, "-m", "jupyterhub", "-f", example, "--show-config"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "formgrade-rnns" in done.stdout and "jupyterhub-singleuser" in done.stdout
    assert "not recognized" not in done.stderr, done.stderr  # that the accounts are missing is fine
