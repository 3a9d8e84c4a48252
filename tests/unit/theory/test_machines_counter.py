"""The connectivity machine against a plain graph walk; the reduction to it; the data."""

import itertools

import numpy as np
import pytest

from pararnn_edu.theory import graphs
from pararnn_edu.theory.counter import CounterMachine, CounterRule, connectivity_machine

MACHINE = connectivity_machine()
RNN = MACHINE.rnn()
ACCEPTS = RNN.names.index("q:acc")


def word(edges, source, target):
    """The encoding again, without its checks."""
    listed = [f"{'0' * i}|{'0' * j}|" for i, j in sorted(edges.items())]
    return "0" * source + "|" + "".join(listed) + "#" + "0" * target + "$"


def end_of_path(edges, vertex):
    while vertex in edges:
        vertex = edges[vertex]
    return vertex


def accepted(words):
    return RNN.run_many(words, np.int64)[:, ACCEPTS] == 1


def test_all_small_instances():
    instances = [i for k in range(1, 6) for i in graphs.all_instances(k, sinks_only=False)]
    assert len(instances) == 3447
    expected = [end_of_path(i.edges, i.source) == i.target for i in instances]
    assert accepted([word(*i) for i in instances]).tolist() == expected
    assert [MACHINE.interpret(word(*i)) for i in instances] == expected


def test_with_a_sink_for_target_it_is_reachability():
    instances = [i for k in range(1, 6) for i in graphs.all_instances(k)]
    assert len(instances) == 1610
    expected = [graphs.reaches(i) for i in instances]
    assert accepted([graphs.encode(i) for i in instances]).tolist() == expected
    assert [graphs.doubling(i)[0] for i in instances] == expected
    assert MACHINE.accepts(graphs.encode(instances[-1])) == expected[-1]


def test_long_random_graphs(rng):
    pairs = [
        pair for k in rng.integers(50, 121, 10) for pair in graphs.balanced_quadruple(rng, int(k))
    ]
    instances, labels = zip(*pairs, strict=True)
    assert accepted([graphs.encode(i) for i in instances]).tolist() == list(labels)
    assert [graphs.reaches(i) for i in instances] == list(labels)


def test_a_target_that_is_no_sink_is_refused():
    """On 1 -> 2 -> 3 vertex 2 is reachable, but the machine compares with the path's end."""
    with pytest.raises(ValueError, match=r"must be a sink, but the edge \(2, 3\)"):
        graphs.encode(graphs.Instance({1: 2, 2: 3}, 1, 2))
    assert not accepted([word({1: 2, 2: 3}, 1, 2)])[0]
    with pytest.raises(ValueError, match="1 <= i < j"):
        graphs.encode(graphs.Instance({2: 1}, 1, 2))


def test_weights_are_constants():
    assert [layer.W.shape for layer in RNN.layers] == [(16, 14), (18, 16), (20, 18), (10, 20)]
    assert {int(w) for layer in RNN.layers for w in layer.W.flat} == {-1, 0, 1}
    assert {int(b) for layer in RNN.layers for b in layer.b} == {-2, -1, 0, 1}


def test_exact_float_and_integer_runs_agree():
    text = graphs.encode(graphs.Instance({1: 3, 2: 4, 3: 5}, 1, 5))
    exact = RNN.run(text)[-1]
    for dtype in (np.int64, np.float32):
        assert np.array_equal(RNN.run_many([text, "0|"], dtype)[0], exact.astype(dtype))
    assert MACHINE.accepts(text)


def test_reduction_from_any_deterministic_graph():
    """Every graph on three vertices, cycles and loops included, and every source and target."""
    vertices, instances, expected = "abc", [], []
    for chosen in itertools.product([None, *vertices], repeat=3):
        successor = {v: w for v, w in zip(vertices, chosen, strict=True) if w}
        for source, target in itertools.product(vertices, repeat=2):
            instances.append(graphs.layered(successor, list(vertices), source, target))
            seen, v = set(), source
            while v is not None and v not in seen:
                seen.add(v)
                v = successor.get(v)
            expected.append(target in seen)
    assert accepted([graphs.encode(i) for i in instances]).tolist() == expected
    assert 0 < sum(expected) < len(expected) == 576


def test_the_shortcut_is_worth_nothing_on_balanced_data(rng):
    balanced = [pair for _ in range(100) for pair in graphs.balanced_quadruple(rng, 30)]
    assert np.mean([graphs.leak(i) == label for i, label in balanced]) == 0.5
    assert np.mean([label for _, label in balanced]) == 0.5


def test_the_shortcut_tells_most_labels_on_data_drawn_at_random(rng):
    naive = []
    for _ in range(400):
        edges = graphs.random_graph(rng, 30, 0.6)
        sinks = [v for v in range(1, 31) if v not in edges]
        source = int(rng.integers(1, 31))
        end = end_of_path(edges, source)
        target = end if rng.random() < 0.5 else int(rng.choice(sinks))
        naive.append((graphs.Instance(edges, source, target), target == end))
    assert np.mean([graphs.leak(i) == label for i, label in naive]) > 0.6


def test_doubling_takes_logarithmic_rounds():
    long_path = graphs.Instance({v: v + 1 for v in range(1, 1000)}, 1, 1000)
    assert graphs.doubling(long_path) == (True, 10)


def test_rules_that_conflict_and_unknown_tokens_are_named():
    rules = [CounterRule("a", "0", "a"), CounterRule("a", "0", "a", zero={"S": True})]
    with pytest.raises(ValueError, match="two rules apply at once"):
        CounterMachine(("a",), "0", "S", rules)
    with pytest.raises(ValueError, match=r"reads the tokens '0\|#\$', got \['x'\]"):
        RNN.run("0x")
