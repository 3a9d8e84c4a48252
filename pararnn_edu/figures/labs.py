"""Live labs: ipywidgets that compute again at every move, and without a kernel say what they need.

A lab draws into image widgets rather than captured output: that works in ipywidgets 7 and 8 alike,
and a test can move a control and look at the picture without a browser.
"""

import base64
import html
import importlib
import sys
from collections.abc import Callable
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import pararnn_edu as pr

from ..scans import schedules
from .curves import convergence
from .data import count_of, outcome
from .heat import heatmap
from .scans import scan_diagram

SIZE = 4  # units in the newton lab
STEPS = 40  # iterations it allows
METHODS = {
    "Newton": pr.Newton(),
    "quasi-Newton": pr.QuasiNewton(),
    "Picard": pr.Picard(),
    "Jacobi": pr.Jacobi(),
}
SCHEDULES = {
    "Hillis-Steele": schedules.hillis_steele,
    "Blelloch": schedules.blelloch,
    "chunks of 4": partial(schedules.chunked, chunk=4),
    "sequential": schedules.sequential,
}


class Lab:
    """Controls, a line of text and pictures that follow them.

    `controls` maps names to widgets; `draw` takes their values under those names and returns a
    sentence and a list of plots, `pictures` of them.
    """

    def __init__(self, controls: dict, draw: Callable, pictures: int = 1):
        widgets = _widgets()
        self.controls, self._draw = controls, draw
        self.text = widgets.HTML()
        layout = widgets.Layout(width="540px", max_width="100%")
        self.pictures = [widgets.Image(format="png", layout=layout) for _ in range(pictures)]
        self.widget = widgets.VBox([*controls.values(), self.text, *self.pictures])
        for control in controls.values():
            control.observe(lambda change: self.update(), names="value")
        self.update()

    def update(self):
        """Compute and draw with the controls as they stand."""
        values = {name: control.value for name, control in self.controls.items()}
        self.sentence, plots = self._draw(**values)
        self.text.value = html.escape(self.sentence)
        for picture, plot in zip(self.pictures, plots, strict=True):
            picture.value = plot.png()

    def _ipython_display_(self):
        from IPython.display import display

        display(self.bundle(), raw=True)

    def bundle(self) -> dict:
        """The live view, and for a page without a kernel what the lab shows at the moment."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        data = {
            "text/plain": f"Live lab: {self.sentence}",
            "application/vnd.jupyter.widget-view+json": view,
        }
        if "google.colab" not in sys.modules:  # there a kernel is always at hand
            data["text/html"] = self._still()
        return data

    def _still(self):
        pictures = "".join(
            f'<img alt="{html.escape(self.sentence)}" style="max-width:100%" width="540" '
            f'src="data:image/png;base64,{base64.b64encode(picture.value).decode()}">'
            for picture in self.pictures
        )
        return (
            f"<p><em>A live lab: run this notebook to move its controls.</em> "
            f"{html.escape(self.sentence)}</p>{pictures}"
        )


def newton_lab() -> Lab:
    """Solve h = tanh(gain W h + x) live: choose the gain, the length and the method."""
    widgets = _widgets()
    controls = {
        "gain": widgets.FloatSlider(
            1.2, min=0.1, max=3.0, step=0.1, description="gain", continuous_update=False
        ),
        "length": widgets.IntSlider(
            96, min=16, max=256, step=16, description="T", continuous_update=False
        ),
        "method": widgets.Dropdown(options=list(METHODS), value="Newton", description="method"),
    }
    return Lab(controls, _solve_and_draw, pictures=2)


def scan_lab() -> Lab:
    """Count and draw a scan: choose the number of elements and the algorithm."""
    widgets = _widgets()
    controls = {
        "elements": widgets.IntSlider(
            8, min=2, max=16, description="elements", continuous_update=False
        ),
        "algorithm": widgets.Dropdown(
            options=list(SCHEDULES), value="Hillis-Steele", description="scan"
        ),
    }
    return Lab(controls, _count_and_draw)


def _solve_and_draw(gain, length, method):
    step, xs = _problem(gain, length)
    h0 = np.zeros(SIZE, xs.dtype)
    solution = pr.solve(
        step, xs, h0, METHODS[method], max_steps=STEPS, on_failure="return", record=True
    )
    iterates = np.asarray(solution.history.states)
    with np.errstate(all="ignore"):  # a diverging run may overflow
        errors = np.abs(iterates - np.asarray(pr.unroll(step, xs, h0))).max(axis=-1)
    tol, floor = (1e-6, 1e-12) if xs.dtype == np.float64 else (1e-4, 1e-6)
    return f"{method}, gain {gain:.1f}, T = {length}: {outcome(errors, tol)}", [
        heatmap(errors, tol=tol, floor=floor, prefix=1),
        convergence({method: solution.history}),
    ]


def _problem(gain, length):
    """A random network of fixed weights, its strength set by `gain`, and inputs (length, SIZE)."""
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0]
    xs = jnp.asarray(0.7 * rng.normal(size=(length, SIZE)))
    return _Network(jnp.asarray(gain * rotation)), xs


class _Network(eqx.Module):
    """A module, so that its weights are an argument: a new gain needs no new compilation."""

    weights: jax.Array

    def __call__(self, h, x):
        return jnp.tanh(self.weights @ h + x)


def _count_and_draw(elements, algorithm):
    levels = SCHEDULES[algorithm](elements)
    work = sum(len(level) for level in levels)
    sentence = (
        f"{algorithm}, {elements} elements: {count_of(work, 'operation')} in "
        f"{count_of(len(levels), 'level')}; one after the other it is "
        f"{count_of(elements - 1, 'operation')} in as many levels."
    )
    return sentence, [scan_diagram(levels, elements)]


def _widgets():
    try:
        return importlib.import_module("ipywidgets")
    except ImportError as missing:
        raise ImportError(
            "the live labs need ipywidgets: pip install 'pararnn-edu[widgets]'"
        ) from missing
