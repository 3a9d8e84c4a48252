"""Groups by their tables, against permutations composed one place at a time."""

import itertools
import random

import numpy as np
import pytest

from pararnn_edu.theory import barrington
from pararnn_edu.theory.groups import Group, cyclic, generated, swap, symmetric

S3, S5 = symmetric(3), symmetric(5)


def followed(group, word, place):
    """Where one place goes, letter after letter: no table."""
    for letter in word:
        place = group.permutations[letter][place]
    return place


def test_every_product_of_s3_and_random_words_of_s5():
    for word in itertools.product(range(6), repeat=4):
        product = S3.permutations[S3.walk(word)[-1]]
        assert [followed(S3, word, i) for i in range(3)] == product.tolist()
    rng = random.Random(0)
    word = [rng.randrange(120) for _ in range(500)]
    for t, product in enumerate(S5.walk(word), start=1):
        assert followed(S5, word[:t], 0) == S5.permutations[product][0]


def test_reading_order_is_left_to_right():
    a, b = S3.index((1, 2, 0)), S3.index((1, 0, 2))
    assert S3.permutations[S3.table[a, b]].tolist() == [0, 2, 1]  # 0 -> 1 -> 0, 1 -> 2 -> 2
    assert S3.table[a, b] != S3.table[b, a]


def test_parity_is_addition_modulo_two():
    for word in itertools.product((0, 1), repeat=6):
        assert cyclic(2).walk(word) == [sum(word[: t + 1]) % 2 for t in range(6)]
    assert cyclic(7).walk([]) == []


@pytest.mark.parametrize(
    ("group", "orders", "abelian"),
    [
        (cyclic(1), [1], True),
        (cyclic(6), [6, 1], True),
        (S3, [6, 3, 1], False),
        (symmetric(4), [24, 12, 4, 1], False),
        (S5, [120, 60], False),
    ],
)
def test_derived_series(group, orders, abelian):
    assert [len(s) for s in group.derived_series()] == orders
    assert group.solvable == (orders[-1] == 1)
    assert group.abelian == abelian


def test_generated():
    assert generated(swap(5, 0, 1), (1, 2, 3, 4, 0)).order == 120
    assert generated((1, 2, 0)).order == 3
    klein = generated((1, 0, 3, 2), (2, 3, 0, 1))
    assert klein.abelian and klein.order == 4
    assert all(klein.table[a, a] == klein.identity for a in range(4))


def test_inverses_and_commutators():
    for a in range(120):
        assert S5.table[a, S5.inverses[a]] == S5.identity
    for a, b in itertools.product(range(6), repeat=2):
        assert (S3.commutator(a, b) == S3.identity) == (S3.table[a, b] == S3.table[b, a])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Group([[0, 1]]), r"n x n.*\(1, 2\)"),
        (lambda: Group([[0, 1], [1, 2]]), "product of 1 and 1 is 2"),
        (lambda: Group([[1, 1], [1, 1]]), "no element e"),
        (lambda: Group([[0, 1], [1, 1]]), "element 1 has no inverse"),
        (lambda: Group([[0, 1, 2], [1, 0, 0], [2, 0, 0]]), r"not associative: \(1 1\) 2"),
        (lambda: generated((0, 0, 1)), r"\(0, 0, 1\) is not a permutation"),
        (lambda: generated(), "at least one"),
        (lambda: cyclic(0), "positive int, got 0"),
        (lambda: symmetric(7), "from 1 to 6"),
        (lambda: swap(3, 0, 3), "between 0 and 2"),
        (lambda: S3.index((0, 1, 1)), "not an element"),
        (lambda: Group([[0]]).index((0,)), "no permutations"),
    ],
)
def test_what_is_no_group_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_table_of_floats_is_refused():
    with pytest.raises(TypeError, match="integers, got float64"):
        Group(np.zeros((1, 1)))


def random_formula(rng, depth):
    if depth == 0:
        return rng.randrange(4)
    parts = [random_formula(rng, rng.randrange(depth)) for _ in range(2)]
    kind = rng.choice(["and", "or", "not"])
    return ("not", parts[0]) if kind == "not" else (kind, *parts)


MAJORITY = ("or", ("and", 0, 1), ("or", ("and", 0, 2), ("and", 1, 2)))


def test_barrington_on_all_inputs():
    rng = random.Random(1)
    for formula in [MAJORITY, 0, ("not", ("not", 3))] + [random_formula(rng, 4) for _ in range(25)]:
        program = barrington.compile_formula(formula)
        assert len(program.instructions) <= 4 ** barrington.depth(formula)
        for bits in itertools.product((False, True), repeat=4):
            product = program.group.walk(program.word(bits))[-1]
            wanted = program.true if barrington.evaluate(formula, bits) else S5.identity
            assert product == wanted
    for bits in itertools.product((False, True), repeat=3):
        assert barrington.evaluate(MAJORITY, bits) == (sum(bits) >= 2)


@pytest.mark.parametrize("formula", [("xor", 0, 1), ("and", 0), "0", ()])
def test_what_is_no_formula_is_shown(formula):
    with pytest.raises(ValueError, match="a formula is an int"):
        barrington.compile_formula(formula)
