"""Drawings that need no data: the chain of an RNN, and the equation it is one row of."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from . import style


@style.use()
def recurrence_graph(steps: int = 6, *, accent: str | None = "chain", title: str | None = None):
    """An RNN unrolled: inputs x_t from below, states h_t from left to right.

    `accent` is "chain" (each state waits for the one before), "inputs" (what needs no waiting)
    or None.
    """
    if accent not in ("chain", "inputs", None):
        raise ValueError(f"accent must be 'chain', 'inputs' or None, got {accent!r}")
    figure, axes = _board(steps + 1, -1.5, 0.45)
    for t in range(steps + 1):
        _node(axes, t + 0.5, 0, f"$h_{{{t}}}$", style.INK if t else style.MUTED, filled=t > 0)
        if t == 0:
            continue
        _arrow(axes, (t - 0.17, 0), (t + 0.17, 0), lit=accent == "chain")
        _arrow(axes, (t + 0.5, -0.77), (t + 0.5, -0.33), lit=accent == "inputs")
        _node(axes, t + 0.5, -1.1, f"$x_{{{t}}}$", style.MUTED, filled=False)
    axes.text(1, 0.14, "$f$", ha="center", fontsize=13)
    style.headline(figure, title)
    return figure


@style.use()
def bidiagonal(steps: int = 5, *, structure: str = "dense", title: str | None = None):
    """The linear system of one Newton step: identity blocks, minus a Jacobian below each of them.

    `structure` draws what is inside the Jacobians: "dense", "diagonal", "block" (2 x 2 blocks),
    "identity" or "zero".
    """
    if structure not in _INSIDE:
        raise ValueError(f"structure must be one of {sorted(_INSIDE)}, got {structure!r}")
    figure, axes = _board(steps + 4.1, -steps - 0.1, 0.1)
    axes.add_patch(Rectangle((0, -steps), steps, steps, fill=False, edgecolor=style.FAINT))
    for t in range(steps):
        _block(axes, t, t, "identity", style.BLUE)
        if t:
            _block(axes, t, t - 1, structure, style.ACCENT)
        _vector_entry(axes, steps + 0.75, t, f"$\\Delta_{{{t + 1}}}$")
        _vector_entry(axes, steps + 2.9, t, f"$-r_{{{t + 1}}}$", width=1.2)
    axes.text(
        0.72 * steps, -0.24 * steps, "$I$", ha="center", va="center", fontsize=20, color=style.BLUE
    )
    axes.text(
        0.2 * steps,
        -0.8 * steps,
        "$-J_t$",
        ha="center",
        va="center",
        fontsize=20,
        color=style.ACCENT,
    )
    axes.text(steps + 2.3, -steps / 2, "=", ha="center", va="center", fontsize=16)
    style.headline(figure, title)
    return figure


@style.use()
def matrix(values, block: int = 1, *, title: str | None = None):
    """A computed matrix as it is: blue where positive, orange where negative, lines every `block`.

    `values` (N, N), for instance the Jacobian of F with N = T * d and `block` = d.
    """
    values = style.numbers("values", values, 2)
    rows, columns = values.shape
    if rows % block or columns % block:
        raise ValueError(f"a {rows} x {columns} matrix does not divide into blocks of {block}")
    figure, axes = style.new(3.9)
    largest = np.abs(values).max() or 1.0
    picture = axes.imshow(
        values,
        cmap=_signed(),
        vmin=-largest,
        vmax=largest,
        interpolation="nearest",
        extent=(0, columns, rows, 0),
    )
    for edge in range(0, max(rows, columns) + 1, block):
        axes.axhline(edge, color=style.FAINT, linewidth=0.8)
        axes.axvline(edge, color=style.FAINT, linewidth=0.8)
    axes.grid(visible=False)
    axes.set(xticks=[], yticks=[], xlim=(0, columns), ylim=(rows, 0))
    axes.spines[:].set_visible(False)
    figure.colorbar(picture, ax=axes, pad=0.03, shrink=0.8).outline.set_visible(False)
    style.headline(figure, title)
    return figure


_INSIDE = {
    "dense": lambda i, j: True,
    "diagonal": lambda i, j: i == j,
    "block": lambda i, j: (i - j) % 2 == 0,  # two diagonal planes by two: a 2 x 2 block per unit
    "identity": lambda i, j: i == j,
    "zero": lambda i, j: False,
}


def _block(axes, row, column, structure, colour, size=4):
    """A size x size square of small cells, filled where the structure has entries."""
    small = 0.86 / size
    for i in range(size):
        for j in range(size):
            if _INSIDE[structure](i, j):
                corner = (column + 0.07 + j * small, -row - 0.07 - (i + 1) * small)
                axes.add_patch(
                    Rectangle(
                        corner,
                        small,
                        small,
                        facecolor=colour,
                        alpha=0.75,
                        edgecolor="white",
                        linewidth=0.4,
                    )
                )


def _vector_entry(axes, x, row, text, width=1.0):
    axes.add_patch(
        Rectangle((x, -row - 0.93), width, 0.86, facecolor=style.PANEL, edgecolor="none")
    )
    axes.text(x + width / 2, -row - 0.5, text, ha="center", va="center", fontsize=12)


def _node(axes, x, y, text, colour, *, filled):
    face = style.PANEL if filled else "white"
    axes.add_patch(Circle((x, y), 0.3, facecolor=face, edgecolor=colour, linewidth=1.4, zorder=3))
    axes.text(x, y, text, ha="center", va="center", fontsize=14, zorder=4)


def _arrow(axes, start, end, *, lit):
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=13,
            shrinkA=0,
            shrinkB=0,
            zorder=2,
            color=style.ACCENT if lit else style.IDLE,
            linewidth=2.2 if lit else 1.4,
        )
    )


def _board(width, bottom, top):
    """An empty drawing area from (0, bottom) to (width, top), one unit at most 0.8 inches."""
    unit = min(style.WIDTH / width, 0.8)
    spare = (style.WIDTH / unit - width) / 2
    figure, axes = style.new(unit * (top - bottom) + 0.15)
    axes.set(xlim=(-spare, width + spare), ylim=(bottom, top), aspect="equal")
    axes.axis("off")
    return figure, axes


def _signed():
    return LinearSegmentedColormap.from_list("signed", (style.ACCENT, "#ffffff", style.BLUE))
