import sys

import pytest

from pararnn_edu import figures

pytest.importorskip("ipywidgets")


def pictures(lab):
    return [bytes(picture.value) for picture in lab.pictures]


def test_newton_lab_follows_its_controls():
    lab = figures.newton_lab()
    assert lab.sentence.startswith("Newton, gain 1.2, T = 96: ")
    assert "iterations until the error is below" in lab.sentence
    before = pictures(lab)
    assert len(before) == 2 and all(png.startswith(b"\x89PNG") for png in before)
    lab.controls["gain"].value = 3.0
    assert "gain 3.0" in lab.text.value and "not below" in lab.text.value
    lab.controls["length"].value = 32
    lab.controls["method"].value = "Jacobi"
    assert lab.sentence.startswith("Jacobi, gain 3.0, T = 32: 31 iterations until")
    assert not set(before) & set(pictures(lab))


@pytest.mark.parametrize("method", ["quasi-Newton", "Picard"])
def test_newton_lab_offers_every_method(method):
    lab = figures.newton_lab()
    lab.controls["length"].value = 16
    lab.controls["method"].value = method
    assert lab.sentence.startswith(f"{method}, gain 1.2, T = 16: ")


def test_scan_lab_counts():
    lab = figures.scan_lab()
    assert lab.sentence.startswith("Hillis-Steele, 8 elements: 17 operations in 3 levels;")
    before = pictures(lab)
    lab.controls["algorithm"].value = "Blelloch"
    assert "11 operations in 5 levels" in lab.text.value
    assert pictures(lab) != before
    for algorithm in lab.controls["algorithm"].options:
        lab.controls["algorithm"].value = algorithm
        lab.controls["elements"].value = 2
        assert "1 operation in 1 level;" in lab.sentence


def test_without_a_kernel_a_lab_shows_its_picture_and_says_so():
    bundle = figures.scan_lab().bundle()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert "run this notebook" in bundle["text/html"]
    assert "<img alt=" in bundle["text/html"]
    assert bundle["text/plain"].startswith("Live lab: Hillis-Steele")


def test_in_colab_only_the_live_view_is_sent(monkeypatch):
    lab = figures.scan_lab()
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert "text/html" not in lab.bundle()


def test_without_ipywidgets_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r"pip install 'pararnn-edu\[widgets\]'"):
        figures.newton_lab()
