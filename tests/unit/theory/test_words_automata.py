"""Automata and regular expressions, against each other and against Python's `re`."""

import itertools
import random
import re

import pytest

from pararnn_edu.theory.automata import DFA, NFA, modulo, of_group, parity
from pararnn_edu.theory.groups import symmetric
from pararnn_edu.theory.regular import RegexError, compile_regex, nfa

SHORT = ["".join(w) for n in range(8) for w in itertools.product("ab", repeat=n)]
EXPRESSIONS = ["", "a", "()", "(|a)b", "(a|b)*abb", "(ab)+a?", "(a(b|aa)*b)*", "((a*b)?a)+", "|"]


def random_expression(rng, depth):
    if depth == 0 or rng.random() < 0.2:
        return rng.choice("ab")
    parts = [random_expression(rng, depth - 1) for _ in range(2)]
    return rng.choice(
        [parts[0] + parts[1], f"({parts[0]}|{parts[1]})", f"({parts[0]}|)"]
        + [f"({parts[0]}){sign}" for sign in "*+?"]
    )


def expressions():
    rng = random.Random(3)
    return EXPRESSIONS + [random_expression(rng, 4) for _ in range(40)]


@pytest.mark.parametrize("expression", expressions())
def test_regular_expressions_agree_with_re(expression):
    wanted = re.compile(expression)
    branching = nfa(expression, "ab")
    subsets = branching.determinised()
    smallest = subsets.minimised()
    for word in SHORT:
        truth = wanted.fullmatch(word) is not None
        assert branching.accepts(word) == truth
        assert subsets.accepts(word) == truth
        assert smallest.accepts(word) == truth
    assert smallest.size == classes(smallest) <= subsets.size


def classes(dfa):
    """The number of different futures of the states that words reach (Myhill and Nerode)."""
    reached = {([dfa.start, *dfa.states(word)])[-1] for word in SHORT if len(word) < dfa.size + 1}
    futures = {
        tuple(
            DFA(dfa.alphabet, dfa.table, state, dfa.accepting).accepts(word)
            for word in SHORT[: 2**7]
        )
        for state in reached
    }
    return len(futures)


def test_long_random_words():
    rng = random.Random(5)
    expression = "((a|b)(a|b))*(aab|b(ab)*)+"
    dfa, wanted = compile_regex(expression), re.compile(expression)
    words = ["".join(rng.choices("ab", k=rng.randrange(200, 400))) for _ in range(50)]
    answers = [dfa.accepts(w) for w in words]
    assert answers == [wanted.fullmatch(w) is not None for w in words]
    assert len(set(answers)) == 2


def test_the_subset_construction_can_grow_exponentially():
    """The sixth letter from the end is an a: 7 states with guessing, 2^6 without."""
    expression = "(a|b)*a" + "(a|b)" * 5
    assert compile_regex(expression).size == 64


@pytest.mark.parametrize(
    ("expression", "position", "message"),
    [
        ("a(b", 1, r"'\(' without '\)'"),
        ("ab)", 2, r"'\)' without '\('"),
        ("*a", 0, "nothing to repeat before"),
        ("(|+)", 2, "nothing to repeat before"),
        ("a**", 2, "a second repeat"),
        ("a+?", 2, "a second repeat"),
        ("a[b]", 1, "not supported"),
        ("a.b", 1, "not supported"),
        ("a\\b", 1, "not supported"),
    ],
)
def test_errors_point_at_the_place(expression, position, message):
    with pytest.raises(RegexError, match=message) as caught:
        compile_regex(expression)
    assert caught.value.position == position
    *_, shown, pointer = str(caught.value).splitlines()
    assert shown.strip() == expression
    assert pointer.index("^") - 4 == position


def test_letters_outside_the_alphabet():
    with pytest.raises(ValueError, match="uses 'c', not in the alphabet"):
        compile_regex("abc", "ab")
    with pytest.raises(ValueError, match="letter 'c' at position 2"):
        compile_regex("ab").accepts("abc")
    with pytest.raises(TypeError, match="must be a str, got int"):
        compile_regex(3)


def test_counting():
    for word in ("".join(w) for w in itertools.product("01", repeat=7)):
        assert parity().accepts(word) == (word.count("1") % 2 == 1)
        assert modulo(3, 2).accepts(word) == (word.count("1") % 3 == 2)
    assert modulo(3).reversible
    assert not compile_regex("(a|b)*abb").reversible


def test_a_group_as_an_automaton():
    S3 = symmetric(3)
    dfa = of_group(S3, {S3.identity})
    assert dfa.reversible
    for word in itertools.product(range(6), repeat=3):
        assert dfa.states(word) == S3.walk(word)
    assert dfa.minimised().size == 6


def test_the_smallest_automaton_forgets_what_cannot_be_reached():
    table = [[1, 2], [1, 2], [2, 2], [0, 3]]  # 0 and 1 are the same; no word leads to 3
    dfa = DFA("ab", table, 0, {0, 1})
    assert dfa.minimised().size == 2
    assert [dfa.minimised().accepts(w) for w in ("", "aa", "ab")] == [True, True, False]


def test_an_automaton_with_no_choice_left():
    stuck = NFA(("a",), [[frozenset()]], frozenset({0}), frozenset({0}))
    assert stuck.accepts("") and not stuck.accepts("a")
    assert stuck.determinised().size == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DFA("ab", [[0]], 0, {0}), r"2 letters, got shape \(1, 1\)"),
        (lambda: DFA("a", [[1]], 0, {0}), "table names state 1"),
        (lambda: DFA("a", [[0]], 2, {0}), "start names state 2"),
        (lambda: DFA("a", [[0]], 0, {-1}), "accepting names state -1"),
        (lambda: DFA("aa", [[0, 0]], 0, {0}), "'a' stands twice"),
        (lambda: modulo(3, 3), "remainder=3"),
    ],
)
def test_wrong_automata_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
