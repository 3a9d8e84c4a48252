import numpy as np
import pytest

from pararnn_edu import figures

ROWS = {
    "ParaGRU/65536x16": {"Newton": (0.5, 0.4, 0.6), "Auto": (7.0, 6.0, 8.0)},
    "GRU/4096x8": {"Auto": (1.5, 1.4, 1.6), "quasi-Newton": (0.1, 0.09, 0.2)},
}
SIZES = [1024, 16_384, 1_048_576]
CURVES = {
    "lax.scan": (SIZES, [[t, 0.9 * t, 1.1 * t] for t in (1.0, 16.0, 1024.0)]),
    "Auto": (SIZES[:2], [[0.5, 0.4, 0.6], [2.0, 1.9, 2.1]]),
}
POINTS = [(1024, 16, "lax.scan", ""), (65_536, 16, "Newton", "2x"), (65_536, 1, "Newton", "3x")]
DRAW = {
    "intervals": lambda: figures.intervals(
        ROWS, xlabel="times as fast", accent="Auto", title="Auto wins", limit_label="equal"
    ),
    "powers": lambda: figures.powers(CURVES, accent="Auto"),
    "winners": lambda: figures.winners(POINTS, title="Newton wins where it is long"),
}


@pytest.mark.parametrize("name", DRAW)
def test_same_input_same_bytes_and_small(name):
    png = DRAW[name]().png()
    assert png == DRAW[name]().png()
    assert len(png) < 60_000


def test_a_contender_is_drawn_in_the_rows_that_have_it():
    axes = DRAW["intervals"]().axes[0]
    dots = {line.get_label(): line.get_xydata() for line in axes.lines}
    assert dots["Auto"][:, 0].tolist() == [7.0, 1.5]
    assert dots["quasi-Newton"][:, 1].round().tolist() == [1.0]
    assert [text.get_text() for text in axes.get_yticklabels()] == list(ROWS)


def test_the_legend_tells_the_power_that_was_fitted():
    figure = DRAW["powers"]()
    [legend] = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["lax.scan (power 1.00)", "Auto"]  # two points are fitted by any line


def test_the_fastest_has_its_mark_and_its_text():
    axes = DRAW["winners"]().axes[0]
    assert sorted(line.get_label() for line in axes.lines) == ["Newton", "lax.scan"]
    assert [text.get_text() for text in axes.texts] == ["", "2x", "3x"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: figures.intervals({}, xlabel=""), "dictionary label -> values"),
        (
            lambda: figures.intervals({"a": {"b": (1.0, -1.0, 2.0)}}, xlabel=""),
            "'b' needs.*above 0",
        ),
        (lambda: figures.powers({"a": ([1, 2], [[1.0, 1.0, 1.0]])}), "1 values for 2 places"),
        (lambda: figures.powers({"a": ([1], np.ones((1, 2)))}), r"'a' needs \(median, low, high\)"),
        (lambda: figures.winners([]), "expected a list with a point"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
