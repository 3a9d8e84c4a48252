"""Plots of states: over time, in the plane, and how they settle."""

import numpy as np

from . import style
from .data import count_of


@style.use()
def trajectory(
    states: dict,
    *,
    time=None,
    title: str | None = None,
    xlabel: str = "time t",
    ylabel: str = "state",
):
    """States over time. `states` maps a label to (T,); the first is the oracle, drawn as a band."""
    figure, axes = style.new(3.2)
    _lines(axes, states, time)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.margins(x=0.01)
    style.legend_below(figure, axes)
    style.headline(figure, title)
    return figure


def _lines(axes, states, time):
    oracle, *others = style.labelled(states)
    for label, values in states.items():
        values = style.numbers(f"states[{label!r}]", values, 1)
        x = np.arange(1, len(values) + 1) if time is None else style.numbers("time", time, 1)
        style.same_length(f"states[{label!r}]", values, x)
        if label == oracle:
            axes.plot(x, values, color=style.BAND, linewidth=6, solid_capstyle="round", label=label)
        else:
            colour = style.colours(others)[label]
            axes.plot(x, values, color=colour, linewidth=1.5, label=label)


@style.use()
def phase(
    paths: dict,
    *,
    title: str | None = None,
    xlabel: str = "first state",
    ylabel: str = "second state",
):
    """Paths in the plane. `paths` maps a label to (T, 2); the first is the oracle, as a band."""
    figure, axes = style.new(4.2)
    oracle, *others = style.labelled(paths)
    for label, path in paths.items():
        path = style.numbers(f"paths[{label!r}]", path, 2)
        if path.shape[1] != 2:
            raise ValueError(f"paths[{label!r}] must have shape (T, 2), got {path.shape}")
        first = label == oracle
        axes.plot(
            *path.T,
            color=style.BAND if first else style.colours(others)[label],
            linewidth=6 if first else 1.5,
            label=label,
        )
        axes.plot(*path[0], "o", color=style.INK, markersize=6, zorder=4)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_aspect("equal", adjustable="datalim")
    style.legend_below(figure, axes)
    style.headline(figure, title)
    return figure


@style.use()
def iterates(
    states,
    oracle,
    *,
    show=(0, 1, 2, 4),
    title: str | None = None,
    xlabel: str = "time t",
    ylabel: str = "state",
):
    """How a whole trajectory settles: one small panel per iteration in `show`.

    `states` (iterations + 1, T) is one unit of `sol.history.states`; `oracle` (T,) the same unit of
    the sequential run, drawn as a band.
    """
    states, oracle = style.numbers("states", states, 2), style.numbers("oracle", oracle, 1)
    if states.shape[1:] != oracle.shape or max(show) >= len(states):
        raise ValueError(
            f"states has shape {states.shape}, oracle {oracle.shape}; the lengths must agree and "
            f"every iteration in show={tuple(show)} must be below {len(states)}"
        )
    figure, axes = style.new(
        0.6 + 1.2 * len(show), rows=len(show), sharex=True, sharey=True, squeeze=False
    )
    time = np.arange(1, len(oracle) + 1)
    for panel, k in zip(axes[:, 0], show, strict=True):
        panel.plot(time, oracle, color=style.BAND, linewidth=5)
        panel.plot(time, states[k], color=style.ACCENT, linewidth=1.5)
        _name_panel(panel, k)
    panel.set_xlabel(xlabel)
    span = np.ptp(oracle) or 1.0
    panel.set_ylim(oracle.min() - 0.6 * span, oracle.max() + 0.6 * span)
    figure.supylabel(ylabel, fontsize=12)
    style.headline(figure, title)
    return figure


def _name_panel(panel, iteration):
    text = f"after {count_of(iteration, 'iteration')}" if iteration else "first guess"
    panel.set_title(text)
    panel.margins(x=0.01)


@style.use()
def shooting(
    pieces,
    oracle,
    *,
    title: str | None = None,
    xlabel: str = "time t",
    ylabel: str = "state",
):
    """Multiple shooting: the pieces after each iteration, the gaps between them closing.

    `pieces` (iterations, segments, length): each segment run from its own starting state;
    `oracle` (segments * length,) the sequential run, drawn as a band.
    """
    pieces, oracle = style.numbers("pieces", pieces, 3), style.numbers("oracle", oracle, 1)
    count, segments, length = pieces.shape
    if segments * length != len(oracle):
        raise ValueError(
            f"pieces {pieces.shape} cover {segments * length} times, the oracle has {len(oracle)}"
        )
    figure, axes = style.new(0.6 + 1.2 * count, rows=count, sharex=True, sharey=True, squeeze=False)
    time = np.arange(1, len(oracle) + 1).reshape(segments, length)
    for k, panel in enumerate(axes[:, 0]):
        panel.plot(time.ravel(), oracle, color=style.BAND, linewidth=5)
        for x, piece in zip(time, pieces[k], strict=True):
            panel.plot(x, piece, color=style.ACCENT, linewidth=1.6)
            panel.plot(x[0], piece[0], "o", color=style.ACCENT, markersize=4)
        _name_panel(panel, k)
    panel.set_xlabel(xlabel)
    figure.supylabel(ylabel, fontsize=12)
    style.headline(figure, title)
    return figure
