"""From one kind of circuit to another: bits to numbers, rationals to integers, and to residues.

>>> from .circuits import trace
>>> trace(lambda x: x[0] + x[1], 2)
Circuit(2 inputs, 1 gates of fan-in 2, depth 1)
>>> over_integers(trace(lambda x: x[0] + x[1], 2))([1, 2, 1, 3])  # 1/2 + 1/3
(5, 6)
"""

import operator
from collections.abc import Sequence
from fractions import Fraction
from math import prod

from .circuits import Circuit, trace, tree

# Bits as the numbers 0 and 1. A threshold gate has no such rule of constant depth.
BITS_AS_NUMBERS = {
    "and": lambda xs, k: tree(operator.mul, xs),
    "or": lambda xs, k: 1 - tree(operator.mul, [1 - x for x in xs]),
    "not": lambda xs, k: 1 - xs[0],
}
# Rationals as pairs (numerator, denominator) that are never cancelled.
PAIRS = {
    "add": lambda xs, k: (xs[0][0] * xs[1][1] + xs[1][0] * xs[0][1], xs[0][1] * xs[1][1]),
    "mul": lambda xs, k: (xs[0][0] * xs[1][0], xs[0][1] * xs[1][1]),
}


def arithmetise(circuit: Circuit) -> Circuit:
    """The same function of bits from + and * alone: `x and y` is xy, `not x` is 1 - x.

    The result is a number, 1 for true and 0 for false, so "is it positive?" is the old answer.
    Depth grows by a constant factor when the fan-in is bounded: NC1 is inside PNC1.
    """
    kinds = {gate.kind for gate in circuit.gates} - {"input", "constant", *BITS_AS_NUMBERS}
    if kinds:
        raise ValueError(f"only AND, OR and NOT can be replaced by + and *, not {sorted(kinds)}")
    return trace(lambda wires: circuit(wires, BITS_AS_NUMBERS), circuit.inputs)


def over_integers(circuit: Circuit) -> Circuit:
    """A circuit over the rationals as one over the integers, of at most twice the depth.

    Every number becomes a pair: a/b + c/d = (ad + cb) / (bd) and a/b * c/d = (ac) / (bd). Inputs
    and outputs are the pairs one after the other: numerator, denominator, numerator, ...
    """

    def paired(wires):
        given = list(zip(wires[::2], wires[1::2], strict=True))
        found = lifted.values(given, PAIRS)
        return [part for place in lifted.outputs for part in found[place]]

    lifted = _constants_as_pairs(circuit)
    return trace(paired, 2 * circuit.inputs)


def bit_length(number) -> int:
    """How many binary digits it takes to write an int, or numerator and denominator, without sign.

    The integer circuit of `over_integers` may hold larger numbers: it never cancels.
    """
    exact = Fraction(number)
    whole = exact.denominator == 1
    return exact.numerator.bit_length() + (0 if whole else exact.denominator.bit_length())


def bit_growth(circuit: Circuit, given: Sequence) -> list[int]:
    """The longest number, in bits, on each level of the circuit from the inputs to the outputs."""
    found = circuit.values(given)
    return [
        max((bit_length(found[place]) for place in layer), default=0) for layer in circuit.layers
    ]


def residue_rules(primes) -> dict:
    """Rules that compute modulo one prime, or entry by entry modulo an array of them.

    `circuit(values, residue_rules(primes))` handles numbers no longer than the primes.
    """
    return {
        "add": lambda xs, k: (xs[0] + xs[1]) % primes,
        "mul": lambda xs, k: (xs[0] * xs[1]) % primes,
    }


def from_residues(residues: Sequence[int], primes: Sequence[int]) -> int:
    """The integer of least absolute value with these residues: the Chinese remainder theorem.

    It is the number meant, if that lies between minus and plus half the product of the primes.
    """
    modulus = prod(map(int, primes))
    total = 0
    for residue, prime in zip(residues, primes, strict=True):
        rest = modulus // int(prime)
        total += int(residue) * rest * pow(rest, -1, int(prime))
    total %= modulus
    return total - modulus if 2 * total > modulus else total


def _constants_as_pairs(circuit: Circuit) -> Circuit:
    def pair(gate):
        if gate.kind != "constant":
            return gate
        exact = Fraction(gate.number)
        return gate._replace(number=(exact.numerator, exact.denominator))

    return Circuit(tuple(map(pair, circuit.gates)), circuit.outputs, circuit.inputs, circuit.single)
