"""A picture of what a kernel did to memory: a grid of places for each array."""

import math
from typing import NamedTuple

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from ..figures import style
from .memory import DONE

TINTS = ("#a9cbe4", "#bfe3d5", "#dfc2df", "#d3d9df", "#8db6d6", "#97cdb8")  # of the programs
NUMBERED = 24  # more programs than this have no room for their numbers
GRID = 64  # lines, or channels, between which white lines can be seen
INCHES, TALLEST = 0.17, 4.8  # of a line, and of a panel


class Picture:
    """A figure that shows itself with its description, for those who cannot see it."""

    def __init__(self, figure: style.Plot, alt: str):
        self.figure, self.alt = figure, alt

    def __repr__(self) -> str:
        return self.alt

    def _ipython_display_(self):
        from IPython.display import display

        width = round(self.figure.get_figwidth() * style.SCREEN_DPI)
        display(
            {"image/png": self.figure.png(), "text/plain": self.alt},
            metadata={"image/png": {"width": width, "alt": self.alt}},
            raw=True,
        )


class Panel(NamedTuple):
    """What one array of a kernel shows, as a table of lines and channels."""

    name: str
    owner: np.ndarray
    """The number of the program that was first at each place, -1 for none."""
    shared: np.ndarray
    """Whether another program was there too, to read or to write."""
    times: np.ndarray
    """How often each place was read, or written."""
    lines_of_one: int
    """After so many lines another sequence begins."""


@style.use()
def draw(seen, arrays: tuple[str, ...] = (), title: str | None = None) -> Picture:
    """The picture of a `Seen`: each place in the tint of the program that touched it.

    Orange: more than one program did. A dot: one program, more than once. White: nobody.
    """
    panels = [_panel(seen, *each) for each in seen.touched if not arrays or each[0] in arrays]
    if not panels:
        raise ValueError(f"nothing to draw: touched are {seen.touched}, asked for was {arrays}")
    lines = max(len(panel.owner) for panel in panels)
    height = 1.1 + min(TALLEST, max(1.0, INCHES * lines))
    figure, axes = style.new(height, columns=len(panels), squeeze=False)
    for place, panel in zip(axes[0], panels, strict=True):
        _paint(place, panel)
        _number(place, panel)
    axes[0][0].set_ylabel("line")
    patches = Patch(color=style.ACCENT), Patch(facecolor="white", edgecolor=style.MUTED)
    words = ["by more than one program", "by none"]
    figure.legend(patches, words, loc="outside lower center", ncols=2)
    style.headline(figure, title)
    return Picture(figure, " ".join(map(_described, panels)))


def _panel(seen, array: str, kind: str) -> Panel:
    number = {program: i for i, program in enumerate(sorted(seen.programs))}
    shape = seen.shape(array)
    owner = np.full(math.prod(shape), -1)
    shared = np.zeros(owner.shape, bool)
    for access in seen.log:
        if access.array == array:
            mine, before = number[access.program], owner[access.places]
            shared[access.places] |= (before >= 0) & (before != mine)
            owner[access.places] = np.where(before < 0, mine, before)
    table = (math.prod(shape[:-1]), shape[-1]) if len(shape) > 1 else (math.prod(shape), 1)
    tables = (x.reshape(table) for x in (owner, shared, seen.times(array, kind)))
    return Panel(f"{array}: {DONE[kind]}", *tables, shape[-2] if len(shape) > 2 else table[0])


def _paint(axes, panel: Panel):
    tints = np.array([to_rgb(tint) for tint in TINTS])[panel.owner % len(TINTS)]
    tints[panel.shared] = to_rgb(style.ACCENT)
    tints[panel.times == 0] = 1.0
    axes.imshow(tints, aspect="auto", interpolation="nearest")
    lines, channels = panel.owner.shape
    right, bottom = channels - 0.5, lines - 0.5
    if lines <= GRID:
        axes.hlines(np.arange(lines) - 0.5, -0.5, right, color="white", linewidth=0.6)
    if channels <= GRID:
        axes.vlines(np.arange(channels) - 0.5, -0.5, bottom, color="white", linewidth=0.6)
    edges = np.arange(panel.lines_of_one, lines, panel.lines_of_one) - 0.5
    axes.hlines(edges, -0.5, right, color=style.INK, linewidth=1.2)
    rows, columns = np.nonzero((panel.times > 1) & ~panel.shared)
    axes.plot(columns, rows, ".", color=style.INK, markersize=3)
    axes.grid(visible=False)
    axes.set(title=panel.name, xticks=[], xlabel="channel")
    axes.yaxis.get_major_locator().set_params(integer=True)


def _number(axes, panel: Panel):
    """The numbers of the programs, each in the middle of its first lines that lie together."""
    alone = _alone(panel)
    for program, rows in alone.items() if len(alone) <= NUMBERED else ():
        run = _runs(rows)[0]
        columns = np.flatnonzero((panel.owner[run] == program).any(0))
        axes.text(columns.mean(), run.mean(), f"{program}", ha="center", va="center", fontsize=9)


def _described(panel: Panel) -> str:
    """The picture in words, such as `h: written: lines 0 to 3 by program 0; ...`."""
    parts = [f"{_text(rows)} by program {p}" for p, rows in list(_alone(panel).items())[:NUMBERED]]
    shared = np.flatnonzero((panel.shared & (panel.times > 0)).any(1))
    parts += [f"{_text(shared)} by more than one program"] if shared.size else []
    return f"{panel.name}, " + "; ".join(parts) + "."


def _alone(panel: Panel) -> dict[int, np.ndarray]:
    """Program -> the lines that it, and no other, touched."""
    owner = np.where((panel.times > 0) & ~panel.shared, panel.owner, -1)
    return {int(p): np.flatnonzero((owner == p).any(1)) for p in np.unique(owner[owner >= 0])}


def _runs(rows: np.ndarray) -> list[np.ndarray]:
    """Rising numbers, cut where one is left out."""
    return np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)


def _text(rows: np.ndarray) -> str:
    ends = [(run[0], run[-1]) for run in _runs(rows)]
    word = "line " if rows.size == 1 else "lines "
    return word + ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in ends)
