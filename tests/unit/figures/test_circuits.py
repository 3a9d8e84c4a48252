"""Drawings of circuits and the map of classes."""

import matplotlib
import pytest

from pararnn_edu.figures.circuits import _apart, _Nodes, circuit
from pararnn_edu.figures.classes import LADDER, class_map
from pararnn_edu.theory import circuit_bits, lrnn_circuit, trace

PARITY = trace(circuit_bits.parity, 4)
DRAW = {
    "parity": lambda: circuit(PARITY, title="Parity in four levels"),
    "values": lambda: circuit(PARITY, values=[1, 0, 1, 1], accent=False),
    "thresholds": lambda: circuit(trace(circuit_bits.parity_threshold, 3), names="abc"),
    "linear RNN": lambda: circuit(lrnn_circuit([([2], [3])] * 3, [1]).circuit),
    "one wire": lambda: circuit(trace(lambda x: ~x[0], 1)),
    "map": lambda: class_map(("NC1", "PNC1"), title="A class is a promise about depth"),
    "plain map": lambda: class_map(),
}


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("name", DRAW)
def test_same_input_same_bytes_whatever_the_readers_settings(name):
    png = DRAW[name]().png()
    assert len(png) < 90_000
    with matplotlib.rc_context({"font.size": 30, "text.color": "red"}):
        assert DRAW[name]().png() == png


def test_every_gate_is_drawn_and_the_levels_are_numbered():
    shown = texts(DRAW["parity"]())
    assert shown.count("∨") == 3 and shown.count("∧") == 6
    assert [s for s in shown if s.startswith("$x")] == [f"$x_{{{i}}}$" for i in (1, 2, 3, 4)]
    assert [s for s in shown if s.isdigit()] == ["1", "2", "3", "4"]


def test_negations_become_dots_on_wires():
    nodes = _Nodes(PARITY)
    assert all(PARITY.gates[g].kind != "not" for row in nodes.rows for g in row)
    top = nodes.rows[-1][0]
    assert sorted(negated for _, negated in nodes.arguments(top)) == [False, True]
    assert nodes.through(len(PARITY.gates) - 2, False) == (len(PARITY.gates) - 3, True)


def test_values_stand_in_the_gates():
    figure = circuit(PARITY, values=[1, 0, 1, 1])
    nodes = [t for t in figure.axes[0].texts if t.get_ha() == "center"]
    assert {t.get_text() for t in nodes} == {"0", "1"} and len(nodes) == 4 + PARITY.size
    top = max(nodes, key=lambda t: t.get_position()[1])
    assert top.get_text() == "1"  # 1 + 0 + 1 + 1 is odd


@pytest.mark.parametrize(
    ("wished", "placed"),
    [
        ([], []),
        ([0.0, 5.0], [0.0, 5.0]),
        ([1.0, 1.0], [0.5, 1.5]),
        ([0.0, 0.0, 0.0, 9.0], [-1.0, 0.0, 1.0, 9.0]),
        ([0.0, 0.0, 1.0], [-2 / 3, 1 / 3, 4 / 3]),
    ],
)
def test_neighbours_stand_apart(wished, placed):
    assert _apart(wished) == pytest.approx(placed)
    assert all(b - a >= 1 - 1e-9 for a, b in zip(_apart(wished), _apart(wished)[1:], strict=False))


def test_the_map_names_every_class_and_lights_some():
    shown = texts(DRAW["map"]())
    assert all(rung.shown in shown and rung.problem in shown for rung in LADDER)
    edges = [patch.get_edgecolor() for patch in class_map("L").axes[0].patches]
    assert [edges.count(edge) for edge in edges] == [7, 7, 7, 7, 1, 7, 7, 7]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_map("NP"), r"\['NP'\] not among"),
        (lambda: circuit(PARITY, names="ab"), "4 inputs, got 2 names"),
        (lambda: circuit(PARITY, values=[1]), "4 inputs, got 1 values"),
        (lambda: circuit(trace(circuit_bits.parity, 64)), "up to 40 gates in a row"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
