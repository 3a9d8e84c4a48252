"""A circuit as it is wired: inputs at the bottom, one row per level, the answer on top."""

import numpy as np
from matplotlib.patches import Circle

from . import style

_MARKUP = str.maketrans("", "", "$_{}")  # what mathematical text does not show
SIGNS = {"and": "∧", "or": "∨", "add": "+", "mul": "×"}


@style.use()
def circuit(
    circuit,
    names=None,
    *,
    values=None,
    accent: bool = True,
    title: str | None = None,
):
    """Draw a small circuit, a `theory.Circuit`: a row per level, a dot on a wire that negates.

    `names` are written into the inputs (default x1, x2, ...). With `values`, one for each input,
    the circuit is evaluated and every gate shows its value. `accent` lights a longest chain of
    gates, as long as the circuit is deep. The numbers on the right count the levels.
    """
    nodes = _Nodes(circuit)
    across = _places(circuit, nodes)
    widest = max(len(row) for row in nodes.rows)
    step = min(0.62, (style.WIDTH - 0.75) / widest)  # inches between neighbours
    radius = min(0.27, 0.42 * step)
    figure, axes = style.new(max(1.2, 0.68 * circuit.depth + 0.75))
    texts = _texts(circuit, names, values)
    lit = _longest_chain(circuit, nodes) if accent else set()
    spot = {g: (x * step, 0.68 * circuit.levels[g]) for g, x in across.items()}
    for g in spot:
        for source, negated in nodes.arguments(g):
            on = g in lit and source in lit
            _wire(axes, spot[source], spot[g], radius, on, negated)
    for g, (x, y) in spot.items():
        _node(axes, x, y, radius, texts[g], circuit.gates[g].kind, g in lit, g in nodes.outputs)
    ends = [x for x, _ in spot.values()]
    middle = (min(ends) + max(ends)) / 2
    for level in range(1, circuit.depth + 1):
        edge = max(middle + style.WIDTH / 2 - 0.16, max(ends) + radius + 0.1)
        axes.text(edge, 0.68 * level, level, ha="right", va="center", color=style.MUTED)
    axes.set(
        xlim=(middle - style.WIDTH / 2 + 0.07, middle + style.WIDTH / 2 - 0.07),
        ylim=(-0.4, 0.68 * circuit.depth + 0.4),
        aspect="equal",
    )
    axes.axis("off")
    style.headline(figure, title)
    return figure


class _Nodes:
    """What is drawn of a circuit: all but the NOT gates, which become dots on wires."""

    def __init__(self, circuit):
        self.gates = circuit.gates
        drawn = [g for g, gate in enumerate(circuit.gates) if gate.kind != "not"]
        used = {source for g in drawn for source, _ in self.arguments(g)}
        self.outputs = {self.through(g, False)[0] for g in circuit.outputs}
        shown = [g for g in drawn if circuit.gates[g].kind != "input" or g in used | self.outputs]
        self.rows = [[g for g in shown if circuit.levels[g] == k] for k in range(circuit.depth + 1)]
        if not shown or max(map(len, self.rows)) > 40 or circuit.depth > 16:
            raise ValueError(
                f"only circuits of up to 40 gates in a row and depth 16 can be read, got {circuit}"
            )

    def through(self, g: int, negated: bool) -> tuple[int, bool]:
        while self.gates[g].kind == "not":
            g, negated = self.gates[g].args[0], not negated
        return g, negated

    def arguments(self, g: int) -> list[tuple[int, bool]]:
        return [self.through(a, False) for a in self.gates[g].args]


def _places(circuit, nodes) -> dict:
    """Across: a gate above the middle of its arguments, an input that enters late beside them."""
    across = {g: float(i) for i, g in enumerate(nodes.rows[0])}
    for row in nodes.rows[1:]:
        wished = [np.mean([across[a] for a, _ in nodes.arguments(g)]) for g in row]
        order = sorted(range(len(row)), key=lambda i: (wished[i], i))
        spread = _apart([wished[i] for i in order])
        across.update({row[i]: x for i, x in zip(order, spread, strict=True)})
    return across


def _apart(wished: list) -> list:
    """The nearest places to the wished ones, in the same order, at least 1 apart."""
    groups: list[list[float]] = []  # [sum of offsets, count]: neighbours that touch move together
    for i, place in enumerate(wished):
        groups.append([place - i, 1])
        while len(groups) > 1 and _mean(groups[-2]) > _mean(groups[-1]):
            total, count = groups.pop()
            groups[-1] = [groups[-1][0] + total, groups[-1][1] + count]
    offsets = [_mean(group) for group in groups for _ in range(int(group[1]))]
    return [offset + i for i, offset in enumerate(offsets)]


def _mean(group):
    return group[0] / group[1]


def _texts(circuit, names, values) -> dict:
    if names is not None and len(names) != circuit.inputs:
        raise ValueError(f"the circuit has {circuit.inputs} inputs, got {len(names)} names")
    if values is not None:
        found = circuit.values(values)
        return {g: str(int(v) if isinstance(v, bool) else v) for g, v in enumerate(found)}
    names = names or [f"$x_{{{i + 1}}}$" for i in range(circuit.inputs)]
    return {g: _text(gate, names) for g, gate in enumerate(circuit.gates)}


def _text(gate, names) -> str:
    if gate.kind == "input":
        return names[gate.number]
    if gate.kind == "threshold":
        return f"≥{gate.number}"
    return SIGNS.get(gate.kind, f"{gate.number}")


def _longest_chain(circuit, nodes) -> set:
    g = max(nodes.outputs, key=lambda g: circuit.levels[g])
    chain = {g}
    while circuit.levels[g]:
        g = max((a for a, _ in nodes.arguments(g)), key=lambda a: circuit.levels[a])
        chain.add(g)
    return chain


def _wire(axes, start, end, radius, lit, negated):
    colour = style.ACCENT if lit else style.IDLE
    xs, ys = zip(start, end, strict=True)
    axes.plot(xs, ys, color=colour, linewidth=2.0 if lit else 1.1, zorder=2 if lit else 1)
    if negated:
        away = np.subtract(start, end)
        x, y = end + away / np.hypot(*away) * (radius + 0.055)
        edge = style.ACCENT if lit else style.MUTED
        axes.add_patch(
            Circle((x, y), 0.055, facecolor="white", edgecolor=edge, linewidth=1.2, zorder=4)
        )


def _node(axes, x, y, radius, text, kind, lit, output):
    given = kind in ("input", "constant")
    edge = style.ACCENT if lit else style.MUTED if given else style.BLUE
    face = "white" if given else style.PANEL
    axes.add_patch(
        Circle(
            (x, y),
            radius,
            facecolor=face,
            edgecolor=edge,
            linewidth=2.4 if lit or output else 1.3,
            zorder=3,
        )
    )
    size = min(13, 72 * 1.15 * radius / max(1, 0.62 * len(text.translate(_MARKUP))))
    axes.text(x, y, text, ha="center", va="center_baseline", fontsize=size, zorder=5)
