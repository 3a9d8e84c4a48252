"""Finite automata as plain interpreters: the references that linear RNNs are compared with."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

Symbol = Hashable


@dataclass(frozen=True, eq=False)
class DFA:
    """A deterministic automaton: from every state, one next state for every letter.

    - `alphabet`: the letters, all different.
    - `table[state][letter]`: the next state, an int; letters are counted in `alphabet`'s order.
    - `start`: the first state.
    - `accepting`: the states in which a word is accepted.

    **Raises** `ValueError` for a table of the wrong shape or states that do not exist.
    """

    alphabet: tuple[Symbol, ...]
    table: np.ndarray
    start: int
    accepting: frozenset[int]

    def __post_init__(self):
        object.__setattr__(self, "alphabet", check_alphabet(self.alphabet))
        object.__setattr__(self, "table", np.array(self.table, dtype=int))
        object.__setattr__(self, "accepting", frozenset(map(int, self.accepting)))
        n, letters = len(self.table), len(self.alphabet)
        if self.table.shape != (n, letters) or not n:
            raise ValueError(
                f"the table must have a row for each state and a column for each of the "
                f"{letters} letters, got shape {self.table.shape}"
            )
        for name, states in (
            ("table", self.table.ravel()),
            ("start", [self.start]),
            ("accepting", self.accepting),
        ):
            wrong = [int(s) for s in states if not 0 <= s < n]
            if wrong:
                raise ValueError(f"{name} names state {wrong[0]}; the states are 0, ..., {n - 1}")

    @property
    def size(self) -> int:
        """The number of states."""
        return len(self.table)

    @property
    def reversible(self) -> bool:
        """Whether every letter permutes the states, so that each step could be undone."""
        return all(len(set(column)) == self.size for column in self.table.T)

    def states(self, word: Iterable[Symbol]) -> list[int]:
        """The state after every letter."""
        state, states = self.start, []
        for letter in letters_of(word, self.alphabet):
            state = int(self.table[state, letter])
            states.append(state)
        return states

    def accepts(self, word: Iterable[Symbol]) -> bool:
        """Whether the automaton ends in an accepting state."""
        return [self.start, *self.states(word)][-1] in self.accepting

    def minimised(self) -> "DFA":
        """The smallest automaton for the same language; its start is state 0.

        Moore's algorithm: states are equal until a letter tells them apart.
        """
        reached = _reachable(self.table, self.start)
        block = {s: int(s in self.accepting) for s in reached}
        while True:
            seen: dict[tuple, int] = {}
            finer = {
                s: seen.setdefault((block[s], *(block[t] for t in self.table[s])), len(seen))
                for s in reached
            }
            if len(seen) == len(set(block.values())):
                break
            block = finer
        table = {finer[s]: [finer[t] for t in self.table[s]] for s in reached}
        accepting = {finer[s] for s in reached if s in self.accepting}
        return DFA(self.alphabet, [table[s] for s in range(len(table))], 0, accepting)


@dataclass(frozen=True, eq=False)
class NFA:
    """A nondeterministic automaton: from every state, any number of next states for a letter.

    `table[state][letter]` is a set of states; a word is accepted if some path ends in `accepting`.
    """

    alphabet: tuple[Symbol, ...]
    table: Sequence[Sequence[frozenset[int]]]
    start: frozenset[int]
    accepting: frozenset[int]

    def accepts(self, word: Iterable[Symbol]) -> bool:
        """Follows all paths at once."""
        states = self.start
        for letter in letters_of(word, self.alphabet):
            states = self._after(states, letter)
        return bool(states & self.accepting)

    def determinised(self) -> DFA:
        """The subset construction: a state for every set of states that some word leads to."""
        number, todo, table = {self.start: 0}, [self.start], []
        for subset in todo:  # grows while it is walked
            after = [self._after(subset, letter) for letter in range(len(self.alphabet))]
            for new in after:
                if new not in number:
                    number[new] = len(number)
                    todo.append(new)
            table.append([number[new] for new in after])
        accepting = {k for subset, k in number.items() if subset & self.accepting}
        return DFA(self.alphabet, table, 0, accepting)

    def _after(self, states: frozenset[int], letter: int) -> frozenset[int]:
        return frozenset().union(*(self.table[s][letter] for s in states))


def modulo(k: int, remainder: int = 0) -> DFA:
    """Accepts words over 0, 1 whose number of ones is `remainder` modulo k."""
    if not isinstance(k, int) or k < 1 or not 0 <= remainder < k:
        raise ValueError(f"modulo needs 0 <= remainder < k, got k={k!r}, remainder={remainder!r}")
    return DFA(("0", "1"), [[s, (s + 1) % k] for s in range(k)], 0, frozenset({remainder}))


def parity() -> DFA:
    """Accepts words over 0, 1 with an odd number of ones."""
    return modulo(2, 1)


def of_group(group, accepting: Iterable[int]) -> DFA:
    """The word problem of a `Group`: the state is the product so far; letters are the elements."""
    return DFA(tuple(range(group.order)), group.table, group.identity, frozenset(accepting))


def letters_of(word: Iterable[Symbol], alphabet: tuple[Symbol, ...]) -> list[int]:
    """The places of a word's letters in the alphabet, or an error that names the foreign one."""
    number = {symbol: k for k, symbol in enumerate(alphabet)}
    word = list(word)
    for position, symbol in enumerate(word):
        if symbol not in number:
            raise ValueError(
                f"letter {symbol!r} at position {position} is not in the alphabet {alphabet}"
            )
    return [number[symbol] for symbol in word]


def check_alphabet(alphabet: Iterable[Symbol]) -> tuple[Symbol, ...]:
    """The alphabet as a tuple, or an error if a letter stands there twice."""
    alphabet = tuple(alphabet)
    twice = [s for s in alphabet if alphabet.count(s) > 1]
    if twice:
        raise ValueError(f"the letter {twice[0]!r} stands twice in the alphabet {alphabet}")
    return alphabet


def _reachable(table: np.ndarray, start: int) -> list[int]:
    found = [start]
    for state in found:  # grows while it is walked
        found += [t for t in dict.fromkeys(table[state].tolist()) if t not in found]
    return found
