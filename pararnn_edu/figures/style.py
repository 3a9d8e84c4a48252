"""One look for every picture: quiet ink and blues for data, one accent for what the caption says.

Pictures are opaque white cards, because a transparent one would put dark text on the dark page of
JupyterLab or Colab. They are made without pyplot, so nothing global changes and no cell shows
a figure twice.
"""

import base64
import contextlib
import io
import textwrap

import matplotlib.style
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

INK = "#1f2d3d"  # text, and the sequential baseline
MUTED = "#66727f"  # axes and notes
FAINT = "#dde3e9"  # grids and frames
IDLE = "#9aa7b4"  # what a drawing shows but does not speak of
WIRE = "#c3ccd5"
PANEL = "#eef2f6"
ACCENT = "#d55e00"  # the one thing to look at
BLUE = "#0072b2"
# Apart for common colour blindness (after Okabe and Ito, jfly.uni-koeln.de/color), and each curve
# has a marker of its own as well.
COOL = (BLUE, "#56b4e9", "#009e73", "#aa4499", INK, "#8d99a6")
MARKERS = ("o", "s", "^", "D", "v", "P")
BAND = "#b9c4cf"  # the oracle, drawn wide behind the curves that should lie on it
RAMP = ("#f3f6f9", "#c9dcec", "#86b5d9", "#3b84bd", "#0d558f", "#06294d")  # small to large error
OVERFLOW = "#e3a78f"  # not a number, or infinite

WIDTH = 5.4  # inches; shown 540 pixels wide, or as wide as a phone's screen, half of that
SCREEN_DPI, FILE_DPI = 100, 200
TITLE, NOTE = 12.5, 11  # sizes of type; everything else is 12

RC = {
    "figure.dpi": SCREEN_DPI,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "mathtext.fontset": "cm",
    "font.size": 12,
    "axes.titlesize": NOTE,
    "axes.titlelocation": "left",
    "axes.titlepad": 5,
    "axes.labelsize": 12,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": NOTE,
    "ytick.labelsize": NOTE,
    "legend.frameon": False,
    "legend.fontsize": NOTE,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
}


@contextlib.contextmanager
def use():
    """The house style, whatever the reader's own matplotlib settings are, and those back after."""
    with matplotlib.style.context(["default", RC]):
        yield


class Plot(Figure):
    """A matplotlib figure that draws itself in the house style and shows itself in a notebook."""

    def draw(self, renderer):
        with use():
            super().draw(renderer)

    def png(self) -> bytes:
        """A PNG for sharp screens, 256 colours, the same bytes for the same figure."""
        raw, small = io.BytesIO(), io.BytesIO()
        self.savefig(raw, format="png", dpi=FILE_DPI, metadata={"Software": None})
        image = Image.open(raw).convert("RGB").quantize(256, dither=Image.Dither.NONE)
        image.save(small, format="PNG", optimize=True)
        return small.getvalue()

    def _ipython_display_(self):
        # Comes before IPython's own printer for figures, which would drop the width.
        from IPython.display import display

        picture = base64.b64encode(self.png()).decode()
        width = round(self.get_figwidth() * SCREEN_DPI)
        display(
            {"image/png": picture, "text/plain": repr(self)},
            metadata={"image/png": {"width": width}},
            raw=True,
        )


def new(height: float = 3.2, *, columns: int = 1, rows: int = 1, width: float = WIDTH, **options):
    """`(figure, axes)` as from `plt.subplots`; sizes in inches. Draw on them inside `use()`."""
    with use():
        figure = Plot(figsize=(width, height), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.07, h_pad=0.07)
        axes = figure.subplots(rows, columns, **options)
    return figure, axes


def ramp():
    """The colour map of error pictures: pale is exact, dark is far off, tan is not finite."""
    return LinearSegmentedColormap.from_list("error", RAMP).with_extremes(bad=OVERFLOW)


def colours(labels, accent=None) -> dict:
    """Label -> colour: the accent for the curve named `accent` (default: the last), cool others."""
    labels = list(labels)
    if accent is None:
        accent = labels[-1]
    if accent not in labels:
        raise ValueError(f"accent={accent!r} is not among the labels {labels}")
    others = [label for label in labels if label != accent]
    if len(others) > len(COOL):
        raise ValueError(f"at most {len(COOL) + 1} curves can be told apart, got {len(labels)}")
    return {accent: ACCENT, **dict(zip(others, COOL, strict=False))}


def headline(figure, title: str | None):
    """The finding, over the whole picture, on as many lines as it needs."""
    if title:
        lines = textwrap.wrap(title, 50)
        figure.set_figheight(figure.get_figheight() + 0.24 * len(lines))
        figure.suptitle("\n".join(lines), fontsize=TITLE, fontweight="bold", x=0.014, ha="left")


def legend_below(figure, axes):
    """A legend under the whole picture, in as many columns as its labels leave room for."""
    handles, labels = axes.get_legend_handles_labels()
    columns = 3 if sum(map(len, labels)) < 40 else 2
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), columns))


def short(value: float) -> str:
    """As people write it: 0.5, 12, 1e-6 (not 1e-06)."""
    plain = value == 0 or abs(value) >= 1e-3
    text = f"{value:.4g}" if plain else f"{value:.1e}"
    return text.replace(".0e", "e").replace("e-0", "e-").replace("e+0", "e+")


def numbers(name: str, values, dimensions: int) -> np.ndarray:
    """`values` as a float array with that many axes, or an error that names what came."""
    array = np.asarray(values, dtype=float)
    if array.ndim != dimensions or 0 in array.shape:
        raise ValueError(
            f"{name} must be a non-empty array with {dimensions} axes, got shape {array.shape}"
        )
    return array


def labelled(curves: dict) -> dict:
    """`curves` if it is a dictionary with an entry, or an error that names what came."""
    if not isinstance(curves, dict) or not curves:
        raise ValueError(f"expected a dictionary label -> values with an entry, got {curves!r}")
    return curves


def same_length(name: str, values: np.ndarray, x: np.ndarray):
    if values.shape != x.shape:
        raise ValueError(f"{name} has {len(values)} values for {len(x)} places on the x axis")
