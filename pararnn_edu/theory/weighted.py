"""Weighted automata: every word gets a number, the sum over its paths of products of weights."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .automata import DFA, check_alphabet, letters_of
from .pd import PD, pd_from_matrix


@dataclass(frozen=True, eq=False)
class WeightedAutomaton:
    """n states; letter a has a matrix M_a, and M_a[i, j] is the weight of the step from j to i.

    The value of a word w_1 ... w_T is final . M_{w_T} ... M_{w_1} start, over exact rationals.
    It *accepts* a word if the value is positive. `matrices` maps each letter to an n x n matrix
    of ints or Fractions; `start` and `final` have n entries.

    **Raises** `ValueError` for shapes that do not fit, `TypeError` for floats, which are not exact.
    """

    matrices: Mapping[Hashable, np.ndarray]
    start: np.ndarray
    final: np.ndarray

    def __post_init__(self):
        check_alphabet(self.matrices)
        exact = {a: exact_array(m) for a, m in self.matrices.items()}
        object.__setattr__(self, "matrices", exact)
        object.__setattr__(self, "start", exact_array(self.start))
        object.__setattr__(self, "final", exact_array(self.final))
        n = self.size
        if self.start.shape != (n,) or self.final.shape != (n,):
            raise ValueError(
                f"start and final must be vectors of one length, got {self.start.shape} "
                f"and {self.final.shape}"
            )
        for letter, matrix in exact.items():
            if matrix.shape != (n, n):
                raise ValueError(
                    f"the matrix of {letter!r} must be {n} x {n} to fit start, got {matrix.shape}"
                )

    @property
    def alphabet(self) -> tuple:
        """The letters, in the order of `matrices`."""
        return tuple(self.matrices)

    @property
    def size(self) -> int:
        """The number of states."""
        return self.start.size

    @property
    def deterministic(self) -> bool:
        """Whether at most one path has a weight: one start, one step from a state by a letter."""
        columns = [m != 0 for m in self.matrices.values()]
        return bool((self.start != 0).sum() <= 1 and all((c.sum(0) <= 1).all() for c in columns))

    def value(self, word: Iterable[Hashable]) -> Fraction:
        """The value of `word`, by one exact matrix-vector product a letter."""
        h, matrices = self.start, list(self.matrices.values())
        for letter in letters_of(word, self.alphabet):
            h = matrices[letter] @ h
        return Fraction(self.final @ h)

    def value_by_paths(self, word: Iterable[Hashable]) -> Fraction:
        """The same from the definition, path by path: up to n^(T+1) of them. For checks."""
        matrices = list(self.matrices.values())
        steps = [matrices[letter] for letter in letters_of(word, self.alphabet)]

        def paths_from(state: int, rest: list) -> Fraction:
            if not rest:
                return Fraction(self.final[state])
            column = rest[0][:, state]
            return sum((w * paths_from(i, rest[1:]) for i, w in enumerate(column) if w), Fraction())

        return sum((w * paths_from(j, steps) for j, w in enumerate(self.start) if w), Fraction())

    def accepts(self, word: Iterable[Hashable]) -> bool:
        """Whether the value is positive."""
        return self.value(word) > 0

    def pd(self, letter: Hashable) -> PD:
        """The matrix of a letter as P diag(w); `ValueError` if the automaton branches there."""
        return pd_from_matrix(self.matrices[letter])


def from_dfa(dfa: DFA) -> WeightedAutomaton:
    """Weight 1 on every transition: value 1 for accepted words, 0 for the others."""
    one_hot = np.eye(dfa.size, dtype=int)
    matrices = {a: one_hot[:, dfa.table[:, k]] for k, a in enumerate(dfa.alphabet)}
    final = [int(s in dfa.accepting) for s in range(dfa.size)]
    return WeightedAutomaton(matrices, one_hot[dfa.start], final)


def binary_value() -> WeightedAutomaton:
    """A word over 0, 1 gets the number that it writes in binary: h' = 2 h + bit."""
    return WeightedAutomaton(
        {"0": [[2, 0], [0, 1]], "1": [[2, 1], [0, 1]]}, start=[0, 1], final=[1, 0]
    )


def exact_array(values) -> np.ndarray:
    """An array of Python ints and Fractions (dtype object), or `TypeError` for floats."""
    array = np.array(values, dtype=object)
    if array.size and not all(isinstance(x, (int, np.integer, Fraction)) for x in array.flat):
        wrong = next(x for x in array.flat if not isinstance(x, (int, np.integer, Fraction)))
        raise TypeError(f"weights must be ints or Fractions, got {type(wrong).__name__} {wrong!r}")
    plain = [x if isinstance(x, Fraction) else int(x) for x in array.flat]
    out = np.empty(array.shape, dtype=object)
    out.ravel()[:] = plain
    return out
