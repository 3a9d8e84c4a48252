"""Machines in pictures: a path and the counters that follow it, and stacks on a line."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Arc, Rectangle

from . import style


@style.use()
def connectivity_run(
    edges: Mapping[int, int],
    path: Sequence[int],
    word: str,
    counters: dict,
    *,
    title: str | None = None,
):
    """A graph with the path taken, and below it the counters of the machine that reads it.

    `edges` maps a vertex to its successor, all upwards; `path` lists the vertices visited;
    `word` is the machine's input, `counters` maps a label to its values (T,), the first drawn
    strong. Pale columns are the edges that lie on the path.
    """
    figure, (top, bottom) = style.new(3.9, rows=2, height_ratios=[1, 1.25])
    _arcs(top, edges, path)
    colours = style.colours(style.labelled(counters), next(iter(counters)))
    time = np.arange(1, len(word) + 1)
    for label, values in counters.items():
        values = style.numbers(f"counters[{label!r}]", values, 1)
        style.same_length(f"counters[{label!r}]", values, time)
        bottom.step(time, values, where="mid", label=label, color=colours[label])
    for begin, end in _edge_columns(word, edges, path):
        bottom.axvspan(begin, end, color=style.PANEL, zorder=0)
    bottom.set(xlim=(0.5, len(word) + 0.5), ylabel="counter", xlabel="token read")
    bottom.set_xticks(time, list(word), fontsize=min(9, 300 / len(word)))
    bottom.tick_params(axis="x", length=0)
    bottom.grid(visible=False, axis="x")
    bottom.yaxis.get_major_locator().set_params(integer=True)
    bottom.legend(ncols=len(counters), loc="upper right")
    low, high = bottom.get_ylim()
    bottom.set_ylim(low, high + 0.3 * (high - low))
    style.headline(figure, title)
    return figure


def _arcs(axes, edges, path):
    """Vertices on a line, edges as arcs over it, those on the path in the accent's colour."""
    last = max([*path, *edges, *edges.values()])
    for i, j in edges.items():
        on = i in path[:-1]
        axes.add_patch(
            Arc(
                ((i + j) / 2, 0),
                j - i,
                0.9 * (j - i) ** 0.7,
                theta2=180,
                color=style.ACCENT if on else style.IDLE,
                linewidth=2.2 if on else 1.3,
            )
        )
    for v in range(1, last + 1):
        on = v in path
        axes.plot(v, 0, "o", color=style.ACCENT if on else style.IDLE, markersize=9, zorder=3)
        axes.text(v, -0.34, f"{v}", ha="center", va="top", fontsize=style.NOTE)
    span = max((j - i for i, j in edges.items()), default=1)
    axes.set(xlim=(0.4, last + 0.6), ylim=(-0.95, 0.47 * span**0.7 + 0.25))
    axes.axis("off")


def _edge_columns(word, edges, path):
    """Where in the word the edges on the path stand, as (begin, end) on the axis."""
    place = word.index("|") + 1
    for i, j in sorted(edges.items()):
        if i in path[:-1]:
            yield place + 0.5, place + i + j + 2.5
        place += i + j + 2


@style.use()
def stack_line(depth: int = 3, *, title: str | None = None):
    """Stacks of two symbols as numbers in base 4: who lies where, and the gaps between them.

    Row n shows, for every stack of the n top symbols, the interval in which a stack that begins
    so must lie; the first row is the whole interval from 0 to 1.
    """
    if not 1 <= depth <= 4:
        raise ValueError(f"depth must be 1 to 4, got {depth}: deeper intervals are too thin to see")
    figure, axes = style.new(0.52 * depth + 1.2)
    prefixes = [("", 0.0)]
    for n in range(depth + 1):
        for prefix, left in prefixes:
            _interval(axes, prefix, left, 4.0**-n, -n)
        prefixes = [
            (prefix + f"{b}", left + (2 * b + 1) * 4.0 ** -(n + 1))
            for prefix, left in prefixes
            for b in (0, 1)
        ]
    axes.set(xlim=(-0.005, 1.005), ylim=(-depth - 0.45, 0.45), xlabel="the number")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "1/4", "1/2", "3/4", "1"])
    names = ["any stack", *(f"top {n}" if n > 1 else "top" for n in range(1, depth + 1))]
    axes.set_yticks(-np.arange(depth + 1), names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    style.headline(figure, title)
    return figure


def _interval(axes, prefix, left, width, row):
    lit = prefix[-1:] == "1"
    colour = style.PANEL if not prefix else style.ACCENT if lit else style.BLUE
    axes.add_patch(Rectangle((left, row - 0.3), width, 0.6, facecolor=colour, edgecolor="white"))
    if 0 < len(prefix) <= 2:
        axes.text(left + width / 2, row, prefix, ha="center", va="center", color="white")


@style.use()
def newton_counts(runs: Mapping, *, accent: str | None = None, title: str | None = None):
    """Newton steps over the length T, both logarithmic, under the line of one step per state.

    `runs` maps a label to `(lengths, steps)`, two sequences of equal length; lengths may differ
    from label to label.
    """
    figure, axes = style.new(3.5)
    colours = style.colours(style.labelled(dict(runs)), accent)
    longest = 1.0
    for index, (label, (lengths, steps)) in enumerate(runs.items()):
        lengths = style.numbers(f"lengths of {label!r}", lengths, 1)
        steps = style.numbers(f"steps of {label!r}", steps, 1)
        style.same_length(f"runs[{label!r}]", steps, lengths)
        marker = style.MARKERS[index % 6]
        front = 3 if colours[label] == style.ACCENT else 2
        axes.plot(lengths, steps, color=colours[label], marker=marker, label=label, zorder=front)
        longest = max(longest, lengths.max())
    axes.plot([10, longest], [10, longest], ":", color=style.MUTED, linewidth=1.4, zorder=1)
    axes.text(10, 14, "T", color=style.MUTED, ha="center")
    axes.set(xscale="log", yscale="log", xlabel="length T", ylabel="Newton steps", ylim=(0.8, None))
    style.headline(figure, title)
    style.legend_below(figure, axes)
    return figure
