import io
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from pararnn_edu import figures
from pararnn_edu.figures import style
from tests.unit.figures.samples import SCHEDULES, jacobi_errors

TIME = np.arange(12.0)
WAVE = np.sin(TIME)

DRAW = {
    "convergence": lambda: figures.convergence(
        {"Jacobi": 0.5**TIME, "Newton": 10.0 ** -(2 ** TIME[:5])}, tol=1e-6, title="Newton wins"
    ),
    "sweep": lambda: figures.sweep(
        TIME, {"Picard": np.where(TIME < 6, TIME, np.nan)}, xlabel="gain", ylabel="steps", limit=9
    ),
    "launches": lambda: figures.launches({"scan": 1003, "Newton": 42}, accent="scan"),
    "heatmap": lambda: figures.heatmap(jacobi_errors(0.5), tol=1e-2),
    "trajectory": lambda: figures.trajectory({"sequential": WAVE, "Newton": WAVE + 0.1}),
    "phase": lambda: figures.phase({"oracle": np.c_[WAVE, TIME], "Newton": np.c_[WAVE, TIME]}),
    "iterates": lambda: figures.iterates(np.outer([0, 1, 1], WAVE), WAVE, show=(0, 1)),
    "shooting": lambda: figures.shooting(np.zeros((2, 3, 4)), WAVE),
    "tangents": lambda: figures.tangents(TIME, TIME**2 - 4, [6.0, 3.3, 2.3], [32.0, 7.1, 1.1]),
    "recurrence_graph": lambda: figures.recurrence_graph(4, accent="inputs"),
    "bidiagonal": lambda: figures.bidiagonal(4, structure="block"),
    "matrix": lambda: figures.matrix(np.eye(6), block=2),
    "scan_diagram": lambda: figures.scan_diagram(SCHEDULES["Blelloch"], accent_level=2),
    "staircase": lambda: figures.staircase({k: [len(v) for v in s] for k, s in SCHEDULES.items()}),
    "work_depth": lambda: figures.work_depth(
        [2, 4, 8], {"scan": [1, 4, 11]}, {"scan": [1, 3, 5]}, work_formula={"scan": [1, 4, 11]}
    ),
}


@pytest.fixture(params=DRAW)
def draw(request):
    return DRAW[request.param]


def test_every_figure_is_drawn_by_some_test():
    """Here, or in a file beside this one for the figures of one chapter."""
    files = Path(__file__).parent.glob("test_*.py")
    calls = set(re.findall(r"\b(\w+)\(", "\n".join(file.read_text() for file in files)))
    assert set(figures.__all__) - calls == {"new", "use"}  # helpers, used by all of these


def test_same_input_same_bytes_and_small(draw):
    png = draw().png()
    assert png == draw().png()
    assert len(png) < 60_000
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    assert image.width == style.WIDTH * style.FILE_DPI
    assert not image.info.get("Software")


def test_the_readers_settings_neither_matter_nor_change(draw):
    usual = draw().png()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "text.color": "red"}):
        before = dict(matplotlib.rcParams)
        assert draw().png() == usual
        assert dict(matplotlib.rcParams) == before


def test_a_figure_shows_itself_once_at_its_width(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *data, **more: shown.append((data, more)))
    figures.recurrence_graph()._ipython_display_()
    [((data,), more)] = shown
    assert set(data[0] if isinstance(data, tuple) else data) == {"image/png", "text/plain"}
    assert more["metadata"] == {"image/png": {"width": 540}}


def test_one_step_and_one_element():
    assert figures.heatmap(np.ones((1, 1))).png()
    assert figures.trajectory({"oracle": [1.0]}).png()
    assert figures.convergence({"none": [0.0]}).png()
    assert figures.scan_diagram((), 1).png()


def test_values_that_are_not_finite_are_drawn():
    errors = jacobi_errors(2.0)
    errors[3:, 10:] = np.inf
    errors[5:, 10:] = np.nan
    assert figures.heatmap(errors, tol=1e-6).png()
    assert figures.convergence({"diverges": [1.0, 1e5, np.inf, np.nan]}).png()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: figures.convergence([1.0, 2.0]), "dictionary label -> values"),
        (lambda: figures.convergence({"a": [[1.0]]}), r"curves\['a'\].*shape \(1, 1\)"),
        (lambda: figures.convergence({"a": [1.0]}, accent="b"), "'b' is not among"),
        (lambda: figures.convergence({str(i): [1.0] for i in range(9)}), "at most 7 curves"),
        (lambda: figures.heatmap(np.ones(3)), r"errors.*2 axes.*\(3,\)"),
        (lambda: figures.heatmap(np.ones((2, 2)), floor=0), "floor must lie between"),
        (lambda: figures.sweep([1, 2], {"a": [1]}, xlabel="", ylabel=""), "1 values for 2 places"),
        (lambda: figures.phase({"a": np.ones((3, 3))}), r"\(T, 2\), got \(3, 3\)"),
        (lambda: figures.iterates(np.ones((2, 3)), np.ones(3)), r"show=\(0, 1, 2, 4\).*below 2"),
        (lambda: figures.shooting(np.ones((1, 2, 3)), np.ones(5)), "cover 6 times"),
        (lambda: figures.recurrence_graph(accent="all"), "'chain', 'inputs' or None"),
        (lambda: figures.bidiagonal(structure="sparse"), "structure must be one of"),
        (lambda: figures.matrix(np.ones((4, 4)), block=3), "does not divide"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("value", "text"), [(1e-6, "1e-6"), (0.5, "0.5"), (12.0, "12"), (1e-4, "1e-4"), (0.0, "0")]
)
def test_numbers_as_people_write_them(value, text):
    assert style.short(value) == text
