"""Linear RNNs as arithmetic circuits: exact, against a plain loop, with their depth counted."""

import doctest
import itertools
import random
from fractions import Fraction
from math import ceil, log2

import numpy as np
import pytest

from pararnn_edu.theory import arithmetic, circuit_bits
from pararnn_edu.theory.circuit_lrnn import LowRank, lrnn_circuit
from pararnn_edu.theory.circuits import trace
from pararnn_edu.theory.pd import PD

KINDS = ("diagonal", "permutation", "dense", "low rank", "mixed")


def example(kind, d, n, seed=0, offset=True):
    """(steps, the same matrices written out, h0) with random rational numbers."""
    rng = random.Random(f"{kind} {d} {n} {seed}")

    def number():
        return Fraction(rng.randint(-5, 5), rng.randint(1, 4))

    def vector():
        return [number() for _ in range(d)]

    def step(kind):
        if kind == "mixed":
            kind = rng.choice(KINDS[:-1])
        if kind == "diagonal":
            a = vector()
            return a, [[a[i] * (i == j) for j in range(d)] for i in range(d)]
        if kind == "permutation":
            to, w = rng.sample(range(d), d), vector()
            return PD(to, w), [[w[j] * (to[j] == i) for j in range(d)] for i in range(d)]
        if kind == "dense":
            rows = [vector() for _ in range(d)]
            return rows, rows
        a, u, v = vector(), [vector(), vector()], [vector(), vector()]
        outer = [[sum(u[r][i] * v[r][j] for r in (0, 1)) for j in range(d)] for i in range(d)]
        full = [[outer[i][j] + (a[i] if i == j else 0) for j in range(d)] for i in range(d)]
        return LowRank(a, u, v), full

    pairs = [step(kind) for _ in range(n)]
    offsets = [vector() if offset else None for _ in range(n)]
    steps = [(A, b) for (A, _), b in zip(pairs, offsets, strict=True)]
    return steps, [full for _, full in pairs], vector()


def loop(steps, matrices, h0):
    """All states, one after the other."""
    states, h = [], h0
    for (_, b), A in zip(steps, matrices, strict=True):
        h = [
            sum(x * y for x, y in zip(row, h, strict=True)) + (b[i] if b else 0)
            for i, row in enumerate(A)
        ]
        states.append(h)
    return states


def levels(kind, d):
    """Levels of one composition: a product and a sum over the nonzeros of a row and b."""
    nonzeros = 1 if kind in ("diagonal", "permutation") else d
    return 1 + ceil(log2(nonzeros + 1))


@pytest.mark.parametrize("offset", [True, False])
@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_the_loop(kind, d, n, offset):
    steps, matrices, h0 = example(kind, d, n, offset=offset)
    states = loop(steps, matrices, h0)
    written_out = 3 if kind in ("low rank", "mixed") else 0
    bound = levels(kind, d) * ceil(log2(n + 1)) + written_out
    for order in ("tree", "scan", "chain"):
        circuit, numbers = lrnn_circuit(steps, h0, order=order)
        wanted = states[-1] if order != "scan" else [entry for h in states for entry in h]
        assert list(circuit(numbers)) == wanted
        assert circuit.fan_in == 2
        if order != "chain":
            assert circuit.depth <= bound


@pytest.mark.parametrize(("kind", "d"), [("diagonal", 3), ("permutation", 3), ("dense", 2)])
def test_the_depth_is_the_formula(kind, d):
    for n in (1, 3, 7, 15, 31, 16, 20):
        steps, _, h0 = example(kind, d, n)
        tree = lrnn_circuit(steps, h0).circuit
        assert tree.depth == levels(kind, d) * ceil(log2(n + 1))
        assert lrnn_circuit(steps, h0, order="scan").circuit.depth <= tree.depth
        chain = lrnn_circuit(steps, h0, order="chain").circuit
        assert n <= chain.depth <= levels(kind, d) * n
        assert chain.size <= tree.size


def test_targets_may_agree():
    """P need not be a permutation: two numbers that meet are added."""
    steps = [(PD([1, 1, 0], [2, 3, 5]), [1, 0, 0]), (PD([0, 0, 0], [1, -1, 4]), None)]
    circuit, numbers = lrnn_circuit(steps, [7, 11, 13])
    assert list(circuit(numbers)) == [(5 * 13 + 1) - (2 * 7 + 3 * 11), 0, 0]


@pytest.mark.parametrize("kind", ["diagonal", "permutation", "dense"])
def test_long_sequences(kind):
    steps, matrices, h0 = example(kind, 2, 300)
    circuit, numbers = lrnn_circuit(steps, h0)
    assert list(circuit(numbers)) == loop(steps, matrices, h0)[-1]


