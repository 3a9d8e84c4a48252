import json
import re

import numpy as np
import pytest

from pararnn_edu import figures
from pararnn_edu.figures.data import iterations_needed, unpack
from pararnn_edu.figures.interactive import fill
from tests.unit.figures.samples import (
    GAINS,
    SCHEDULES,
    Outline,
    heatmap_figure,
    jacobi_errors,
    stepper_figure,
)


@pytest.fixture(params=[heatmap_figure, stepper_figure])
def make(request):
    return request.param


def data_of(figure) -> dict:
    [text] = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', figure.html)
    return json.loads(text)


def test_same_input_same_bytes(make):
    first, second = make()._repr_mimebundle_(), make()._repr_mimebundle_()
    assert first == second
    assert set(first) == {"text/html", "image/png", "text/plain"}
    assert first["image/png"].startswith("iVBOR")  # PNG in base64


def test_valid_labelled_and_alone(make):
    outline = Outline(make().html)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert set(outline.references) <= set(outline.ids)
    assert 'aria-live="polite"' in make().html
    assert "<noscript>" in make().html


def test_figures_of_different_names_share_nothing(make):
    first, second = Outline(make("one").html), Outline(make("two").html)
    assert not set(first.ids) & set(second.ids)
    assert not first.radios & second.radios


def test_nothing_is_asked_of_any_host(make):
    assert not re.search(r"https?:|//[a-z]|@import|url\(|src=", make().html)


def test_small(make):
    assert len(make().html) < 60_000


def test_the_first_state_stands_in_words(make):
    figure = make()
    assert f'aria-live="polite">{figure.sentence}</p>' in figure.html
    assert figure.sentence in repr(figure)


def test_every_placeholder_is_filled(make):
    assert "{{" not in make().html
    with pytest.raises(KeyError, match="missing"):
        fill("{{missing}}")


def test_text_cannot_break_out():
    figure = heatmap_figure(title="a < b & </script>", xlabel="</script><b>")
    assert Outline(figure.html).open == []
    assert data_of(figure)["xlabel"] == "</script><b>"
    assert "a &lt; b &amp; &lt;/script&gt;" in figure.html


@pytest.mark.parametrize("name", ["", "Front", "3d", "a b", 'a"b'])
def test_names_that_make_no_id(name):
    with pytest.raises(ValueError, match="lower-case letters"):
        heatmap_figure(name)


def test_heatmap_carries_errors_counts_and_words():
    data = data_of(heatmap_figure(start=1, tol=1e-3))
    assert data["gains"] == ["0.5", "1", "2"] and data["gain"] == 1
    assert (data["rows"], data["columns"], data["steps"]) == (13, 24, 24)
    for gain, picture in zip(GAINS, data["pictures"][0], strict=True):
        errors = jacobi_errors(gain)
        levels = unpack(picture["cells"], 24)
        assert np.array_equal(levels == 0, errors[: len(levels)] <= 1e-12)
        assert picture["needed"] == iterations_needed(errors, 1e-3)
        assert picture["rows"] == 13
    assert data["pictures"][0][0]["sentence"] == (
        "gain 0.5: 8 iterations until the error is below 0.001 everywhere."
    )
    assert "only the first 12 of 24 states are right" in data["pictures"][0][2]["sentence"]


def test_heatmap_with_a_choice_of_methods():
    runs = [jacobi_errors(g) for g in GAINS]
    figure = figures.iteration_heatmap("two", GAINS, {"Jacobi": runs, "again": runs})
    assert Outline(figure.html).radios == {"prf-two-method"}
    assert figure.sentence.startswith("Jacobi, gain 0.5: ")
    assert not Outline(heatmap_figure().html).radios


def test_heatmap_of_a_long_run_is_pooled():
    runs = [np.ones((2, 5000))]
    data = data_of(figures.iteration_heatmap("long", [1.0], runs))
    assert (data["columns"], data["steps"]) == (128, 5000)


def test_heatmap_rows_may_differ_and_overflow_is_named():
    runs = [np.ones((3, 4)), np.full((5, 4), np.inf)]
    figure = figures.iteration_heatmap("rows", [1, 2], runs)
    assert data_of(figure)["rows"] == 5
    assert "not finite" in figure.html
    assert "not finite" not in heatmap_figure().html


@pytest.mark.parametrize(
    ("gains", "errors", "options", "message"),
    [
        ([1.0], [np.ones((2, 3)), np.ones((2, 3))], {}, "2 arrays for 1 gains"),
        ([1.0], [np.ones(3)], {}, r"errors\[0\].*2 axes.*\(3,\)"),
        ([1.0, 2.0], [np.ones((2, 3)), np.ones((2, 4))], {}, "same number of time steps"),
        ([1.0], [np.ones((2, 3))], {"start": 1}, r"start must lie in 0\.\.0, got 1"),
        ([1.0], {"a": []}, {}, r"errors\['a'\] has 0 arrays"),
        ([1.0], {}, {}, "dictionary label -> values"),
    ],
)
def test_heatmap_wrong_arguments_are_named(gains, errors, options, message):
    with pytest.raises(ValueError, match=message):
        figures.iteration_heatmap("wrong", gains, errors, **options)


def test_stepper_carries_levels_and_words():
    data = data_of(stepper_figure())
    assert (data["size"], data["scan"], data["level"]) == (8, 0, 1)
    levels = [[list(pair) for pair in level] for level in SCHEDULES["Blelloch"]]
    assert data["scans"][1]["levels"] == levels
    assert len(data["scans"][1]["sentences"]) == len(levels) + 1
    assert data["scans"][0]["sentences"][1] == (
        "Hillis-Steele, level 1 of 3: 7 operations at once. So far 7 of 17 operations; "
        "2 of 8 cells hold everything up to themselves."
    )


def test_stepper_counts_stand_by_their_formulas():
    figure = stepper_figure(formulas={"Hillis-Steele": (("n log2 n - n + 1", 17), ("log2 n", 3))})
    assert "<b>17</b> <small>= n log2 n - n + 1</small>" in figure.html
    with pytest.raises(ValueError, match=r"Blelloch: the schedule has work 11.*'2n' gives 16"):
        stepper_figure(formulas={"Blelloch": (("2n", 16), ("5", 5))})


def test_stepper_may_start_anywhere():
    figure = stepper_figure(start=("Blelloch", 4))
    assert figure.sentence.startswith("Blelloch, level 4 of 5")
    assert (data_of(figure)["scan"], data_of(figure)["level"]) == (1, 4)
    with pytest.raises(ValueError, match="not a level of one of"):
        stepper_figure(start=("Blelloch", 6))


def test_stepper_refuses_what_is_no_scan():
    with pytest.raises(ValueError, match="does not end in the prefixes"):
        figures.scan_stepper("half", {"half": [[(1, 0)]]}, size=4)
    with pytest.raises(ValueError, match="dictionary label -> values"):
        figures.scan_stepper("none", {})
