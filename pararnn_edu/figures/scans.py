"""Scans in pictures: their wiring, their levels as stairs, their work and depth."""

import numpy as np

from . import style
from .trace import trace


@style.use()
def scan_diagram(
    schedule,
    size: int | None = None,
    *,
    accent_level: int | None = None,
    labels: bool = True,
    title: str | None = None,
):
    """Draw a schedule: one column per element, one row per level.

    `schedule` is a sequence of levels, each a sequence of (dst, src) pairs that run at once:
    `x[dst] = x[src] op x[dst]`. `accent_level` (from 1) lights one level, by default all of them;
    `labels` writes under each column which elements it has combined at the end.
    """
    scan = trace(schedule, size)
    row = 0.62
    figure, axes = style.new(max(1.6, row * 0.85 * scan.depth + 1.0))
    for column in range(scan.size):
        axes.plot([column] * 2, [0, -scan.depth], color=style.WIRE, linewidth=1.3, zorder=1)
        axes.text(column, 0.22, f"{column}", ha="center", va="bottom", fontsize=style.NOTE)
        if labels:
            axes.text(
                column,
                -scan.depth - 0.22,
                _label(scan.spans[-1][column]),
                ha="center",
                va="top",
                fontsize=9.5 if scan.size <= 10 else 8.5,
                rotation=90 if scan.size > 10 else 0,
            )
    axes.text(-0.75, 0.22, "level", ha="right", va="bottom", fontsize=style.NOTE, color=style.MUTED)
    for number, level in enumerate(scan.levels, 1):
        _level(axes, level, number, lit=accent_level in (None, number))
    below = (1.3 if scan.size > 10 else 0.7) if labels else 0.2
    axes.set(xlim=(-0.14 * scan.size - 0.3, scan.size - 0.4), ylim=(-scan.depth - below, 0.7))
    axes.axis("off")
    style.headline(figure, title)
    return figure


def _level(axes, level, number, *, lit):
    colour = style.ACCENT if lit else style.IDLE
    axes.text(
        -0.75,
        -number + 0.5,
        f"{number}",
        ha="right",
        va="center",
        fontsize=style.NOTE,
        color=style.INK if lit else style.MUTED,
    )
    for dst, src in level:
        axes.plot(
            [src, dst], [-number + 0.82, -number + 0.18], color=colour, linewidth=1.5, zorder=2
        )
        axes.plot(dst, -number + 0.18, "o", color=colour, markersize=6, zorder=3)
        axes.plot(src, -number + 0.82, "o", color=colour, markersize=2.5, zorder=3)


def _label(span):
    first, last = span
    return f"{first}" if first == last else f"{first}..{last}"


@style.use()
def staircase(profiles: dict, *, title: str | None = None, accent: str | None = None):
    """Operations at each level of a scan: the width of a stair is its depth, the area its work.

    `profiles` maps a label to the operations per level (depth,), which
    `[len(level) for level in schedule]` gives.
    """
    profiles = {
        k: style.numbers(f"profiles[{k!r}]", v, 1) for k, v in style.labelled(profiles).items()
    }
    figure, axes = style.new(
        1.15 * len(profiles) + 0.9, rows=len(profiles), sharex=True, sharey=True, squeeze=False
    )
    lit = style.colours(profiles, accent)
    for panel, (label, operations) in zip(axes[:, 0], profiles.items(), strict=True):
        levels = np.arange(1, len(operations) + 1)
        colour = style.ACCENT if lit[label] == style.ACCENT else style.BLUE
        edges = 0.6 if len(levels) <= 32 else 0  # between thin bars nothing else would be seen
        panel.bar(levels, operations, 1.0, color=colour, edgecolor="white", linewidth=edges)
        panel.set_title(f"{label}: depth {len(operations)}, work {operations.sum():.0f}")
        panel.grid(visible=False)
    panel.set_xlabel("level (all its operations run at once)")
    panel.set_xlim(left=0.3)
    panel.xaxis.get_major_locator().set_params(integer=True)
    figure.supylabel("operations", fontsize=12)
    style.headline(figure, title)
    return figure


@style.use()
def work_depth(
    sizes,
    work: dict,
    depth: dict,
    *,
    work_formula: dict | None = None,
    depth_formula: dict | None = None,
    accent: str | None = None,
    title: str | None = None,
):
    """Counted work and depth over the number of elements: markers counted, lines the formulas.

    `sizes` (N,); each dictionary maps a label to (N,). A label without a formula gets a plain line.
    """
    sizes = style.numbers("sizes", sizes, 1)
    figure, axes = style.new(3.6, columns=2)
    colours = style.colours(style.labelled(work), accent)
    _counts(axes[0], sizes, work, work_formula or {}, colours, "work (operations)")
    _counts(axes[1], sizes, depth, depth_formula or {}, colours, "depth (levels)")
    style.legend_below(figure, axes[0])
    style.headline(figure, title)
    return figure


def _counts(axes, sizes, counted, formulas, colours, title):
    for index, (label, values) in enumerate(counted.items()):
        values = style.numbers(f"counts of {label!r}", values, 1)
        style.same_length(f"counts of {label!r}", values, sizes)
        axes.plot(
            sizes,
            values,
            style.MARKERS[index % 6],
            color=colours[label],
            label=label,
            linestyle="none" if label in formulas else "-",
            linewidth=1.2,
        )
        if label in formulas:
            axes.plot(sizes, formulas[label], color=colours[label], linewidth=1.2)
    axes.set(xscale="log", yscale="log", xlabel="elements")
    axes.set_xscale("log", base=2)
    axes.set_title(title)
