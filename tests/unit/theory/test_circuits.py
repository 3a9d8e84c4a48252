"""Circuits as data, and the well-known ones: every input of small sizes, against plain Python."""

import doctest
import itertools
import random
from math import ceil, log2

import numpy as np
import pytest

from pararnn_edu.theory import circuit_bits as cb
from pararnn_edu.theory import circuits
from pararnn_edu.theory.circuits import all_of, any_of, at_least, trace, tree


def all_inputs(n: int) -> np.ndarray:
    """All 2^n words, one in each column: a circuit answers them all in one evaluation."""
    return np.array(list(itertools.product((0, 1), repeat=n))).T.reshape(n, 2**n)


def as_number(bits):
    return sum(np.asarray(bit, dtype=object) * 2**weight for weight, bit in enumerate(bits))


@pytest.mark.parametrize("module", [circuits, cb])
def test_the_examples_in_the_docstrings(module):
    assert doctest.testmod(module, extraglobs={"trace": trace}).failed == 0


def test_gates_levels_and_layers():
    circuit = trace(lambda x: [(x[0] | x[1]) & ~x[2], x[2]], 4)
    assert [gate.kind for gate in circuit.gates] == ["input"] * 4 + ["or", "not", "and"]
    assert circuit.levels == (0, 0, 0, 0, 1, 0, 2)
    assert circuit.layers == ((0, 1, 2, 3, 5), (4,), (6,))
    assert (circuit.size, circuit.depth, circuit.fan_in) == (2, 2, 2)
    assert circuit([0, 1, 0, 9]) == (1, 0)
    assert repr(circuit) == "Circuit(4 inputs, 2 gates of fan-in 2, depth 2)"
    assert hash(circuit) == hash(trace(lambda x: [(x[0] | x[1]) & ~x[2], x[2]], 4))


def test_levels_are_the_longest_chains():
    circuit = trace(lambda x: (x[0] * x[1] + x[2]) * x[2] - x[1], 3)
    depth = {}
    for place, gate in enumerate(circuit.gates):
        depth[place] = (gate.kind in ("add", "mul")) + max((depth[a] for a in gate.args), default=0)
    assert circuit.levels == tuple(depth.values())
    for layer in circuit.layers[1:]:
        for place in layer:
            assert max(circuit.levels[a] for a in circuit.gates[place].args) < circuit.levels[place]


def test_gates_that_nothing_needs_are_dropped():
    def wasteful(x):
        _ = x[0] & x[1]
        return x[0] | x[1]

    assert trace(wasteful, 2).size == 1


def test_zero_and_one_need_no_gate():
    circuit = trace(lambda x: [x[0] & 1, 0 | x[0], x[0] * 1, x[0] + 0, x[0] & 0, x[0] ^ 0], 1)
    assert circuit.size == 0
    assert circuit([1]) == (1, 1, 1, 1, 0, 1)
    assert trace(lambda x: x[0] ^ 1, 1)([1]) == 0


@pytest.mark.parametrize("b", [5, -2, 1, 0])
def test_plain_numbers_stand_on_either_side(b):
    circuit = trace(lambda x: [x[0] - b, b - x[0], b * x[0], x[0] + b, -x[0]], 1)
    for a in (3, -7):
        assert circuit([a]) == (a - b, b - a, a * b, a + b, -a)


@pytest.mark.parametrize("k", range(6))
def test_gates_of_any_fan_in(k):
    words = all_inputs(4)
    circuit = trace(lambda x: [all_of(x), any_of(x), at_least(k, x)], 4)
    conjunction, disjunction, threshold = circuit(words)
    assert (conjunction == words.min(0)).all()
    assert (disjunction == words.max(0)).all()
    assert (threshold == (words.sum(0) >= k)).all()
    assert (circuit.depth, circuit.fan_in) == (1, 4)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 100])
def test_a_tree_keeps_the_order_and_is_balanced(n):
    letters = [chr(65 + i) for i in range(n)]
    assert tree(lambda a, b: a + b, letters) == "".join(letters)
    assert tree(lambda a, b: 1 + max(a, b), [0] * n) == ceil(log2(n))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: trace(lambda x: x[0] & x[1], 2)([1]), ValueError, "2 inputs, got 1"),
        (lambda: trace(lambda x: x[0] and x[1], 2), TypeError, "cannot branch"),
        (lambda: trace(lambda x: x[0] + "a", 1), TypeError, "wire or a number, got 'a'"),
        (lambda: all_of([1, 0]), TypeError, "at least one wire"),
        (lambda: tree(max, []), ValueError, "at least one element"),
        (lambda: trace(lambda x: trace(lambda y: x[0] & y[0], 1), 1), ValueError, "share a wire"),
        (lambda: trace(lambda x: cb.add(x[:1], x[1:]), 3), ValueError, "1 and 2 bits"),
    ],
)
def test_wrong_use_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


