"""Measured times: how many times as fast, how they grow, and what is fastest where."""

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from . import style

LONG_LABEL = 26  # letters; two longer ones do not fit side by side


@style.use()
def intervals(
    rows: dict,
    *,
    xlabel: str,
    accent: str | None = None,
    title: str | None = None,
    limit: float = 1.0,
    limit_label: str = "",
):
    """A line for every problem, a dot and a bar from quartile to quartile for every contender.

    `rows`: problem -> {contender: (median, low, high)}, all above 0, on a logarithmic scale. A
    contender has one colour and marker in all rows, and need not be in each. `limit` draws a line
    across, `limit_label` at its foot.
    """
    style.labelled(rows)
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    colours = style.colours(names, accent)
    figure, axes = style.new(0.36 * len(rows) + 1.1)
    for index, name in enumerate(names):
        lift = 0.5 * (index - (len(names) - 1) / 2) / len(names)
        found = [(place, row[name]) for place, row in enumerate(rows.values()) if name in row]
        middle, low, high = _spreads(name, [spread for _, spread in found])
        y = np.array([place for place, _ in found]) + lift
        marker = {"marker": style.MARKERS[index % 6], "linestyle": "", "zorder": 3}
        axes.hlines(y, low, high, color=colours[name], linewidth=1.6, zorder=2)
        axes.plot(middle, y, color=colours[name], label=name, **marker)
    axes.axvline(limit, color=style.MUTED, linestyle=":", linewidth=1.2)
    axes.set(xscale="log", xlabel=xlabel, yticks=range(len(rows)), yticklabels=list(rows))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.annotate(
        limit_label, (limit, 1), xycoords=("data", "axes fraction"), xytext=(3, 2),
        textcoords="offset points", fontsize=style.NOTE, color=style.MUTED,
    )  # fmt: skip
    _plain(axes.xaxis)
    axes.tick_params(axis="y", length=0)
    style.headline(figure, title)
    style.legend_below(figure, axes)
    return figure


@style.use()
def powers(
    curves: dict,
    *,
    xlabel: str = "steps T",
    ylabel: str = "milliseconds",
    accent: str | None = None,
    title: str | None = None,
):
    """Times over a size, both logarithmic, each curve with the power of the size that fits it.

    `curves`: label -> (sizes (N,), (N, 3) of median and quartiles). With three sizes or more the
    label in the legend tells the power.
    """
    figure, axes = style.new(3.4)
    colours = style.colours(style.labelled(curves), accent)
    for index, (label, (sizes, spreads)) in enumerate(curves.items()):
        sizes = style.numbers(f"the sizes of {label!r}", sizes, 1)
        middle, low, high = _spreads(label, spreads)
        style.same_length(f"curves[{label!r}]", middle, sizes)
        power = np.polyfit(np.log(sizes), np.log(middle), 1)[0] if len(sizes) > 2 else None
        told = label if power is None else f"{label} (power {power:.2f})"
        axes.fill_between(sizes, low, high, color=colours[label], alpha=0.2, linewidth=0)
        axes.plot(sizes, middle, color=colours[label], marker=style.MARKERS[index % 6], label=told)
    axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    _plain(axes.xaxis)
    _plain(axes.yaxis)
    style.headline(figure, title)
    labels = axes.get_legend_handles_labels()[1]
    columns = 1 if max(map(len, labels)) > LONG_LABEL else 2
    figure.legend(loc="outside lower center", ncols=columns)
    return figure


@style.use()
def winners(
    points: list,
    *,
    xlabel: str = "steps T",
    ylabel: str = "state size d",
    accent: str | None = None,
    title: str | None = None,
):
    """What is fastest where: a mark for every size that was measured, in the winner's colour.

    `points`: (T, d, winner, text), `text` above the mark, such as how many times as fast. Both
    axes are logarithmic.
    """
    if not points:
        raise ValueError("expected a list with a point (T, d, winner, text), got an empty one")
    names = list(dict.fromkeys(winner for *_, winner, _ in points))
    colours = style.colours(names, accent)
    figure, axes = style.new(3.8)
    for index, name in enumerate(names):
        mine = [(T, d) for T, d, winner, _ in points if winner == name]
        marker = {"marker": style.MARKERS[index % 6], "markersize": 8, "linestyle": ""}
        axes.plot(*zip(*mine, strict=True), color=colours[name], label=name, **marker)
    for T, d, _, text in points:
        axes.annotate(
            text, (T, d), xytext=(0, 7), textcoords="offset points", ha="center",
            fontsize=style.NOTE - 2, color=style.MUTED,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    axes.margins(0.12)
    _plain(axes.xaxis)
    _plain(axes.yaxis)
    style.headline(figure, title)
    style.legend_below(figure, axes)
    return figure


def _spreads(name: str, values) -> np.ndarray:
    """Medians, lower and upper quartiles, `(3, N)`."""
    spreads = style.numbers(f"the spreads of {name!r}", values, 2)
    if spreads.shape[1] != 3 or not (spreads > 0).all():
        raise ValueError(f"{name!r} needs (median, low, high) above 0, got {spreads.tolist()}")
    return spreads.T


def _plain(axis):
    """Numbers as people write them, at powers of ten, or between where there are too few."""
    axis.set_major_formatter(lambda value, _: _number(value))
    axis.set_minor_formatter(NullFormatter())
    low, high = axis.get_view_interval()
    if high < 30 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def _number(value: float) -> str:
    """0.01, 20, 1k, 100k, 1M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return style.short(value)
