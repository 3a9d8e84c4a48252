"""Counter machines, and their step as three ReLU layers with constant weights.

A counter machine has a finite control and counters that hold integers. In a step it reads a
token and which counters are zero; it changes control and adds -1, 0 or +1 to each counter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from .relu_machine import ONE, ReluRNN, relu_rnn


@dataclass(frozen=True)
class CounterRule:
    """In `state`, on `token`, if the counters in `zero` are (True) or are not (False) zero."""

    state: str
    token: str
    next: str
    add: dict = field(default_factory=dict)
    zero: dict = field(default_factory=dict)


@dataclass(frozen=True)
class CounterMachine:
    """A deterministic counter machine; where no rule applies it stops for good, and rejects.

    `counters` are single upper-case letters; the first of `states` is where it starts, with all
    counters at zero; a word is accepted if the machine ends in one of `accepting`.

    **Raises** `ValueError` if two rules may apply at once.
    """

    states: tuple[str, ...]
    tokens: str
    counters: str
    rules: Sequence[CounterRule]
    accepting: tuple[str, ...] = field(default=("acc",))

    def __post_init__(self):
        self._table  # noqa: B018  (built now, so that a conflict is found now)

    def interpret(self, word: str) -> bool:
        """Whether the machine accepts `word`: dictionaries and integers, no network."""
        state, counts = self.states[0], dict.fromkeys(self.counters, 0)
        for token in word:
            zero = tuple(counts[c] == 0 for c in self.counters)
            rule = self._table.get((state, token, zero))
            if rule is None:
                return False
            state = rule.next
            for counter, change in rule.add.items():
                counts[counter] += change
        return state in self.accepting

    @cached_property
    def _table(self) -> dict:
        table = {}
        for rule in self.rules:
            options = [[rule.zero[c]] if c in rule.zero else [True, False] for c in self.counters]
            for zero in product(*options):
                key = (rule.state, rule.token, zero)
                if key in table:
                    raise ValueError(f"two rules apply at once: {table[key]} and {rule}")
                table[key] = rule
        return table

    def rnn(self) -> ReluRNN:
        """The machine as a network. State: one-hot control, then the counters.

        Layer 1 splits a counter C into C+ = relu(C) and C- = relu(-C), since ReLU passes on
        only what is not negative. Layer 2 tests for zero: relu(1 - C+ - C-) is 1 for C = 0 and
        0 for any other integer. Layer 3 has one unit per rule, an *and*: relu of the sum of
        what the rule requires, minus what it forbids, minus (the number required - 1). The
        output adds up what the rules that fire say: at most one does.
        """
        control = {f"q:{state}": {f"q:{state}": 1} for state in self.states}
        reads = {token: {token: 1} for token in self.tokens}
        split = {f"{c}+": {c: 1} for c in self.counters} | {f"{c}-": {c: -1} for c in self.counters}
        carried = {name: {name: 1} for name in split}
        zeros = {f"{c}=0": {f"{c}+": -1, f"{c}-": -1, ONE: 1} for c in self.counters}
        fires = {f"rule {r}": _condition(rule) for r, rule in enumerate(self.rules)}
        return relu_rnn(
            self.tokens,
            {f"q:{state}": int(state == self.states[0]) for state in self.states}
            | dict.fromkeys(self.counters, 0),
            control | reads | split,
            control | reads | carried | zeros,
            fires | carried,
            self._effects(),
        )

    def _effects(self) -> dict:
        """The last layer: the next control and counters from the rules that fire."""
        control = {
            f"q:{state}": {
                f"rule {r}": 1 for r, rule in enumerate(self.rules) if rule.next == state
            }
            for state in self.states
        }
        counters = {
            c: {f"{c}+": 1, f"{c}-": -1}
            | {f"rule {r}": rule.add[c] for r, rule in enumerate(self.rules) if c in rule.add}
            for c in self.counters
        }
        return control | counters

    def accepts(self, word: str) -> bool:
        """Whether the network accepts `word`, by an exact run."""
        last = self.rnn().final(word)
        return any(last[f"q:{state}"] == 1 for state in self.accepting)


def _condition(rule: CounterRule) -> dict:
    required = [f"q:{rule.state}", rule.token]
    required += [f"{c}=0" for c, is_zero in rule.zero.items() if is_zero]
    forbidden = [f"{c}=0" for c, is_zero in rule.zero.items() if not is_zero]
    return dict.fromkeys(required, 1) | dict.fromkeys(forbidden, -1) | {ONE: 1 - len(required)}


def connectivity_machine() -> CounterMachine:
    """The 16 rules that decide sorted deterministic graph connectivity, the target a sink.

    It reads `0^s | 0^i | 0^j | ... # 0^t $` (see `graphs.encode`). S holds the vertex reached
    so far. For an edge (i, j) the machine takes i from S while it counts i in I; if S is then
    zero, the edge leaves the current vertex and the j that follows becomes S (the I = i < j
    ones taken off again on the way); if not, reading j puts i back. No weight depends on the
    graph. Construction after Merrill et al. (2026), Theorem 2; rules worked out anew.
    """
    R = CounterRule
    rules = (
        R("src", "0", "src", {"S": 1}),
        R("src", "|", "edge"),
        R("edge", "0", "left", {"S": -1, "I": 1}),
        R("edge", "#", "tgt"),
        R("left", "0", "left", {"S": -1, "I": 1}),
        R("left", "|", "eq", zero={"S": True}),
        R("left", "|", "neq", zero={"S": False}),
        R("eq", "0", "eq", {"S": 1, "I": -1}, {"I": False}),
        R("eq", "0", "eq", {"S": 1}, {"I": True}),
        R("eq", "|", "edge"),
        R("neq", "0", "neq", {"S": 1, "I": -1}, {"I": False}),
        R("neq", "0", "neq", zero={"I": True}),
        R("neq", "|", "edge"),
        R("tgt", "0", "tgt", {"S": -1}),
        R("tgt", "$", "acc", zero={"S": True}),
        R("tgt", "$", "rej", zero={"S": False}),
    )
    states = ("src", "edge", "left", "eq", "neq", "tgt", "acc", "rej")
    return CounterMachine(states, "0|#$", "SI", rules)
