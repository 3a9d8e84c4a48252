"""The figures in which a slider brings one run to the front."""

import json
import re

import numpy as np
import pytest

from pararnn_edu.figures.pick import damping_curves, lyapunov_steps

from .samples import Outline

GAINS, EXPONENTS, STEPS = [0.5, 1.0, 2.0], [-0.7, -0.01, 0.14], [3, 13, 801]
LABELS = ["0.01", "1", "adaptive"]
HISTORIES = [10.0 ** -np.arange(12), np.array([1, np.inf, np.nan, 0.0]), np.ones(3)]


def points(name="ch9-points", **options):
    return lyapunov_steps(name, GAINS, EXPONENTS, STEPS, length=1000, **options)


def curves(name="ch9-curves", **options):
    return damping_curves(name, LABELS, HISTORIES, **options)


@pytest.fixture(params=[points, curves])
def make(request):
    return request.param


def data_of(figure) -> dict:
    [text] = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', figure.html)
    return json.loads(text)


def test_same_input_same_bytes_small_and_alone(make):
    figure = make()
    bundle = figure._repr_mimebundle_()
    assert bundle == make()._repr_mimebundle_()
    assert bundle["image/png"].startswith("iVBOR")
    assert len(figure.html) < 60_000
    assert not re.search(r"https?:|//[a-z]|@import|url\(|src=", figure.html)
    assert "{{" not in figure.html


def test_valid_labelled_and_apart(make):
    outline = Outline(make().html)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert set(outline.references) <= set(outline.ids)
    assert not set(outline.ids) & set(Outline(make("other").html).ids)
    assert f'aria-live="polite">{make().sentence}</p>' in make().html


def test_points_carry_numbers_and_words():
    data = data_of(points(start=2))
    assert data["start"] == 2 and data["labels"] == ["0.5", "1", "2"]
    assert data["curves"] == [[[e], [n]] for e, n in zip(EXPONENTS, STEPS, strict=True)]
    assert data["sentences"][2] == (
        "gain 2: exponent +0.140 per step, 801 iterations for 1000 steps."
    )
    assert data["levels"] == [[1000, "T = 1000"]] and data["upright"] == 0


def test_curves_say_what_came_of_them():
    data = data_of(curves())
    assert data["sentences"] == [
        "damping 0.01: done after 11 iterations; largest residual on the way 1.",
        "damping 1: done after 3 iterations; the residual overflows on the way.",
        "damping adaptive: not done after 2 iterations; largest residual on the way 1.",
    ]
    assert data["curves"][1][1] == [1.0, None, None, 1e-17]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: points(start=3), r"start must lie in 0\.\.2, got 3"),
        (lambda: lyapunov_steps("a", GAINS, [0.0], STEPS, length=9), "exponents has 1 values"),
        (lambda: damping_curves("a", ["1"], HISTORIES), "1 labels for 3 histories"),
        (lambda: damping_curves("a", ["1"], [np.ones((2, 2))]), r"histories\[0\].*1 axes"),
        (lambda: points("Bad Name"), "lower-case letters"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