def test_every_word_of_a_parity_network():
    """h_t = (1 - 2 x_t) h_{t-1} from 1 is positive exactly after an even number of ones."""
    for word in itertools.product((0, 1), repeat=7):
        circuit, numbers = lrnn_circuit([([1 - 2 * x], None) for x in word], [1])
        assert (circuit(numbers)[0] > 0) == (sum(word) % 2 == 0)
        assert circuit.depth == 3


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([([1, 2], [1])], "step 1: b has 1 entries, but h0 has 2"),
        ([([1, 2], None), ([1], None)], "step 2: A has 1 entries"),
        ([([[1, 2], [3]], None)], r"A\[1\] has 1 entries"),
        ([(PD([0, 1], [1]), None)], "A.weights has 1 entries"),
        ([(LowRank([1, 2], [[1, 2]], []), None)], "1 vectors u, but 0"),
        ([(LowRank([1, 2], [[1]], [[1, 2]]), None)], "has 1 entries"),
    ],
)
def test_wrong_shapes_are_named(steps, message):
    with pytest.raises(ValueError, match=message):
        lrnn_circuit(steps, [1, 1])


def test_wrong_order_is_named():
    with pytest.raises(ValueError, match=r"'chain', 'scan', 'tree'.*got 'up'"):
        lrnn_circuit([([1], None)], [1], order="up")


def pairs(numbers):
    return [part for x in numbers for part in (Fraction(x).numerator, Fraction(x).denominator)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 4])
def test_rationals_by_integers(kind, n):
    steps, matrices, h0 = example(kind, 2, n)
    circuit, numbers = lrnn_circuit(steps, h0)
    integer = arithmetic.over_integers(circuit)
    found = integer(pairs(numbers))
    assert all(isinstance(x, int) for x in found)
    ratios = [Fraction(a, b) for a, b in zip(found[::2], found[1::2], strict=True)]
    assert ratios == loop(steps, matrices, h0)[-1]
    assert circuit.depth < integer.depth <= 2 * circuit.depth


def test_constants_are_rational_too():
    circuit = trace(lambda x: x[0] * Fraction(1, 3) + Fraction(-2, 7), 1)
    a, b = arithmetic.over_integers(circuit)([5, 2])
    assert Fraction(a, b) == Fraction(5, 6) - Fraction(2, 7)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_bits_as_numbers(n):
    words = np.array(list(itertools.product((0, 1), repeat=n))).T.reshape(n, 2**n)
    boolean = trace(circuit_bits.parity, n)
    number = arithmetic.arithmetise(boolean)
    assert (number(words) == words.sum(0) % 2).all()
    assert {gate.kind for gate in number.gates} <= {"input", "constant", "add", "mul"}
    assert number.depth <= 7 * boolean.depth


def test_thresholds_are_not_arithmetic():
    with pytest.raises(ValueError, match=r"not \['threshold'\]"):
        arithmetic.arithmetise(trace(circuit_bits.majority, 3))


def test_products_of_sign_matrices_have_n_log_3_bits():
    ones = [[1] * 3] * 3
    for n in (4, 16, 64):
        circuit, numbers = lrnn_circuit([(ones, None)] * n, [1, 1, 1])
        growth = arithmetic.bit_growth(circuit, numbers)
        assert list(circuit(numbers)) == [3**n] * 3
        assert growth[0] == 1
        assert growth[-1] == (3**n).bit_length() == int(n * log2(3)) + 1
        assert growth == sorted(growth)


def test_bits_of_a_number():
    assert [arithmetic.bit_length(x) for x in (0, 1, -8, Fraction(3, 4))] == [0, 1, 4, 5]


@pytest.mark.parametrize("n", [1, 7, 40])
def test_residues_meet_again(n):
    rng = random.Random(n)
    steps = [([[rng.choice((-1, 0, 1)) for _ in range(3)] for _ in range(3)], None)] * n
    circuit, numbers = lrnn_circuit(steps, [1, -1, 1])
    primes = np.array([251, 241, 239, 233, 229, 227, 223, 211, 199, 197])
    rules = arithmetic.residue_rules(primes)
    found = circuit([np.asarray(x) % primes for x in numbers], rules)
    assert [arithmetic.from_residues(x, primes) for x in found] == list(circuit(numbers))


def test_from_residues_covers_minus_half_to_plus_half():
    primes = (2, 3, 5)
    for x in range(-14, 16):
        assert arithmetic.from_residues([x % p for p in primes], primes) == x


@pytest.mark.parametrize("module", [arithmetic])
def test_the_examples_in_the_docstrings(module):
    assert doctest.testmod(module).failed == 0
