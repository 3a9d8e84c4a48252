"""The Jacobian of one step, cell by cell: where its entries are, and what that costs."""

import html

import numpy as np

from . import style
from .diagrams import _signed
from .interactive import Interactive, choice, slider

# What a step stores, and what composing two steps multiplies, for a state of n numbers in
# planes of d channels; as in scans/affine.py.
COSTS = {
    "diagonal": (lambda n, d: n, lambda n, d: 2 * n),
    "block": (lambda n, d: 4 * d, lambda n, d: 12 * d),
    "dense": (lambda n, d: n * n, lambda n, d: n**3 + n**2),
}
NAMES = {"diagonal": "diagonal", "block": "2x2 blocks", "dense": "dense"}


def cell_jacobians(
    name: str,
    jacobians: dict,
    structures: dict,
    *,
    planes: dict | None = None,
    sizes=(4, 16, 64, 256, 1024),
    size: int = 64,
    start: str | None = None,
    title: str | None = None,
) -> Interactive:
    """The computed Jacobian of one step of several cells, with a choice of cell and of size.

    `jacobians` maps a label to a matrix (n, n), as automatic differentiation gives it;
    `structures` maps it to "diagonal", "block" or "dense", as `pr.jacobian_structure` found. An
    entry outside the structure is an error. `planes` names the planes of a state that has more
    than one, `{"LSTM": ("c", "h")}`. The costs are worked out for every number of channels in
    `sizes`, of which `size` is shown first; `start` is the cell shown first (the last, if None).
    """
    planes = {label: tuple((planes or {}).get(label, ("h",))) for label in jacobians}
    matrices = {
        label: _checked(label, values, structures, len(planes[label]))
        for label, values in style.labelled(jacobians).items()
    }
    labels, sizes = list(matrices), list(sizes)
    start = labels[-1] if start is None else start
    if start not in matrices or size not in sizes:
        raise ValueError(f"start={start!r}, size={size!r}: choose from {labels} and {sizes}")
    cells = [_cell(label, structures[label], planes[label], sizes) for label in labels]
    for cell, values in zip(cells, matrices.values(), strict=True):
        cell["entries"] = _levels(values)
    chosen, shown = labels.index(start), sizes.index(size)
    return Interactive(
        name,
        "jacobians",
        title=title or "The Jacobian of one step, cell by cell",
        sentence=cells[chosen]["sentences"][shown],
        picture=_gallery(matrices, structures, planes, title),
        data={"cell": chosen, "size": shown, "sizes": sizes, "cells": cells},
        choice=choice(name, "cell", "cell", labels, chosen),
        slider=slider(name, "size", "channels d", str(size), last=len(sizes) - 1, value=shown),
        describe="The matrix of derivatives: a row for each number of the next state, a column "
        "for each number of the state, a square where the derivative is not zero",
        rows="".join(
            _row(cell, structures[cell["label"]], shown, cell["label"] == start) for cell in cells
        ),
    )


def _checked(label, values, structures, planes):
    """The matrix, if it is square, made of whole planes, and zero outside its structure."""
    values = style.numbers(f"jacobians[{label!r}]", values, 2)
    n = len(values)
    if values.shape != (n, n) or n % planes:
        raise ValueError(f"{label}: a state of {planes} planes has no Jacobian {values.shape}")
    structure = structures.get(label)
    if structure not in COSTS:
        raise ValueError(f"{label}: structure must be one of {list(COSTS)}, got {structure!r}")
    period = {"diagonal": n, "block": n // planes, "dense": 1}[structure]
    rows, columns = np.nonzero(values)
    if np.any((rows - columns) % period):
        raise ValueError(f"{label} is said to be {structure}, but has entries elsewhere")
    return values


def _cell(label, structure, planes, sizes):
    """What the script needs to know of a cell, all numbers already in words."""
    costs = [[cost(len(planes) * d, d) for cost in COSTS[structure]] for d in sizes]
    return {
        "label": label,
        "planes": planes,
        "costs": [[f"{number:,}" for number in pair] for pair in costs],
        "sentences": [
            f"{label}: {NAMES[structure]}. With {d:,} channels a step stores {stored:,} numbers, "
            f"and composing two steps takes {products:,} multiplications."
            for d, (stored, products) in zip(sizes, costs, strict=True)
        ],
    }


def _levels(values: np.ndarray) -> list:
    """Entries as whole numbers -99..99 of the largest, row by row; 0 only where it is zero."""
    scaled = 99 * values / (np.abs(values).max() or 1)
    away = np.sign(scaled) * np.ceil(np.abs(scaled) - 1e-9)
    return away.astype(int).tolist()


def _row(cell, structure, shown, current):
    stored, products = cell["costs"][shown]
    return (
        f'<tr aria-current="{str(current).lower()}"><th scope="row">{html.escape(cell["label"])}'
        f"</th><td>{NAMES[structure]}</td><td><b>{stored}</b></td><td><b>{products}</b></td></tr>"
    )


@style.use()
def _gallery(matrices, structures, planes, title):
    """All the matrices side by side, for places where nothing can be chosen."""
    columns = min(len(matrices), 3)
    rows = -(-len(matrices) // columns)
    figure, axes = style.new(2.05 * rows, columns=columns, rows=rows, squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, (label, values) in zip(axes.flat, matrices.items(), strict=False):
        largest, n = np.abs(values).max() or 1, len(values)
        ax.imshow(
            values,
            cmap=_signed(),
            vmin=-largest,
            vmax=largest,
            interpolation="nearest",
            extent=(0, n, n, 0),
        )
        ax.axis("on")
        ax.grid(visible=False)
        ax.set(xticks=[], yticks=[], title=f"{label}: {NAMES[structures[label]]}")
        ax.spines[:].set(visible=True, color=style.FAINT)
        for edge in range(0, n, n // len(planes[label])):
            ax.axhline(edge, color=style.FAINT, linewidth=0.8)
            ax.axvline(edge, color=style.FAINT, linewidth=0.8)
    style.headline(figure, title)
    return figure
