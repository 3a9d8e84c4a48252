"""Newton's method on the machines: steps counted, in exact arithmetic and by `pr.solve`."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.theory import graphs
from pararnn_edu.theory.circuit_value import NandCircuit, circuit_machine
from pararnn_edu.theory.counter import connectivity_machine
from pararnn_edu.theory.pieces import bits, newton_exact

PATH = graphs.Instance({1: 2, 2: 3, 3: 4}, 1, 4)
XOR = NandCircuit((1, 0), ((0, 1), (0, 2), (1, 2), (3, 4)))
CASES = {
    "counter": (connectivity_machine().rnn(), graphs.encode(PATH)),
    "circuit": (circuit_machine().rnn(), XOR.tokens()),
}


@pytest.fixture(params=list(CASES))
def case(request):
    return CASES[request.param]


def solved(rnn, word, **options):
    return pr.solve(
        rnn.cell(**options),
        jnp.asarray(rnn.one_hot(word)),
        jnp.asarray(rnn.h0()),
        pr.Newton(scan="sequential"),
        tol=1e-14,
        max_steps=len(word),
    )


def test_exact_newton_ends_in_the_run_and_counts_as_solve_does(case):
    rnn, word = case
    iterates = newton_exact(rnn, word)
    assert np.array_equal(iterates[-1], rnn.run(word))
    solution = solved(rnn, word)
    assert int(solution.steps) == len(iterates) - 1
    assert np.array_equal(np.asarray(solution.states), iterates[-1].astype(float))


def test_the_derivative_at_the_kink_decides_the_count():
    rnn, word = CASES["counter"]
    counts = [len(newton_exact(rnn, word, kink=k)) - 1 for k in (0, Fraction(1, 2), 1)]
    assert counts[0] == len(word) - 1
    assert max(counts[1:]) < counts[0]
    half = solved(rnn, word, relu=lambda z: jnp.maximum(z, 0))
    assert int(half.steps) == counts[1]


def test_one_more_step_makes_one_more_state_exact(case):
    rnn, word = case
    exact = rnn.run(word)
    for k, states in enumerate(newton_exact(rnn, word)):
        assert np.array_equal(states[:k], exact[:k])


def test_bits_grow_with_the_length_not_with_the_steps():
    rnn, word = CASES["circuit"]
    iterates = newton_exact(rnn, word)
    assert max(map(bits, iterates)) <= 4 * len(word)


def test_from_the_solution_no_step_is_taken_and_limits_are_kept(case):
    rnn, word = case
    assert len(newton_exact(rnn, word, guess=rnn.run(word))) == 1
    with pytest.raises(RuntimeError, match="not exact after 3 Newton steps"):
        newton_exact(rnn, word, max_steps=3)
