"""Automata as linear RNNs: exact references, then the solvers, in floating point."""

import itertools
import random
import re
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.theory import rank_one
from pararnn_edu.theory.automata import DFA, modulo, of_group, parity
from pararnn_edu.theory.groups import symmetric
from pararnn_edu.theory.linear_rnns import linear_rnn
from pararnn_edu.theory.pd import PD, pd_from_matrix, pd_states
from pararnn_edu.theory.regular import compile_regex
from pararnn_edu.theory.weighted import WeightedAutomaton, binary_value, from_dfa

THIRD = Fraction(1, 3)
BRANCHING = WeightedAutomaton(
    {"a": [[1, THIRD], [-2, 0]], "b": [[0, 1], [Fraction(5, 7), -1]]}, [1, 2], [1, -THIRD]
)
ONE_PATH = WeightedAutomaton(
    {"a": [[2, 0, 0], [0, 0, THIRD], [0, -1, 0]], "b": [[0, 0, 0], [1, 1, 0], [0, 0, 5]]},
    [1, 0, 0],
    [1, 1, 1],
)


def words(alphabet, most):
    return [w for n in range(most + 1) for w in itertools.product(alphabet, repeat=n)]


@pytest.mark.parametrize("automaton", [BRANCHING, ONE_PATH], ids=["branching", "one-path"])
def test_the_value_is_the_sum_over_paths(automaton):
    for word in words("ab", 6):
        assert automaton.value(word) == automaton.value_by_paths(word)
        assert automaton.accepts(word) == (automaton.value(word) > 0)
    assert automaton.deterministic == (automaton is ONE_PATH)


def test_binary_numbers():
    for word in words("01", 7):
        assert binary_value().value(word) == int("0" + "".join(word), 2)
    long = "".join(random.Random(0).choices("01", k=200))
    assert binary_value().value(long) == int(long, 2)


def test_products_of_pd_matrices_are_pd():
    """Both senses: columns one-hot with targets that meet, and permutations; exact."""
    rng = random.Random(1)
    for n in range(1, 6):
        for permute in (False, True):
            maps = []
            for _ in range(2):
                targets = rng.sample(range(n), n) if permute else rng.choices(range(n), k=n)
                weights = [Fraction(rng.randint(-3, 3), rng.randint(1, 3)) for _ in range(n)]
                maps.append(PD(np.array(targets), np.array(weights, object)))
            later, earlier = maps
            product = later.after(earlier)
            assert (product.matrix() == later.matrix() @ earlier.matrix()).all()
            assert not permute or product.permutes
            h = np.array([Fraction(k + 1) for k in range(n)], object)
            assert (product.apply(h) == later.apply(earlier.apply(h))).all()


def test_pd_from_matrix_is_the_matrix():
    for matrix in ([[0, 0], [3, 0]], [[0, -1], [0, 2]], [[0, 5], [7, 0]]):
        if np.count_nonzero(matrix, axis=0).max() <= 1:
            assert (pd_from_matrix(matrix).matrix() == np.array(matrix)).all()
        else:
            with pytest.raises(ValueError, match="column 1 holds 2 numbers"):
                pd_from_matrix(matrix)
    with pytest.raises(ValueError, match=r"square.*\(1, 2\)"):
        pd_from_matrix([[1, 2]])


@pytest.mark.parametrize("length", [1, 2, 37])
def test_pd_scan_is_exact_and_equals_the_values(length):
    """Integer weights in an integer dtype: no rounding anywhere in the tree of products."""
    rng = np.random.default_rng(length)
    targets = rng.integers(0, 4, (length, 4))
    weights = rng.choice([-1, 0, 1, 1], (length, 4))
    h0 = np.array([1, 2, 3, 4])
    got = np.asarray(pd_states(PD(targets, weights), h0))
    h = h0
    for t in range(length):
        h = PD(targets[t], weights[t]).matrix() @ h
        assert (got[t] == h).all()


