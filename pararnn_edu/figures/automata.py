"""Automata, the matrices of linear RNNs, and how far what they learned reaches."""

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from . import style


@style.use()
def automaton(table, *, alphabet, accepting=(), start: int = 0, title: str | None = None):
    """A deterministic automaton: `table[state][letter]` is the next state.

    Accepting states have a double ring; the start has an arrow from nowhere. Arrows with the same
    two ends share one line and list their letters.
    """
    table = style.numbers("table", table, 2).astype(int)
    n = len(table)
    if table.shape[1] != len(alphabet) or table.min() < 0 or table.max() >= n:
        raise ValueError(
            f"table must hold states 0..{n - 1}, one column for each of {len(alphabet)} letters"
        )
    figure, axes = style.new(1.9 if n < 3 else 3.1)
    angles = np.pi - 2 * np.pi * np.arange(n) / n
    places = np.c_[1.6 * np.cos(angles), np.sin(angles)]
    for a in range(n):
        for b in sorted(set(table[a].tolist())):
            letters = ",".join(str(alphabet[k]) for k in np.flatnonzero(table[a] == b))
            draw = _loop if a == b else _edge
            draw(axes, places[a], places[b], letters)
    for s, place in enumerate(places):
        axes.add_patch(Circle(place, 0.2, facecolor=style.PANEL, edgecolor=style.INK, zorder=3))
        if s in accepting:
            axes.add_patch(Circle(place, 0.15, fill=False, edgecolor=style.ACCENT, zorder=4))
        axes.text(*place, str(s), ha="center", va="center", zorder=5)
    _arrow(axes, places[start] - [0.62, 0], places[start] - [0.2, 0], style.INK)
    rows = 0.75 if n < 3 else 1.55
    axes.set(xlim=(-2.7, 2.7), ylim=(-rows, rows), aspect="equal")
    axes.axis("off")
    style.headline(figure, title)
    return figure


@style.use()
def transition_matrices(panels: dict, *, title: str | None = None):
    """Matrices side by side with words below: label -> (matrix (n, n), lines of text).

    Blue is positive, orange negative, depth of colour the size; zero is blank.
    """
    figure, axes = style.new(2.75, columns=len(style.labelled(panels)), squeeze=False)
    for (label, (values, lines)), each in zip(panels.items(), axes[0], strict=True):
        values = style.numbers(f"the matrix of {label!r}", values, 2)
        n, largest = len(values), np.abs(values).max() or 1
        for (i, j), value in np.ndenumerate(values):
            colour = style.BLUE if value > 0 else style.ACCENT
            alpha = 0.2 + 0.8 * abs(value) / largest if value else 0
            box = Rectangle((j, n - 1 - i), 1, 1, facecolor=(colour, alpha))
            box.set(edgecolor=style.FAINT, linewidth=0.8)
            each.add_patch(box)
        each.set(xlim=(0, n), ylim=(0, n), aspect="equal", xticks=[], yticks=[])
        each.grid(visible=False)
        each.spines[:].set(visible=True, color=style.IDLE)
        each.set_title(label, fontsize=style.NOTE - 1, fontweight="bold", loc="center")
        each.set_xlabel("\n".join(lines), fontsize=style.NOTE - 1, linespacing=1.5)
    style.headline(figure, title)
    return figure


@style.use()
def generalisation(panels: dict, lengths, *, trained: float, title: str | None = None):
    """Accuracy over the length of the test words, a panel for each model.

    `panels`: model -> {task: (seeds, lengths)}. The line is the mean over seeds, the bar reaches
    from the worst to the best seed. Grey: the lengths trained on.
    """
    lengths = style.numbers("lengths", lengths, 1)
    tasks = list(dict.fromkeys(task for each in panels.values() for task in each))
    colours = dict(zip(tasks, (style.BLUE, "#009e73", style.ACCENT, "#aa4499"), strict=False))
    rows = -(-len(style.labelled(panels)) // 2)
    figure, axes = style.new(
        1.42 * rows + 0.5, rows=rows, columns=2, squeeze=False, sharex=True, sharey=True
    )
    for index, axis in enumerate(axes.flat):
        if index >= len(panels):
            axis.axis("off")
            continue
        label, curves = list(panels.items())[index]
        axis.axvspan(lengths[0] / 1.3, trained, color=style.PANEL, zorder=0)
        for place, task in enumerate(tasks):
            if task in curves:
                shift = 1.06 ** (place - (len(tasks) - 1) / 2)  # bars beside each other
                _seeds(axis, lengths, shift, curves[task], task, colours[task], place)
        axis.set_title(label, fontsize=style.NOTE - 1)
        axis.set(xscale="log", ylim=(-0.05, 1.08), yticks=[0, 0.5, 1])
        axis.set_xticks(lengths, [f"{n:g}" for n in lengths])
        axis.minorticks_off()
        if index >= len(panels) - 2:
            axis.set_xlabel("letters in the word", fontsize=style.NOTE)
    figure.supylabel("words followed to the end", fontsize=style.NOTE)
    handles = {h.get_label(): h for axis in axes.flat for h in axis.get_legend_handles_labels()[0]}
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=2)
    style.headline(figure, title)
    return figure


def _seeds(axis, lengths, shift, runs, task, colour, place):
    runs = style.numbers(f"the accuracies of {task!r}", runs, 2)
    style.same_length(f"the accuracies of {task!r}", runs[0], lengths)
    mean = runs.mean(0)
    bars = np.clip([mean - runs.min(0), runs.max(0) - mean], 0, None)
    axis.errorbar(
        lengths * shift, mean, bars, color=colour, marker=style.MARKERS[place], label=task,
        markersize=4, capsize=2.5, linewidth=1.5, elinewidth=1.2,
    )  # fmt: skip


def _edge(axes, start, end, text):
    across = np.array([start[1] - end[1], end[0] - start[0]])
    bend = 0.14 * across  # to the left of the direction, so that there and back do not meet
    _arrow(axes, start, end, style.MUTED, bend=0.28, shrink=True)
    middle = (start + end) / 2 - bend * 1.05 - 0.1 * across / np.linalg.norm(across)
    _letters(axes, middle, text)


def _loop(axes, place, _, text):
    up = 1 if place[1] >= -1e-9 else -1
    x, y = place[0], place[1] + 0.17 * up
    bend = f"arc3,rad={-1.9 * up}"
    axes.add_patch(_patch((x - 0.1, y), (x + 0.1, y), style.MUTED, bend))
    _letters(axes, (x, y + 0.3 * up), text)


def _letters(axes, place, text):
    axes.text(*place, text, ha="center", va="center", fontsize=style.NOTE, zorder=6)


def _arrow(axes, start, end, colour, bend=0.0, shrink=False):
    start, end = np.asarray(start, float), np.asarray(end, float)
    if shrink:
        along = 0.21 * (end - start) / np.linalg.norm(end - start)
        start, end = start + along, end - along
    axes.add_patch(_patch(start, end, colour, f"arc3,rad={bend}"))


def _patch(start, end, colour, connection):
    return FancyArrowPatch(
        start, end, connectionstyle=connection, arrowstyle="-|>", mutation_scale=12,
        shrinkA=0, shrinkB=0, color=colour, linewidth=1.4, zorder=2,
    )  # fmt: skip
