"""Stacks held in one number each, and multi-stack machines as three ReLU layers.

A stack of symbols 0..m-1 is a number in [0, 1) written in base B >= 2m with the odd digits
1, 3, ..., 2m-1 only, its top first; the empty stack is 0. A top b lies in [(2b+1)/B, (2b+2)/B):
between neighbours, and below the lowest, a gap of 1/B stays empty however deep the stack. A
ReLU ramp fits into the gap, so the top is read exactly with weights that do not depend on the
depth. For two symbols B = 4. (In base 2 without gaps tops come arbitrarily close, and no
continuous step can tell them apart at every depth.) After Siegelmann and Sontag (1995).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import NamedTuple

from .relu_machine import ONE, ReluRNN, add, relu_rnn, scale

ANY = "*"  # a condition on a top: whatever it is, or nothing
EMPTY = ""  # a condition on a top: the stack is empty


def base(symbols: int) -> int:
    """The least power of two with room for `symbols` odd digits: floats divide by it exactly."""
    return 2 ** (2 * symbols - 1).bit_length()


def push(s, b, base=4):
    """The stack `s` with symbol `b` on top. `s` may be a Fraction or any float."""
    return (2 * b + 1 + s) / base


def at_least(s, b, base=4):
    """1 if the top is symbol b or higher, else 0 (0 if empty): two ReLUs, a ramp in the gap."""
    return _relu(base * s - 2 * b) - _relu(base * s - (2 * b + 1))


def pop(s, symbols=2, base=4):
    """The stack without its top; the empty stack stays empty."""
    higher = sum(at_least(s, b, base) for b in range(1, symbols))
    return base * s - at_least(s, 0, base) - 2 * higher


def top(s, symbols=2, base=4):
    """The symbol on top, None if the stack is empty."""
    if at_least(s, 0, base) == 0:
        return None
    return sum(at_least(s, b, base) for b in range(1, symbols))


def stack_value(word: Sequence[int], base: int = 4) -> Fraction:
    """The number of the stack whose symbols, from the top down, are `word`."""
    s = Fraction(0)
    for b in reversed(word):
        s = push(s, b, base)
    return s


def stack_word(s: Fraction, base: int = 4) -> list[int]:
    """The symbols of an exact stack, from the top down, by its digits.

    **Raises** `ValueError` if the number is no stack.
    """
    word, rest = [], Fraction(s)
    while rest:
        digit = int(rest * base)
        if not 0 <= rest < 1 or digit % 2 == 0 or len(word) > 10_000:
            raise ValueError(f"{s} is not a stack in base {base}: its digits must be odd")
        word.append(digit // 2)
        rest = rest * base - digit
    return word


def _relu(v):
    return v if v > 0 else 0 * v


class StackRule(NamedTuple):
    """In `state`, on `token`, with these `tops`: go to `next` and act on every stack.

    A top is a symbol, `EMPTY` or `ANY`. An action is a string: "-" drops the top, symbols are
    pushed in order. So "" keeps the stack, "-" pops, "-ab" puts a and then b in its place.
    """

    state: str
    token: str
    tops: tuple[str, ...]
    next: str
    actions: tuple[str, ...]


@dataclass(frozen=True)
class StackMachine:
    """A deterministic machine with a finite control and several stacks.

    `symbols` are those on the stacks, `states[0]` is the start. Where no rule applies the
    machine stops for good and rejects. A word is accepted if it ends in a state of `accepting`.

    **Raises** `ValueError` if two rules may apply at once.
    """

    states: tuple[str, ...]
    tokens: str
    symbols: str
    stacks: int
    rules: Sequence[StackRule]
    accepting: tuple[str, ...] = ("acc",)

    def __post_init__(self):
        self._table  # noqa: B018  (built now, so that a conflict is found now)

    @property
    def base(self) -> int:
        """The base in which the network writes a stack."""
        return base(len(self.symbols))

    def interpret(self, word: str) -> list[tuple[str | None, tuple[str, ...]]]:
        """(control, stacks) after each token, with Python lists: no numbers, no network.

        Stacks are strings, top first; control None means that the machine has stopped.
        """
        state, stacks, run = self.states[0], [""] * self.stacks, []
        for token in word:
            rule = self._table.get((state, token, *(stack[:1] for stack in stacks)))
            state = rule.next if rule else None
            actions = rule.actions if rule else ["-" + s[:1] for s in stacks]
            stacks = [_act(stack, action) for stack, action in zip(stacks, actions, strict=True)]
            run.append((state, tuple(stacks)))
        return run

    @cached_property
    def _table(self) -> dict:
        table, tops = {}, [EMPTY, *self.symbols]
        for rule in self.rules:
            options = [tops if top == ANY else [top] for top in rule.tops]
            for seen in product(*options):
                key = (rule.state, rule.token, *seen)
                if key in table:
                    raise ValueError(f"two rules apply at once: {table[key]} and {rule}")
                table[key] = rule
        return table

    def rnn(self) -> ReluRNN:
        """The machine as a network. State: one-hot control, then one number per stack.

        Layer 1 reads the tops with ramps. Layer 2 has one *and* per rule, and the stacks with
        and without their tops. Layer 3 chooses: for every action on a stack, relu(v + u - 1) is
        v if the action is wanted (u = 1) and 0 if not (u = 0), since v lies in [0, 1]. The
        output adds up. All weights are constants, powers of two and small whole numbers.
        """
        control = {f"q:{state}": int(state == self.states[0]) for state in self.states}
        stacks = [f"s{k}" for k in range(self.stacks)]
        same = {name: {name: 1} for name in [*control, *self.tokens, *stacks]}
        ramps = {
            f"{s}>{cut}": {s: self.base, ONE: -cut}
            for s in stacks
            for cut in range(2 * len(self.symbols))
        }
        fires = {f"rule {r}": self._condition(rule) for r, rule in enumerate(self.rules)}
        kept = {s: {s: 1} for s in stacks} | {f"{s} popped": self._popped(s) for s in stacks}
        return relu_rnn(
            self.tokens,
            control | dict.fromkeys(stacks, 0),
            same | ramps,
            fires | kept,
            self._choices(),
            {name: {name: 1} for name in control} | self._chosen(),
        )

    def _ramp(self, s: str, b: int) -> dict:
        """`at_least` in terms of layer 1."""
        return {f"{s}>{2 * b}": 1, f"{s}>{2 * b + 1}": -1} if b < len(self.symbols) else {}

    def _popped(self, s: str) -> dict:
        higher = [scale(self._ramp(s, b), -2) for b in range(1, len(self.symbols))]
        return add({s: self.base}, scale(self._ramp(s, 0), -1), *higher)

    def _condition(self, rule: StackRule) -> dict:
        required = [{f"q:{rule.state}": 1}, {rule.token: 1}]
        for k, top in enumerate(rule.tops):
            if top == EMPTY:
                required.append(add({ONE: 1}, scale(self._ramp(f"s{k}", 0), -1)))
            elif top != ANY:
                b = self.symbols.index(top)
                above = scale(self._ramp(f"s{k}", b + 1), -1)
                required.append(add(self._ramp(f"s{k}", b), above))
        return add(*required, {ONE: 1 - len(required)})

    def _choices(self) -> dict:
        """Layer 3: the next control, and for each stack and action its result or zero."""
        units = {}
        for state in self.states:
            wanted = [f"rule {r}" for r, rule in enumerate(self.rules) if rule.next == state]
            units[f"q:{state}"] = dict.fromkeys(wanted, 1)
        for k, action in self._actions():
            wanted = [f"rule {r}" for r, rule in enumerate(self.rules) if rule.actions[k] == action]
            result = self._result(f"s{k}", action)
            units[f"s{k}{action}!"] = add(result, dict.fromkeys(wanted, 1), {ONE: -1})
        return units

    def _result(self, s: str, action: str) -> dict:
        """What an action makes of a stack, as an affine form of layer 2."""
        form = {f"{s} popped": 1} if action[:1] == "-" else {s: 1}
        for symbol in action.removeprefix("-"):
            digit = 2 * self.symbols.index(symbol) + 1
            form = scale(add(form, {ONE: digit}), Fraction(1, self.base))
        return form

    def _chosen(self) -> dict:
        return {
            f"s{k}": {f"s{j}{action}!": 1 for j, action in self._actions() if j == k}
            for k in range(self.stacks)
        }

    def _actions(self) -> list[tuple[int, str]]:
        pairs = [(k, rule.actions[k]) for k in range(self.stacks) for rule in self.rules]
        return list(dict.fromkeys(pairs))

    def decode(self, state: dict) -> tuple[str | None, tuple[str, ...]]:
        """A state of the network, by name and exact, as `interpret` would write it."""
        now = [name[2:] for name, value in state.items() if name[:2] == "q:" and value == 1]
        words = [stack_word(state[f"s{k}"], self.base) for k in range(self.stacks)]
        return (
            now[0] if now else None,
            tuple("".join(self.symbols[b] for b in word) for word in words),
        )


def _act(stack: str, action: str) -> str:
    """A string's turn: "-" drops the first letter, the others are put in front, in order."""
    if action[:1] == "-":
        stack, action = stack[1:], action[1:]
    return action[::-1] + stack
