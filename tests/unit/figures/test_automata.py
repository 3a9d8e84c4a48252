"""Pictures of automata, matrices and accuracies: same bytes for the same input, clear errors."""

import numpy as np
import pytest

from pararnn_edu.figures import automata as figures
from pararnn_edu.theory.regular import compile_regex

LENGTHS = [16, 32, 64]
RUNS = np.array([[1.0, 0.9, 0.2], [1.0, 0.5, 0.1]])


def drawn(expression="(a|b)*abb"):
    dfa = compile_regex(expression)
    return figures.automaton(
        dfa.table, alphabet=dfa.alphabet, accepting=dfa.accepting, start=dfa.start, title="abb"
    )


DRAW = {
    "automaton": drawn,
    "small automaton": lambda: drawn("(aa)*"),
    "one state": lambda: drawn("a*"),
    "transition_matrices": lambda: figures.transition_matrices(
        {"diagonal": (np.diag([1, -0.5]), ["two", "lines"]), "zero": (np.zeros((2, 2)), [])}
    ),
    "generalisation": lambda: figures.generalisation(
        {"a": {"parity": RUNS, "S3": RUNS / 2}, "b": {"S3": RUNS}, "c": {"S5": RUNS}},
        LENGTHS,
        trained=16,
    ),
}


@pytest.mark.parametrize("name", DRAW)
def test_same_input_same_bytes_and_small(name):
    png = DRAW[name]().png()
    assert png == DRAW[name]().png()
    assert len(png) < 60_000


def test_an_automaton_draws_one_arrow_for_each_pair_of_states():
    axes = drawn().axes[0]
    texts = [t.get_text() for t in axes.texts]
    assert sorted(t for t in texts if t.isdigit()) == ["0", "1", "2", "3"]
    assert sorted(t for t in texts if not t.isdigit()) == sorted("baabbaba")


def test_letters_with_the_same_ends_share_an_arrow():
    texts = [t.get_text() for t in drawn("(a|b)*").axes[0].texts]
    assert "a,b" in texts


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: figures.automaton([[0, 1]], alphabet="ab"), r"states 0\.\.0"),
        (lambda: figures.automaton([[0]], alphabet="ab"), "each of 2 letters"),
        (lambda: figures.transition_matrices({}), "dictionary label -> values"),
        (lambda: figures.transition_matrices({"a": ([1.0], [])}), "2 axes"),
        (
            lambda: figures.generalisation({"a": {"S3": RUNS}}, [1, 2], trained=1),
            "3 values for 2 places",
        ),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
