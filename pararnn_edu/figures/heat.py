"""The picture of the book: the error of every state after every iteration."""

import numpy as np

from . import style
from .data import iterations_needed, pool


@style.use()
def heatmap(
    errors,
    *,
    tol: float | None = None,
    floor: float = 1e-12,
    prefix: int | None = 0,
    title: str | None = None,
    xlabel: str = "time t",
    ylabel: str = "iteration",
    label: str = "error",
):
    """The error of every state after every iteration, as a picture.

    `errors` (iterations + 1, T): row 0 is the guess. Pale is at most `floor`, dark is 1 or more,
    tan is not finite. The stair is what theory promises: to its left, k + `prefix` exact states
    after k iterations (`prefix=1` if the guess has the first state right, as the solvers' own guess
    has; None: no stair). `tol` marks the row from which all errors are below it.
    """
    errors = style.numbers("errors", errors, 2)
    if not 0 < floor < 1:
        raise ValueError(f"floor must lie between 0 and 1, got {floor}")
    figure, axes = style.new(3.6)
    rows, steps = errors.shape
    shades = np.log10(np.clip(pool(errors, 600), floor, 1))
    picture = axes.imshow(
        shades,
        cmap=style.ramp(),
        vmin=np.log10(floor),
        vmax=0,
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, steps + 0.5, rows - 0.5, -0.5),
    )
    if prefix is not None:
        _prefix_line(axes, rows, steps, prefix)
    if tol is not None:
        _converged_line(axes, errors, tol)
    axes.grid(visible=False)
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(0.5, steps + 0.5), ylim=(rows - 0.5, -0.5))
    axes.yaxis.get_major_locator().set_params(integer=True)
    _colour_bar(figure, picture, floor, label)
    style.headline(figure, title)
    return figure


def _prefix_line(axes, rows, steps, prefix):
    """The stair to the left of which the states are exact: row k, times 1 to k + prefix."""
    k = np.arange(rows)
    right = np.minimum(k + prefix, steps) + 0.5
    axes.plot(
        np.repeat(right, 2),
        np.repeat(k, 2) + np.tile([-0.5, 0.5], rows),
        color=style.ACCENT,
        linewidth=1.6,
    )


def _converged_line(axes, errors, tol):
    needed = iterations_needed(errors, tol)
    if needed is None:
        return
    axes.axhline(needed - 0.5, color=style.ACCENT, linewidth=1.6, linestyle=(0, (5, 2)))
    above = needed > errors.shape[0] / 2
    axes.annotate(
        f"below {style.short(tol)} from iteration {needed}",
        (1, needed - 0.5),
        xycoords=("axes fraction", "data"),
        xytext=(-5, 4 if above else -5),
        textcoords="offset points",
        ha="right",
        va="bottom" if above else "top",
        fontsize=style.NOTE,
        color=style.INK,
        bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5},
    )


def _colour_bar(figure, picture, floor, label):
    bar = figure.colorbar(picture, ax=figure.axes[0], pad=0.02, fraction=0.06)
    middle = 10.0 ** round(np.log10(floor) / 2)
    ticks = {floor: f"≤ {style.short(floor)}", middle: style.short(middle), 1: "≥ 1"}
    bar.set_ticks(np.log10(list(ticks)), labels=list(ticks.values()))
    bar.ax.set_title(label, pad=10)
    bar.outline.set_visible(False)
