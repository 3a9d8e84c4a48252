"""The map of complexity classes: what each promises about depth, and who lives there."""

from typing import NamedTuple

from matplotlib.patches import FancyBboxPatch

from . import style


class Rung(NamedTuple):
    """A class, a depth that suffices for it, a problem, and the models that live there."""

    name: str
    shown: str
    depth: str
    problem: str
    model: str = ""
    automaton: str = ""


# From shallow to deep, each inside the next. Problems are complete for their class unless an
# "e.g." says otherwise. Models and automata: Merrill et al. (2026).
LADDER = (
    Rung("AC0", "AC⁰", "constant", "e.g. OR of n bits, but not parity"),
    Rung("TC0", "TC⁰", "constant,\nthresholds", "majority", "transformer, S4, Mamba"),
    Rung(
        "NC1",
        "NC¹",
        "log n",
        "word problem of the group S5",
        "linear RNN, permutation-diagonal",
        "deterministic weighted automaton",
    ),
    Rung(
        "PNC1",
        "PNC¹",
        "log n log* n",
        "sign of a product of 3×3 matrices",
        "linear RNN, diagonal + low rank",
        "weighted automaton",
    ),
    Rung(
        "L",
        "L",
        "log² n",
        "sorted deterministic connectivity",
        "nonlinear RNN, log precision",
        "counter machine",
    ),
    Rung("NL", "NL", "log² n", "reachability in a graph"),
    Rung("NC", "NC", "a power\nof log n", "e.g. determinant of a matrix"),
    Rung(
        "P",
        "P",
        "polynomial",
        "value of a circuit",
        "nonlinear RNN, poly precision",
        "multi-stack machine",
    ),
)
# Between a class and the next: a proper inclusion, and the question that matters most here.
KNOWN = {"AC0": "⊊  proved", "NC": "⊆  is NC = P? open, and not believed"}


@style.use()
def class_map(highlight=(), *, title: str | None = None):
    """The ladder of classes from AC0 down to P: depth, model, automaton, complete problem.

    `highlight` names classes to light: "AC0", "TC0", "NC1", "PNC1", "L", "NL", "NC", "P".
    """
    highlight = (highlight,) if isinstance(highlight, str) else tuple(highlight)
    names = [rung.name for rung in LADDER]
    unknown = [name for name in highlight if name not in names]
    if unknown:
        raise ValueError(f"highlight={highlight!r}: {unknown} not among {names}")
    height = sum(map(_height, LADDER)) + _GAP * (len(LADDER) - 1)
    figure, axes = style.new(height + 0.15)
    top = height
    for rung in LADDER:
        _rung(axes, rung, top, rung.name in highlight)
        top -= _height(rung)
        if rung is not LADDER[-1]:
            sign = KNOWN.get(rung.name, "⊆")
            _text(axes, 0.62, top - _GAP / 2, sign, fontsize=style.NOTE, color=style.MUTED)
        top -= _GAP
    axes.set(xlim=(0, style.WIDTH - 0.14), ylim=(-0.05, height + 0.05), aspect="equal")
    axes.axis("off")
    style.headline(figure, title)
    return figure


_GAP, _LINE, _PAD, _TEXT, _SIZE = 0.25, 0.245, 0.09, 1.6, 12.8


def _lines(rung: Rung) -> list[str]:
    return [line for line in (rung.model, rung.automaton, rung.problem) if line]


def _height(rung: Rung) -> float:
    left = 2 + rung.depth.count("\n")
    return _LINE * max(len(_lines(rung)), left) + 2 * _PAD + 0.04


def _rung(axes, rung: Rung, top: float, lit: bool):
    height = _height(rung)
    box = FancyBboxPatch(
        (0.04, top - height),
        style.WIDTH - 0.22,
        height,
        boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=style.PANEL if lit else "white",
        edgecolor=style.ACCENT if lit else style.WIRE,
        linewidth=2.2 if lit else 1.0,
    )
    axes.add_patch(box)
    name_at = top - _PAD - _LINE / 2 - 0.03
    _text(axes, 0.16, name_at, rung.shown, fontsize=17, fontweight="bold")
    for i, line in enumerate(rung.depth.split("\n")):
        colour = style.ACCENT if lit else style.BLUE
        _text(axes, 0.16, name_at - 0.29 - 0.21 * i, line, fontsize=_SIZE, color=colour)
    lines = _lines(rung)
    for i, line in enumerate(lines):
        at = top - height / 2 + _LINE * ((len(lines) - 1) / 2 - i)
        weight = "bold" if line == rung.model else "normal"
        colour = style.MUTED if line == rung.automaton else style.INK
        _text(axes, _TEXT, at, line, fontsize=_SIZE, fontweight=weight, color=colour)


def _text(axes, x, y, text, **options):
    axes.text(x, y, text, ha="left", va="center", in_layout=False, **options)