def test_deterministic_weighted_automata_as_pd():
    automaton = ONE_PATH
    for word in words("ab", 5)[1:]:
        h = automaton.start
        for letter in word:
            h = automaton.pd(letter).apply(h)
        assert automaton.final @ h == automaton.value_by_paths(word)
    with pytest.raises(ValueError, match="column 0 holds 2"):
        BRANCHING.pd("a")


EXPRESSION = "(a|b)*abb|(ba)+"


@pytest.mark.parametrize("backend", ["sequential", "associative", "chunked"])
def test_regular_languages_run_by_a_linear_recurrence(backend):
    """Every word of length 6, in one batch, after every letter, against `re`."""
    rnn = linear_rnn(EXPRESSION)
    everything = ["".join(w) for w in itertools.product("ab", repeat=6)]
    A = jnp.stack([rnn.matrices(w) for w in everything])
    run = lambda A: pr.linear_recurrence(A, jnp.zeros(A.shape[:2]), rnn.h0, backend=backend)
    answers = np.asarray(rnn.accepts(jax.vmap(run)(A)))
    for word, row in zip(everything, answers, strict=True):
        prefixes = [word[: t + 1] for t in range(6)]
        assert row.tolist() == [bool(re.fullmatch(EXPRESSION, p)) for p in prefixes]


@pytest.mark.parametrize(
    ("source", "structure"),
    [
        (EXPRESSION, "column-one-hot"),
        (parity(), "permutation-diagonal"),
        (modulo(5), "permutation-diagonal"),
        (binary_value(), "dense"),
        (DFA("a", [[0]], 0, {0}), "diagonal"),
        (of_group(symmetric(3), {0}), "permutation-diagonal"),
    ],
    ids=["regex", "parity", "mod-5", "binary", "one-state", "S3"],
)
def test_newton_takes_one_step_and_is_exact(source, structure):
    rnn = linear_rnn(source, jnp.float64)
    assert rnn.structure == structure
    alphabet = rnn.automaton.alphabet
    word = random.Random(2).choices(alphabet, k=50)
    guess = jnp.full((50, len(rnn.h0)), 2.0)
    sol = pr.solve(rnn.step, rnn.encode(word), rnn.h0, initial_guess=guess)
    assert int(sol.steps) == 1
    exact = rnn.automaton.start
    for letter, h in zip(word, np.asarray(sol.states), strict=True):
        exact = rnn.automaton.matrices[letter] @ exact
        assert h.tolist() == [float(x) for x in exact]


def test_s5_by_a_scan_over_twenty_thousand_letters():
    """Five numbers and a PD scan, against the 120 x 120 table."""
    S5, T = symmetric(5), 20_000
    word = np.random.default_rng(4).integers(0, 120, T)
    targets = jnp.asarray(S5.permutations)[word]
    tokens = pd_states(PD(targets, jnp.ones((T, 5), jnp.int32)), jnp.arange(5))
    wanted = S5.permutations[S5.walk(word)]  # wanted[t, i] is where i stands
    assert (np.take_along_axis(np.asarray(tokens), wanted, 1) == np.arange(5)).all()


def test_parity_and_a_dfa_of_weight_one():
    dfa = compile_regex("(a|b)*abb")
    automaton = from_dfa(dfa)
    for word in words("ab", 6):
        assert automaton.value(word) == int(dfa.accepts(word))


@pytest.mark.parametrize("c", [Fraction(p, q) for p in range(-9, 10) for q in (1, 2, 3)], ids=str)
def test_scaled_addition_in_three_delta_steps(c):
    steps = rank_one.scaled_add(4, 2, 0, c)
    assert len(steps) == 3
    for basis in np.eye(4, dtype=int):
        wanted = [basis[0] + c * basis[2], *basis[1:]]
        assert rank_one.run(steps, basis).tolist() == wanted
    for u, v in steps:  # each of the form beta k k^T
        assert (np.outer(u, v) == np.outer(v, u)).all()
    # A matrix of norm above 1 is no product of matrices of norm at most 1.
    assert (
        c == 0 or max(map(rank_one.strength, steps)) > 2 or min(map(rank_one.strength, steps)) < 0
    )


