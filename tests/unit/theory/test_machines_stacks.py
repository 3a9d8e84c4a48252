"""Stacks in a number, machines with stacks, Turing machines, circuits: against plain Python."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from pararnn_edu.theory import precision, stacks
from pararnn_edu.theory.circuit_value import NandCircuit, circuit_machine, random_circuit
from pararnn_edu.theory.stacks import ANY, StackMachine, StackRule
from pararnn_edu.theory.turing import busy_beaver, increment, palindromes


def words(symbols, longest):
    return [w for n in range(longest + 1) for w in itertools.product(symbols, repeat=n)]


@pytest.mark.parametrize(("symbols", "longest", "base"), [(2, 10, 4), (3, 5, 8), (4, 4, 8)])
def test_stacks_are_exact(symbols, longest, base):
    assert stacks.base(symbols) == base
    for word in words(range(symbols), longest):
        s = stacks.stack_value(word, base)
        assert stacks.stack_word(s, base) == list(word)
        assert stacks.top(s, symbols, base) == (word[0] if word else None)
        assert stacks.pop(s, symbols, base) == stacks.stack_value(word[1:], base)
        assert stacks.pop(stacks.push(s, 1, base), symbols, base) == s


def test_tops_keep_a_gap_at_every_depth():
    """0 alone, then tops 0 in [1/4, 1/2) and 1 in [3/4, 1): ramps fit in between."""
    values = {word: stacks.stack_value(word) for word in words((0, 1), 10)}
    assert all(Fraction(1, 4) <= s < Fraction(1, 2) for w, s in values.items() if w[:1] == (0,))
    assert all(Fraction(3, 4) <= s < 1 for w, s in values.items() if w[:1] == (1,))
    with pytest.raises(ValueError, match="digits must be odd"):
        stacks.stack_word(Fraction(1, 2))


def test_a_network_is_its_machine_step_by_step(rng):
    """Random words, most of them malformed: also where the machine stops for good."""
    machine = circuit_machine()
    rnn = machine.rnn()
    for _ in range(30):
        word = "".join(rng.choice(list("01<>rnp"), 25, p=[0.25, 0.25, 0.15, 0.15, 0.1, 0.05, 0.05]))
        states = [dict(zip(rnn.names, state, strict=True)) for state in rnn.run(word)]
        for (control, plain), state in zip(machine.interpret(word), states, strict=True):
            if control is None:
                assert all(value == 0 for value in state.values())
                break
            assert machine.decode(state) == (control, plain)


@pytest.mark.parametrize(
    ("machine", "inputs"),
    [
        (palindromes(), ["".join(w) for w in words("01", 4)] + ["0110110", "10110011"]),
        (increment(), [f"{n:b}" for n in range(17)]),
        (busy_beaver(), [""]),
    ],
    ids=["palindromes", "increment", "busy beaver"],
)
def test_turing_machines_run_on_two_stacks(machine, inputs):
    compiled = machine.compile()
    rnn = compiled.rnn()
    for word in inputs:
        state, tape, steps = machine.interpret(word)
        text = machine.clocked(word, steps)
        control, held = compiled.decode(rnn.final(text))
        assert (control, machine.tape(held)) == (f"@{state}", tape)
        assert compiled.interpret(text)[-1] == (control, held)
        if steps:  # not one step earlier
            assert compiled.interpret(text[:-1])[-1][0] != f"@{state}"


def test_what_the_turing_machines_compute():
    assert all(
        (palindromes().interpret("".join(w))[0] == "yes") == (w == w[::-1]) for w in words("01", 6)
    )
    assert all(increment().interpret(f"{n:b}")[1] == f"{n + 1:b}" for n in range(64))
    assert busy_beaver().interpret("") == ("halt", "111111", 14)
    with pytest.raises(RuntimeError, match="not halted after 3 steps"):
        busy_beaver().interpret("", max_steps=3)


def test_all_small_circuits():
    wires = list(itertools.product(range(2), repeat=2))
    circuits = [
        NandCircuit(bits, (first, second))
        for bits in itertools.product((0, 1), repeat=2)
        for first in wires
        for second in itertools.product(range(3), repeat=2)
    ]
    machine = circuit_machine()
    rnn = machine.rnn()
    last = rnn.run_many([circuit.tokens() for circuit in circuits])
    assert last[:, rnn.names.index("q:1")].tolist() == [c.values()[-1] for c in circuits]
    assert len(circuits) == 144


def test_a_circuit_too_deep_for_any_float(rng):
    machine = circuit_machine()
    circuit = random_circuit(rng, 4, 60, 6)
    control, (values, spare) = machine.decode(machine.rnn().final(circuit.tokens()))
    assert values[::-1] == "".join(map(str, circuit.values()))
    assert (control, spare) == (str(circuit.values()[-1]), "")


def test_circuit_values_by_hand():
    xor = NandCircuit((1, 0), ((0, 1), (0, 2), (1, 2), (3, 4)))
    assert xor.values() == [1, 0, 1, 0, 1, 1]
    assert xor.depth() == 3
    with pytest.raises(ValueError, match=r"wire 2 must read wires 0\.\.1"):
        NandCircuit((1, 0), ((0, 2),)).tokens()


def test_weights_do_not_depend_on_the_circuit():
    weights = {w for layer in circuit_machine().rnn().layers for w in layer.W.flat}
    assert weights == {-2, -1, 0, 1, 2, 4, Fraction(1, 4)}


@pytest.mark.parametrize(
    ("dtype", "bits", "one_on_top", "zero_on_top"),
    [(np.float16, 11, 6, 7), (np.float32, 24, 13, 13), (np.float64, 53, 27, 28)],
)
def test_precision_is_memory(dtype, bits, one_on_top, zero_on_top, rng):
    def sample(newest):
        def of(depth):
            if depth <= 7:
                return [(*w, newest) for w in itertools.product((0, 1), repeat=depth - 1)]
            return [(*w, newest) for w in rng.integers(0, 2, (25, depth - 1)).tolist()]

        return of

    assert precision.significand_bits(dtype) == bits
    for newest, depth in ((1, one_on_top), (0, zero_on_top)):
        assert precision.first_failure(dtype, sample(newest)) == depth
        assert precision.predicted_failure(dtype, newest) == depth


def test_rules_that_conflict_are_named():
    rules = [StackRule("a", "0", (ANY,), "a", ("",)), StackRule("a", "0", ("1",), "a", ("-",))]
    with pytest.raises(ValueError, match="two rules apply at once"):
        StackMachine(("a",), "0", "01", 1, rules)
