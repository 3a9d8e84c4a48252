"""A recurrent network whose step is a small ReLU network with weights written down by hand.

    z_0 = [h; x],   z_l = relu(W_l z_{l-1} + b_l),   h' = W z_L + b

Weights are whole numbers or fractions, so the network can be run exactly, in any float type,
or as a problem for `pr.solve`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

ONE = "one"  # the bias in an affine form; tokens are single letters, so no token has this name


class Layer(NamedTuple):
    """One affine layer: `W` (rows, columns) and `b` (rows,), exact, and the rows' names."""

    W: np.ndarray
    b: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True)
class ReluRNN:
    """h_t = step(h_{t-1}, x_t) with x_t the one-hot vector of token t.

    `names` are those of the state's coordinates, `start` is h_0, `layers` are as in the
    module's text: ReLU after each but the last.
    """

    tokens: str
    names: tuple[str, ...]
    start: tuple
    layers: tuple[Layer, ...]

    def run(self, word: str) -> np.ndarray:
        """All states (T, d), exactly: Python integers and fractions, no rounding anywhere."""
        h, states = list(self.start), []
        for token in self._known(word):
            h = self._exact_step(h, [int(token == each) for each in self.tokens])
            states.append(h)
        return np.array(states, dtype=object).reshape(len(word), len(self.names))

    def final(self, word: str) -> dict:
        """The last state by name, exactly; h_0 for the empty word."""
        states = self.run(word)
        return dict(zip(self.names, states[-1] if len(word) else self.start, strict=True))

    def one_hot(self, word: str, dtype=np.float64) -> np.ndarray:
        """The inputs (T, tokens)."""
        index = np.array([self.tokens.index(token) for token in self._known(word)], dtype=int)
        return np.eye(len(self.tokens), dtype=dtype)[index]

    def arrays(self, dtype=np.float64) -> list[tuple[np.ndarray, np.ndarray]]:
        """The layers' `(W, b)` as ordinary arrays."""
        return [(layer.W.astype(dtype), layer.b.astype(dtype)) for layer in self.layers]

    def h0(self, dtype=np.float64) -> np.ndarray:
        """The initial state (d,) as an ordinary array."""
        return np.array(self.start, dtype=object).astype(dtype)

    def run_many(self, words: Sequence[str], dtype=np.float64) -> np.ndarray:
        """Last states (N, d) of N words, all at once, in a float or integer type."""
        *hidden, (W, b) = self.arrays(dtype)
        length = max(map(len, words))
        xs = np.zeros((length, len(words), len(self.tokens)), dtype)
        for n, word in enumerate(words):
            xs[: len(word), n] = self.one_hot(word, dtype)
        h = np.tile(self.h0(dtype), (len(words), 1))
        ends, last = np.array([len(word) for word in words]), h.copy()
        for t, x in enumerate(xs, 1):
            z = np.concatenate([h, x], axis=1)
            for V, c in hidden:
                z = np.maximum(z @ V.T + c, 0)
            h = z @ W.T + b
            last[ends == t] = h[ends == t]
        return last

    def cell(self, dtype=jnp.float64, relu: Callable = jax.nn.relu) -> Callable:
        """`(h, x) -> next h` in JAX, for `pr.unroll` and `pr.solve`.

        `relu` matters for Newton: its derivative at zero is a choice. `jax.nn.relu` says 0,
        `lambda z: jnp.maximum(z, 0)` says 1/2.
        """
        *hidden, (W, b) = [(jnp.asarray(V), jnp.asarray(c)) for V, c in self.arrays(dtype)]

        def step(h, x):
            z = jnp.concatenate([h, x.astype(h.dtype)])
            for V, c in hidden:
                z = relu(V @ z + c)
            return W @ z + b

        return step

    def _known(self, word: str) -> str:
        unknown = sorted(set(word) - set(self.tokens))
        if unknown:
            raise ValueError(f"the machine reads the tokens {self.tokens!r}, got {unknown}")
        return word

    def _exact_step(self, h: Sequence, x: Sequence) -> list:
        z = [*h, *x]
        for layer in self.sparse[:-1]:
            z = [max(value, 0) for value in _affine(layer, z)]
        return _affine(self.sparse[-1], z)

    @cached_property
    def sparse(self) -> list:
        """The layers as lists of rows `(pairs (column, weight), bias)`, zeros left out."""
        return [
            [([(j, w) for j, w in enumerate(row) if w], b) for row, b in zip(W, bs, strict=True)]
            for W, bs, _ in self.layers
        ]


def relu_rnn(tokens: str, start: dict, *layers: dict) -> ReluRNN:
    """A `ReluRNN` from affine forms by name.

    `start` maps the name of each state coordinate to its first value. Each layer maps the name
    of a new coordinate to its form, `{input's name: weight, ONE: bias}`; the first reads the
    state and the tokens, the last must have the state's names.
    """
    inputs, built = [*start, *tokens], []
    for layer in layers:
        built.append(_layer(layer, inputs))
        inputs = list(layer)
    if inputs != list(start):
        raise ValueError(f"the last layer must give the state {list(start)}, got {inputs}")
    return ReluRNN(tokens, tuple(start), tuple(start.values()), tuple(built))


def _layer(forms: dict, inputs: list[str]) -> Layer:
    columns = {name: j for j, name in enumerate([*inputs, ONE])}
    table = np.zeros((len(forms), len(inputs) + 1), dtype=object)
    for i, form in enumerate(forms.values()):
        for name, weight in form.items():
            table[i, columns[name]] = _plain(weight)
    return Layer(table[:, :-1], table[:, -1], tuple(forms))


def _plain(weight):
    """A whole number as an int, which is faster than a fraction and prints shorter."""
    return int(weight) if Fraction(weight).denominator == 1 else Fraction(weight)


def _affine(rows: list, z: list) -> list:
    return [sum((w * z[j] for j, w in row), start=bias) for row, bias in rows]


def add(*forms: dict) -> dict:
    """The sum of affine forms."""
    total: dict = {}
    for form in forms:
        for name, weight in form.items():
            total[name] = total.get(name, 0) + weight
    return total


def scale(form: dict, factor) -> dict:
    """An affine form times a number."""
    return {name: factor * weight for name, weight in form.items()}
