"""Circuits as data: gates in order, evaluated level by level, with size and depth counted.

A circuit is written as an ordinary function of its inputs and recorded by `trace`:

    >>> either = trace(lambda x: (x[0] | x[1]) & ~(x[0] & x[1]), 2)
    >>> either.size, either.depth, [int(either(bits)) for bits in [(0, 0), (0, 1), (1, 1)]]
    (3, 2, [0, 1, 0])

Bits are combined with `&`, `|`, `^`, `~` and, for any number of them at once, `all_of`, `any_of`
and `at_least`; numbers (int, Fraction, arrays of them) with `+`, `-` and `*`.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from numbers import Rational
from typing import Any, NamedTuple

# What a gate does with its arguments. `k` is the number a gate carries, if it carries one. The
# rules work on single values and, entry by entry, on numpy arrays: many inputs at once.
RULES: dict[str, Callable] = {
    "and": lambda xs, k: reduce(operator.and_, xs),
    "or": lambda xs, k: reduce(operator.or_, xs),
    "not": lambda xs, k: 1 - xs[0],
    "threshold": lambda xs, k: sum(xs) >= k,
    "add": lambda xs, k: xs[0] + xs[1],
    "mul": lambda xs, k: xs[0] * xs[1],
}
SOURCES = ("input", "constant")
# Not counted: what is given, and negation, which De Morgan's laws push down to the inputs.
UNCOUNTED = (*SOURCES, "not")


class Gate(NamedTuple):
    """One gate: its kind, the places of its arguments, and a number.

    The number is which input it is, the constant, or the threshold; None for other kinds.
    """

    kind: str
    args: tuple[int, ...] = ()
    number: Any = None


@dataclass(frozen=True)
class Circuit:
    """Gates, each after its arguments; `inputs` of them are given, `outputs` are the answer.

    `circuit(values)` evaluates it: a value if the traced function returned one wire, a tuple if
    it returned several. Make one with `trace`.
    """

    gates: tuple[Gate, ...]
    outputs: tuple[int, ...]
    inputs: int
    single: bool

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Per gate: the longest chain of counted gates that ends in it."""
        found: list[int] = []
        for gate in self.gates:
            below = max((found[a] for a in gate.args), default=0)
            found.append(below + (gate.kind not in UNCOUNTED))
        return tuple(found)

    @cached_property
    def layers(self) -> tuple[tuple[int, ...], ...]:
        """The places of the gates of level 0, 1, ..., depth."""
        rows: list[list[int]] = [[] for _ in range(self.depth + 1)]
        for place, level in enumerate(self.levels):
            rows[level].append(place)
        return tuple(map(tuple, rows))

    @property
    def depth(self) -> int:
        """The longest chain of gates; inputs, constants and negations are free."""
        return max(self.levels, default=0)

    @property
    def size(self) -> int:
        """The number of gates, without inputs, constants and negations."""
        return sum(gate.kind not in UNCOUNTED for gate in self.gates)

    @property
    def fan_in(self) -> int:
        """The most arguments of any gate."""
        return max((len(gate.args) for gate in self.gates), default=0)

    def values(self, given: Sequence, rules: dict[str, Callable] = RULES) -> list:
        """The value of every gate, found one layer after the other.

        `rules` says what the kinds of gates do; another dictionary evaluates the same circuit in
        another arithmetic, for instance modulo a prime.
        """
        if len(given) != self.inputs:
            raise ValueError(f"the circuit has {self.inputs} inputs, got {len(given)} values")
        found: list[Any] = [None] * len(self.gates)
        for layer in self.layers:  # the gates of a layer need nothing of one another
            for place in layer:
                kind, args, number = self.gates[place]
                if kind == "input":
                    found[place] = given[number]
                elif kind == "constant":
                    found[place] = number
                else:
                    found[place] = rules[kind]([found[a] for a in args], number)
        return found

    def __call__(self, given: Sequence, rules: dict[str, Callable] = RULES):
        found = self.values(given, rules)
        answer = tuple(found[place] for place in self.outputs)
        return answer[0] if self.single else answer

    def __repr__(self) -> str:
        return (
            f"Circuit({self.inputs} inputs, {self.size} gates of fan-in {self.fan_in}, "
            f"depth {self.depth})"
        )