PARITIES = {
    "tree": cb.parity,
    "dnf": cb.parity_dnf,
    "threshold": cb.parity_threshold,
    **{f"blocks of {k}": lambda bits, k=k: cb.parity_depth_3(bits, k) for k in (1, 2, 3, 7)},
}


@pytest.mark.parametrize("n", range(1, 10))
@pytest.mark.parametrize("kind", PARITIES)
def test_parity(kind, n):
    words = all_inputs(n)
    circuit = trace(PARITIES[kind], n)
    assert (circuit(words) == words.sum(0) % 2).all()


def test_parity_sizes_and_depths():
    for n in (2, 5, 8, 11):
        tree_, dnf, threshold = (trace(PARITIES[k], n) for k in ("tree", "dnf", "threshold"))
        assert (tree_.size, tree_.depth) == (3 * (n - 1), 2 * ceil(log2(n)))
        assert (dnf.size, dnf.depth) == (2 ** (n - 1) + 1, 2)
        assert (threshold.size, threshold.depth) == (n + 1, 2)
    blocks = trace(lambda x: cb.parity_depth_3(x, 4), 16)
    assert (blocks.size, blocks.depth) == (4 * 2**4 + 2**3 + 1, 3)


def test_no_smaller_or_of_ands_computes_parity():
    """A term true on odd words only names every bit: all 3^4 terms over four bits."""
    words = all_inputs(4)
    odd = words.sum(0) % 2 == 1
    for term in itertools.product((0, 1, None), repeat=4):
        named = [(i, value) for i, value in enumerate(term) if value is not None]
        true = np.all([words[i] == value for i, value in named], axis=0) | np.zeros(16, bool)
        if not (true & ~odd).any():
            assert len(named) == 4


@pytest.mark.parametrize("n", range(1, 11))
def test_majority(n):
    words = all_inputs(n)
    for circuit in (trace(cb.majority, n), trace(cb.majority_fan_in_2, n)):
        assert (circuit(words) == (words.sum(0) > n / 2)).all()
    assert circuit.fan_in <= 2
    assert trace(cb.majority, n).depth == 1


def test_majority_of_many_bits_is_shallow():
    rng = random.Random(0)
    circuit = trace(cb.majority_fan_in_2, 501)
    assert circuit.depth <= 8 * log2(501)
    for ones in (0, 250, 251, 501):
        word = [1] * ones + [0] * (501 - ones)
        rng.shuffle(word)
        assert circuit(word) == (ones > 250)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
def test_sums_and_products_of_all_numbers(m):
    words = all_inputs(2 * m)
    x, y = as_number(words[:m]), as_number(words[m:])
    total = trace(lambda w: cb.add(w[:m], w[m:]), 2 * m)
    product = trace(lambda w: cb.multiply(w[:m], w[m:]), 2 * m)
    assert (as_number(total(words)) == x + y).all()
    assert (as_number(product(words)) == x * y).all()


@pytest.mark.parametrize("m", [16, 32])
def test_long_numbers(m):
    rng = random.Random(m)
    total = trace(lambda w: cb.add(w[:m], w[m:]), 2 * m)
    product = trace(lambda w: cb.multiply(w[:m], w[m:]), 2 * m)
    assert total.depth <= 2 * log2(m) + 4
    assert product.depth <= 10 * log2(m)
    for x, y in [(2**m - 1, 2**m - 1), (0, 0), (rng.getrandbits(m), rng.getrandbits(m))]:
        given = [x >> i & 1 for i in range(m)] + [y >> i & 1 for i in range(m)]
        assert as_number(total(given)) == x + y
        assert as_number(product(given)) == x * y


def test_many_numbers_of_unequal_length():
    words = all_inputs(7)
    parts = [slice(0, 1), slice(1, 4), slice(4, 6), slice(6, 7)]
    circuit = trace(lambda w: cb.add_many([w[part] for part in parts]), 7)
    assert (as_number(circuit(words)) == sum(as_number(words[part]) for part in parts)).all()


def walk(edges, start):
    """Every vertex that can be reached, by a plain search."""
    seen, todo = {start}, [start]
    while todo:
        vertex = todo.pop()
        for other, edge in enumerate(edges[vertex]):
            if edge and other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_reachability(n):
    def flat(w):
        rows = cb.reachable([w[i * n : (i + 1) * n] for i in range(n)])
        return [entry for row in rows for entry in row]

    circuit = trace(flat, n * n)
    rounds = ceil(log2(n - 1)) if n > 2 else 0
    assert circuit.depth == rounds * (1 + ceil(log2(n)))
    rng = random.Random(n)
    for _ in range(30):
        edges = [[int(rng.random() < 1.3 / n) for _ in range(n)] for _ in range(n)]
        found = np.reshape(circuit([edge for row in edges for edge in row]), (n, n))
        for start in range(n):
            assert set(np.flatnonzero(found[start])) == walk(edges, start)
