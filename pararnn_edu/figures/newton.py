"""Newton's method in one dimension, drawn."""

import numpy as np

from . import style


@style.use()
def tangents(
    x,
    y,
    iterates,
    values,
    *,
    title: str | None = None,
    xlabel: str = "h",
    ylabel: str = "F(h)",
):
    """Newton in one dimension: the curve, and the tangent that leads from each iterate to the next.

    `x`, `y` (N,) the curve; `iterates` (K + 1,) the points visited; `values` (K + 1,) the curve
    there.
    """
    x, y = style.numbers("x", x, 1), style.numbers("y", y, 1)
    points, heights = style.numbers("iterates", iterates, 1), style.numbers("values", values, 1)
    figure, axes = style.new(3.4)
    axes.axhline(0, color=style.MUTED, linewidth=0.9)
    axes.plot(x, y, color=style.BLUE, linewidth=2.2)
    for k in range(len(points) - 1):
        axes.plot(points[k : k + 2], [heights[k], 0], color=style.ACCENT, linewidth=1.4)
        axes.plot([points[k]] * 2, [0, heights[k]], color=style.MUTED, linewidth=1, linestyle=":")
    axes.plot(points, heights, "o", color=style.ACCENT, markersize=6, zorder=4)
    for k in _apart(points[:4], 0.05 * np.ptp(x)):
        axes.annotate(
            f"$h_{k}$",
            (points[k], 0),
            xytext=(0, -15 if heights[k] >= 0 else 6),
            textcoords="offset points",
            ha="center",
            fontsize=13,
        )
    axes.set(xlabel=xlabel, ylabel=ylabel)
    style.headline(figure, title)
    return figure


def _apart(points, gap):
    """Indices of the points whose labels would not cover an earlier one."""
    kept = []
    for k, point in enumerate(points):
        if all(abs(point - points[other]) > gap for other in kept):
            kept.append(k)
    return kept