def test_the_three_steps_of_the_paper():
    steps = rank_one.scaled_add(3, 0, 1, 1)
    assert rank_one.run(steps, [3, 5, 7]).tolist() == [3, 8, 7]
    assert [rank_one.strength(s) for s in steps] == [4, Fraction(1, 2), Fraction(5, 3)]


@pytest.mark.parametrize("by", [rank_one.matrix_by_overwrites, rank_one.matrix_by_deltas])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_any_matrix_by_rank_one_steps(by, n):
    rng = random.Random(n)
    M = [[Fraction(rng.randint(-4, 4), rng.randint(1, 3)) for _ in range(n)] for _ in range(n)]
    steps = by(M)
    assert len(steps) == (2 * n if by is rank_one.matrix_by_overwrites else 3 * n * n + 5 * n)
    h = [Fraction(k + 1, 2) for k in range(n)]
    rubbish = [9] * n
    wanted = [sum(a * b for a, b in zip(row, h, strict=True)) for row in M]
    assert rank_one.run(steps, h + rubbish).tolist()[:n] == wanted


def plain_product(matrices):
    """By loops over Python ints: independent of numpy's products."""
    P = [[int(i == j) for j in range(3)] for i in range(3)]
    for M in matrices:
        P = [[sum(P[i][k] * int(M[k][j]) for k in range(3)) for j in range(3)] for i in range(3)]
    return P


@pytest.mark.parametrize("by", [rank_one.product_by_overwrites, rank_one.product_by_deltas])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 24])
def test_iterated_products_are_exact(by, count):
    matrices = np.random.default_rng(count).integers(-1, 2, (count, 3, 3))
    steps = by(matrices)
    assert len(steps) == count * (9 if by is rank_one.product_by_overwrites else 90)
    state = rank_one.run(steps, rank_one.product_start())
    assert rank_one.product_of(state, count).tolist() == plain_product(matrices)


def test_weighted_automata_by_overwrites():
    for word in words("ab", 4):
        state = [*BRANCHING.start, 0, 0]
        for letter in word:
            state = rank_one.run(rank_one.matrix_by_overwrites(BRANCHING.matrices[letter]), state)
        assert BRANCHING.final @ state[:2] == BRANCHING.value_by_paths(word)


def test_rank_one_steps_through_the_solver():
    """Exact in float64 as long as the numbers fit; one Newton step."""
    matrices = np.random.default_rng(0).integers(-1, 2, (12, 3, 3))
    steps = rank_one.product_by_overwrites(matrices)
    h0 = jnp.asarray(rank_one.product_start().astype(float))
    sol = pr.solve(rank_one.step, rank_one.arrays(steps, jnp.float64), h0)
    assert int(sol.steps) == 1
    assert rank_one.product_of(sol.states[-1], 12).tolist() == plain_product(matrices)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: WeightedAutomaton({"a": [[0.5]]}, [1], [1]), TypeError, "got float 0.5"),
        (lambda: WeightedAutomaton({"a": [[1, 2]]}, [1], [1]), ValueError, "1 x 1 to fit start"),
        (lambda: WeightedAutomaton({"a": [[1]]}, [1], [1, 2]), ValueError, r"\(1,\) and \(2,\)"),
        (lambda: binary_value().value("012"), ValueError, "'2' at position 2"),
        (lambda: linear_rnn(3), TypeError, "got int"),
        (lambda: rank_one.overwrite(3, 1, {1: 1}), ValueError, "coordinate 1 cannot"),
        (lambda: rank_one.scaled_add(3, 1, 1, 2), ValueError, "must differ"),
        (lambda: rank_one.matrix_by_deltas([[1, 2]]), ValueError, "square"),
        (lambda: rank_one.product_by_overwrites([np.eye(2, dtype=int)]), ValueError, "3 x 3"),
    ],
)
def test_wrong_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