class Wire:
    """The output of a gate while a circuit is being recorded.

    Combined with the plain number 0 or 1 it needs no gate: `wire * 0` is 0, `wire & 1` the wire.
    """

    __array_ufunc__ = None  # so that a numpy number leaves `number * wire` to the wire

    def __init__(self, tape: list[Gate], place: int):
        self.tape, self.place = tape, place

    def __and__(self, other):
        if _is(other, 0) or _is(other, 1):
            return self if other else 0
        return _gate("and", [self, other])

    def __or__(self, other):
        if _is(other, 0) or _is(other, 1):
            return 1 if other else self
        return _gate("or", [self, other])

    def __xor__(self, other):
        if _is(other, 0) or _is(other, 1):
            return ~self if other else self
        return (self | other) & ~(self & other)

    def __invert__(self):
        return _gate("not", [self])

    def __add__(self, other):
        return self if _is(other, 0) else _gate("add", [self, other])

    def __mul__(self, other):
        if _is(other, 0) or _is(other, 1):
            return self if other else 0
        return _gate("mul", [self, other])

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + other * -1

    def __rsub__(self, other):
        return -self + other

    __rand__, __ror__, __rxor__, __radd__, __rmul__ = __and__, __or__, __xor__, __add__, __mul__

    def __bool__(self):
        raise TypeError("a wire has no value yet: a circuit cannot branch on what it computes")


def trace(function: Callable, inputs: int) -> Circuit:
    """Record the circuit of `function`, called once with a tuple of `inputs` wires.

    The function returns a wire or a sequence of them. Gates that no output needs are dropped.
    """
    tape = [Gate("input", (), i) for i in range(inputs)]
    result = function(tuple(Wire(tape, i) for i in range(inputs)))
    single = not isinstance(result, list | tuple)
    outputs = tuple(_place(tape, wire) for wire in ([result] if single else result))
    return _pruned(tape, outputs, inputs, single)


def all_of(bits: Sequence):
    """One AND gate of any fan-in."""
    return _gate("and", bits)


def any_of(bits: Sequence):
    """One OR gate of any fan-in."""
    return _gate("or", bits)


def at_least(k: int, bits: Sequence):
    """One threshold gate: are at least `k` of the bits 1?"""
    return _gate("threshold", bits, k)


def tree(op: Callable, xs: Sequence):
    """`xs` combined in order by a balanced tree: ceil(log2 n) operations deep."""
    if not xs:
        raise ValueError("a tree needs at least one element, got none")
    if len(xs) == 1:
        return xs[0]
    half = (len(xs) + 1) // 2
    return op(tree(op, xs[:half]), tree(op, xs[half:]))


def _is(x, value: int) -> bool:
    return isinstance(x, Rational) and x == value


def _gate(kind: str, operands: Sequence, number=None) -> Wire:
    tape = next((x.tape for x in operands if isinstance(x, Wire)), None)
    if tape is None:
        raise TypeError(f"a gate needs at least one wire among its arguments, got {operands!r}")
    gate = Gate(kind, tuple(_place(tape, x) for x in operands), number)
    tape.append(gate)
    return Wire(tape, len(tape) - 1)


def _place(tape: list[Gate], x) -> int:
    """Where `x` stands on the tape; a plain number becomes a constant there."""
    if isinstance(x, Wire):
        if x.tape is not tape:
            raise ValueError("two circuits cannot share a wire: trace one function for both")
        return x.place
    if isinstance(x, str) or x is None:
        raise TypeError(f"expected a wire or a number, got {x!r}")
    tape.append(Gate("constant", (), x))
    return len(tape) - 1


def _pruned(tape: list[Gate], outputs: tuple[int, ...], inputs: int, single: bool) -> Circuit:
    needed = {*outputs, *range(inputs)}
    for place in range(len(tape) - 1, -1, -1):
        if place in needed:
            needed.update(tape[place].args)
    kept = sorted(needed)
    new = {old: place for place, old in enumerate(kept)}
    gates = tuple(tape[i]._replace(args=tuple(new[a] for a in tape[i].args)) for i in kept)
    return Circuit(gates, tuple(new[i] for i in outputs), inputs, single)
