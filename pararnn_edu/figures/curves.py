"""Plots of numbers against numbers: residuals, sweeps, launches."""

import numpy as np

from . import style


@style.use()
def convergence(
    curves: dict,
    *,
    tol: float | None = None,
    accent: str | None = None,
    title: str | None = None,
    xlabel: str = "iteration",
    ylabel: str = "residual",
    floor: float = 1e-17,
):
    """Residual after each iteration, on a logarithmic scale.

    `curves` maps a label to a residual history (steps + 1,), or to any object with a `.residual`
    such as `sol.history`; entry 0 is the guess. `tol` draws the tolerance. Zeros are drawn at
    `floor`; values that are not finite end the curve with a cross.
    """
    figure, axes = style.new()
    colours = style.colours(style.labelled(curves), accent)
    for index, (label, curve) in enumerate(curves.items()):
        values = style.numbers(f"curves[{label!r}]", getattr(curve, "residual", curve), 1)
        _residuals(axes, values, floor, label, colours[label], style.MARKERS[index % 6])
    if tol is not None:
        level_line(axes, tol, f"tolerance {style.short(tol)}")
    axes.set(yscale="log", xlabel=xlabel, ylabel=ylabel)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, high / 1e3), high)  # a flat curve should look flat
    axes.xaxis.get_major_locator().set_params(integer=True)
    return _finish(figure, axes, title, legend=len(curves) > 1)


def level_line(axes, height, text):
    """A dotted line across the axes with a note at its right end."""
    axes.axhline(height, color=style.MUTED, linestyle=":", linewidth=1.2)
    axes.annotate(
        text,
        (1, height),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=style.NOTE,
        color=style.MUTED,
    )


def _residuals(axes, values, floor, label, colour, marker):
    finite = np.isfinite(values)
    shown = np.where(finite, np.maximum(values, floor), np.nan)
    every = max(1, len(values) // 25)
    axes.plot(
        shown,
        color=colour,
        marker=marker,
        markevery=every,
        label=label,
        zorder=3 if colour == style.ACCENT else 2,
    )
    if not finite.all() and finite.any():
        last = np.flatnonzero(finite)[-1]
        axes.plot(last, shown[last], "x", color=colour, markersize=10, markeredgewidth=2.5)


@style.use()
def sweep(
    x,
    curves: dict,
    *,
    xlabel: str,
    ylabel: str,
    accent: str | None = None,
    title: str | None = None,
    limit: float | None = None,
    limit_label: str = "",
    logx: bool = False,
    logy: bool = False,
):
    """One line per label over a swept quantity, such as iterations over the contraction factor.

    `x` (N,); `curves` maps a label to (N,). NaN leaves a gap: "did not converge". `limit` draws
    a dotted line with `limit_label` on it, for instance "T steps: no better than one by one".
    """
    x = style.numbers("x", x, 1)
    figure, axes = style.new()
    colours = style.colours(style.labelled(curves), accent)
    for index, (label, curve) in enumerate(curves.items()):
        values = style.numbers(f"curves[{label!r}]", curve, 1)
        style.same_length(f"curves[{label!r}]", values, x)
        axes.plot(x, values, color=colours[label], marker=style.MARKERS[index % 6], label=label)
    if limit is not None:
        level_line(axes, limit, limit_label)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set(xscale="log" if logx else "linear", yscale="log" if logy else "linear")
    if not logy:
        axes.set_ylim(bottom=0)
    return _finish(figure, axes, title, legend=len(curves) > 1)


@style.use()
def launches(
    counts: dict,
    *,
    title: str | None = None,
    xlabel: str = "kernel launches",
    accent: str | None = None,
    log: bool = False,
):
    """A bar per label with its number beside it; `accent` names the bar the caption is about."""
    labels = list(style.labelled(counts))
    values = style.numbers("counts", list(counts.values()), 1)
    figure, axes = style.new(0.42 * len(labels) + 1.1)
    colours = [style.ACCENT if label == (accent or labels[-1]) else style.BLUE for label in labels]
    bars = axes.barh(labels, values, color=colours, height=0.62)
    axes.bar_label(bars, [f"{value:,.0f}" for value in values], padding=4, fontsize=style.NOTE)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(xlabel=xlabel, xscale="log" if log else "linear")
    axes.margins(x=0.14)
    if log:
        axes.set_xlim(left=min(1.0, values.min()))  # a bar as long as its count has digits
    return _finish(figure, axes, title, legend=False)


def _finish(figure, axes, title, *, legend):
    style.headline(figure, title)
    if legend:
        axes.legend()
    return figure
