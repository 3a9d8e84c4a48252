"""Arrays made small enough to draw, and what a picture of errors shows in words."""

import re

import numpy as np

from . import style


def pool(errors: np.ndarray, columns: int) -> np.ndarray:
    """`errors` (..., T) in at most `columns` columns, each the largest of those it stands for.

    Taking every n-th column instead would hide the one state that is still wrong. Infinite becomes
    NaN, and NaN stays: both are drawn in the colour of "not finite".
    """
    errors = np.where(np.isfinite(errors), errors, np.nan)
    steps = errors.shape[-1]
    if steps <= columns:
        return errors
    starts = np.linspace(0, steps, columns, endpoint=False).astype(int)
    return np.maximum.reduceat(errors, starts, axis=-1)


def iterations_needed(errors: np.ndarray, tol: float) -> int | None:
    """The first row from which on every error is at most `tol`; None if the last row is not."""
    bad = np.flatnonzero(~(np.max(errors, axis=1) <= tol))  # a NaN is bad
    needed = int(bad[-1]) + 1 if bad.size else 0
    return needed if needed < len(errors) else None


def outcome(errors: np.ndarray, tol: float) -> str:
    """What came of a run, in words."""
    needed, limit, last = iterations_needed(errors, tol), style.short(tol), errors[-1]
    if needed is not None:
        return f"{count_of(needed, 'iteration')} until the error is below {limit} everywhere."
    wrong = np.flatnonzero(~(last <= tol))  # not empty: the last row is not all right
    rest = f"only the first {wrong[0]} of {len(last)} states are right"
    if not np.isfinite(last).all():
        rest += ", and some are not finite"
    tried = count_of(len(errors) - 1, "iteration")
    return f"not below {limit} everywhere after {tried}: {rest}."


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def pack(errors: np.ndarray, floor: float) -> str:
    """Errors as text, row by row: a letter per cell, on a logarithmic scale from `floor` to 1.

    "A" is at most `floor`, "_" is 1 or more, "." is not finite: 64 shades, more than an eye tells
    apart. Runs are written `A*12;`, and rows of nothing but "A" at the end are left out.
    """
    scale = np.log10(np.clip(errors, floor, 1) / floor) / -np.log10(floor)
    levels = np.ceil(scale * (len(LETTERS) - 1))
    rows = ["".join("." if np.isnan(v) else LETTERS[int(v)] for v in row) for row in levels]
    while rows and not rows[-1].strip("A"):
        rows.pop()
    return re.sub(r"(.)\1{4,}", lambda run: f"{run[1]}*{len(run[0])};", "".join(rows))


def unpack(text: str, columns: int) -> np.ndarray:
    """The levels 0 to 63 in a packed picture (NaN where not finite), as the script reads them."""
    cells = re.sub(r"(.)\*(\d+);", lambda run: run[1] * int(run[2]), text)
    levels = [float("nan") if cell == "." else float(LETTERS.index(cell)) for cell in cells]
    return np.array(levels).reshape(-1, columns)


def count_of(number: int, noun: str) -> str:
    """ "1 level", "2 levels"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
