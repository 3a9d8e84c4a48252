"""Pictures of a GPU, and of what a program asks of one."""

import numpy as np
from matplotlib.patches import Rectangle

from . import style

SHOWN = 10  # kernels of a report; more cannot be read


@style.use()
def report(found, *, title: str | None = None):
    """A row per kernel of a `pr.gpu.report`: its launches, its bytes, its registers.

    The kernels with the most launches are shown, at most ten. Bars are logarithmic for launches
    and bytes. A kernel that spills registers to memory is drawn in the accent colour.
    """
    kernels = found.kernels[:SHOWN]
    if not kernels:
        raise ValueError("the report holds no kernel to draw")
    figure, axes = style.new(0.34 * len(kernels) + 1.2, columns=3, sharey=True)
    names = [_shortened(each.name) for each in kernels]
    colours = [style.ACCENT if each.spill_bytes else style.BLUE for each in kernels]
    for panel, (label, field) in zip(axes, _FIELDS.items(), strict=True):
        values = np.array([getattr(each, field) or 0 for each in kernels], float)
        panel.barh(range(len(kernels)), values, color=colours, height=0.62)
        if field != "registers" and values.max() > 0:
            # A bar as long as its number has digits: a single launch, too, has a bar.
            panel.set(xscale="log", xlim=(min(0.5, values[values > 0].min() / 2), None))
        panel.set_title(label)
        panel.grid(visible=False, axis="y")
        panel.spines["left"].set_visible(False)
        panel.tick_params(axis="y", length=0, labelsize=9)
        panel.tick_params(axis="x", labelsize=9)
    axes[0].set_yticks(range(len(kernels)), names)
    axes[0].invert_yaxis()
    style.headline(figure, title)
    return figure


_FIELDS = {"launches": "launches", "bytes": "bytes", "registers": "registers"}


def _shortened(name: str, length: int = 20) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


@style.use()
def memory_hierarchy(levels: dict, *, title: str | None = None, accent: str | None = None):
    """What a GPU keeps numbers in, the nearest first: narrow and fast above, wide and slow below.

    `levels` maps a label to `(bytes, bytes a second)`. A level's box is as wide as its size has
    digits; the arrow beside it is as thick as its rate has. `accent` names a level.
    """
    labels = list(style.labelled(levels))
    sizes = style.numbers("levels", list(levels.values()), 2)
    if accent is not None and accent not in labels:
        raise ValueError(f"accent={accent!r} is not among the levels {labels}")
    figure, axes = style.new(0.86 * len(labels) + 0.2)
    widths = 3.2 + 1.6 * _unit(np.log10(sizes[:, 0]))
    thick = 2 + 10 * _unit(np.log10(sizes[:, 1]))
    for row, (label, width) in enumerate(zip(labels, widths, strict=True)):
        lit = label == accent
        colour = style.ACCENT if lit else style.MUTED
        corner = (-width / 2, -row - 0.72)
        axes.add_patch(
            Rectangle(corner, width, 0.62, facecolor=style.PANEL, edgecolor=colour, linewidth=1.4)
        )
        size, rate = (_readable(value) for value in sizes[row])
        axes.text(0, -row - 0.31, label, ha="center", va="center", fontweight="bold")
        axes.text(0, -row - 0.55, size, ha="center", va="center", fontsize=style.NOTE)
        axes.plot([2.75, 3.45], [-row - 0.41] * 2, color=colour, linewidth=thick[row],
                  solid_capstyle="butt")  # fmt: skip
        axes.text(3.6, -row - 0.41, f"{rate}/s", va="center", fontsize=style.NOTE)
    axes.set(xlim=(-2.5, 5.1), ylim=(-len(labels) + 0.15, 0))
    axes.axis("off")
    style.headline(figure, title)
    return figure


def _unit(values: np.ndarray) -> np.ndarray:
    """Values moved and scaled to lie between 0 and 1."""
    spread = np.ptp(values)
    return (values - values.min()) / spread if spread else np.ones_like(values)


def _readable(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 999.5 or unit == "TB":
            return f"{count:.3g} {unit}"
        count /= 1000


@style.use()
def roofline(cards: dict, points: dict, *, title: str | None = None):
    """The most operations a second that a program can reach, over its operations per byte.

    `cards` maps a label to `(operations a second, bytes a second)` of a machine, the first is
    drawn strongest; `points` maps a program's label to its operations per byte of memory traffic.
    """
    style.labelled(points)
    intensity = style.numbers("points", list(points.values()), 1)
    peaks = style.numbers("cards", list(style.labelled(cards).values()), 2)
    ridge = (peaks[:, 0] / peaks[:, 1]).max()
    x = np.geomspace(min(intensity.min() / 3, 0.05), ridge * 8, 200)
    figure, axes = style.new(3.4)
    for index, (label, (peak, bandwidth)) in enumerate(zip(cards, peaks, strict=True)):
        colour = style.INK if index == 0 else style.COOL[index % len(style.COOL)]
        reach = np.minimum(peak, x * bandwidth)
        axes.plot(x, reach, color=colour, label=label, linewidth=2.4 if index == 0 else 1.4)
    peak, bandwidth = peaks[0]
    for index, (label, value) in enumerate(zip(points, intensity, strict=True)):
        height = min(peak, value * bandwidth)
        axes.plot(value, height, style.MARKERS[index % 6], color=style.ACCENT, markersize=8)
        right = value > ridge  # under the roof there is room to the left
        axes.annotate(label, (value, height), xytext=(-4 if right else 9, -7),
                      textcoords="offset points", va="top", ha="right" if right else "left",
                      fontsize=style.NOTE)  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="operations per byte", ylabel="operations a second")
    axes.legend(loc="lower right")
    style.headline(figure, title)
    return figure
