"""The command line of the course kit, and nbgrader's environment on a machine without network."""

import os

import nbformat
import pytest

from tools import course, problem_set


def test_source_writes_the_notebook_and_the_settings(tmp_path, capsys):
    assert course.main(["source", "ps1", "--course", str(tmp_path)]) == 0
    path = tmp_path / "source" / "ps1" / "ps1.ipynb"
    assert str(path) in capsys.readouterr().out
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook == problem_set.read("ps1")
    assert (tmp_path / course.CONFIG.name).read_text() == course.CONFIG.read_text()


def test_settings_that_an_instructor_changed_are_left_alone(tmp_path):
    (tmp_path / course.CONFIG.name).write_text("# mine\n")
    course.write_source("ps1", tmp_path)
    assert (tmp_path / course.CONFIG.name).read_text() == "# mine\n"


def test_an_unknown_problem_set_is_named(tmp_path, capsys):
    assert course.main(["release", "ps99", "--course", str(tmp_path)]) == 1
    assert "no problem set 'ps99'" in capsys.readouterr().err


def test_a_machine_without_a_package_index_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "HOME", tmp_path)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")  # nobody listens there
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(course.NoPackages, match=r"could not install requirements\.txt"):
        course.environment()
    assert not (tmp_path / "installed").exists()
