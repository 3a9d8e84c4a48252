"""Automata as the weights of linear RNNs: h_t = A(x_t) h_{t-1}, read out by one vector."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .automata import DFA, letters_of
from .pd import PD
from .regular import compile_regex
from .weighted import WeightedAutomaton, from_dfa


@dataclass(frozen=True, eq=False)
class LinearRNN:
    """A linear RNN whose weights are a weighted automaton's, in floating point.

    The state holds one number for each state of the automaton. `dtype` is that of the arrays;
    what it cannot hold exactly is rounded, and the `automaton` itself stays there to compare.

        rnn = linear_rnn("(a|b)*abb")
        sol = pr.solve(rnn.step, rnn.encode(word), rnn.h0)      # one Newton step
    """

    automaton: WeightedAutomaton
    A: Float[Array, "letters n n"]
    h0: Float[Array, " n"]
    readout: Float[Array, " n"]

    @property
    def structure(self) -> str:
        """What all matrices have in common, the most special first:

        `"diagonal"`, `"permutation-diagonal"` (one number in each row and each column),
        `"column-one-hot"` (at most one number in each column), `"dense"`.
        """
        filled = np.asarray(self.A) != 0
        if not (filled & ~np.eye(filled.shape[-1], dtype=bool)).any():
            return "diagonal"
        if (filled.sum(1) == 1).all() and (filled.sum(2) == 1).all():
            return "permutation-diagonal"
        return "column-one-hot" if (filled.sum(1) <= 1).all() else "dense"

    def encode(self, word: Iterable[Hashable]) -> Int[Array, " T"]:
        """The letters as numbers; `ValueError` for a letter outside the alphabet."""
        return jnp.array(letters_of(word, self.automaton.alphabet), jnp.int32)

    def step(self, h: Float[Array, " n"], letter: Int[Array, ""]) -> Float[Array, " n"]:
        """One step, for `pr.unroll` and `pr.solve`."""
        return self.A[letter] @ h

    def matrices(self, word: Iterable[Hashable]) -> Float[Array, "T n n"]:
        """A_1, ..., A_T, for `pr.linear_recurrence` (with b = 0)."""
        return self.A[self.encode(word)]

    def pd(self, word: Iterable[Hashable]) -> PD:
        """The same as P diag(w), for `pd_states`; `ValueError` if the automaton branches."""
        table = [self.automaton.pd(a) for a in self.automaton.alphabet]
        letters = self.encode(word)
        targets = jnp.array([m.targets for m in table])
        weights = jnp.array([m.weights.astype(float) for m in table], self.A.dtype)
        return PD(targets[letters], weights[letters])

    def accepts(self, states: Float[Array, "... n"]) -> Array:
        """Whether the readout is positive, for a state or a whole sequence of them."""
        return states @ self.readout > 0


def linear_rnn(source: DFA | WeightedAutomaton | str, dtype=jnp.float32) -> LinearRNN:
    """A linear RNN from an automaton, or from a regular expression."""
    if isinstance(source, str):
        source = compile_regex(source)
    if isinstance(source, DFA):
        source = from_dfa(source)
    if not isinstance(source, WeightedAutomaton):
        raise TypeError(
            "linear_rnn takes a DFA, a WeightedAutomaton or a regular expression, "
            f"got {type(source).__name__}"
        )
    numbers = lambda x: jnp.asarray(np.asarray(x, float), dtype)
    A = np.stack([m.astype(float) for m in source.matrices.values()])
    return LinearRNN(source, numbers(A), numbers(source.start), numbers(source.final))
