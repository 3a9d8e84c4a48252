"""Newton's method on a ReLU network over time, in exact arithmetic.

A ReLU network is affine on pieces: the signs of its units at h decide the map (A, c) with
f(h') = A h' + c for all h' on the same piece. Newton's step at a trajectory replaces f at every
time by the piece the old state lies on. So the new states depend on the old ones only through
the pieces, of which a network has finitely many per token, and each state is a product of at
most T constant matrices: its size in bits grows with T, never with the number of iterations.
"""

from fractions import Fraction

import numpy as np

from .relu_machine import ReluRNN


def newton_exact(
    rnn: ReluRNN,
    word: str,
    *,
    kink: Fraction | int = 0,
    guess: np.ndarray | None = None,
    max_steps: int | None = None,
) -> list[np.ndarray]:
    """Newton's iterates (T, d) from the guess to the solution, as exact numbers.

    It ends when all equations hold exactly; `len(result) - 1` is the number of steps, at most
    T. `kink` is the derivative of ReLU at zero, `guess` is f(h_0, x_t) by default as in
    `pr.solve`. Costs O(T d^2) per step, on numbers of O(T) bits: for small T.

    **Raises** `RuntimeError` if it is not done after `max_steps` (default T).
    """
    T, pieces = len(word), Pieces(rnn, word, kink)
    start = np.array(rnn.start, dtype=object)
    states = guess if guess is not None else pieces.apply([start] * T, [start] * T)
    limit, iterates = T if max_steps is None else max_steps, [states]
    for _ in range(limit + 1):
        points = [start, *iterates[-1][:-1]]
        if np.array_equal(pieces.apply(points, points), iterates[-1]):
            return iterates
        iterates.append(pieces.solve(points, start))
    raise RuntimeError(f"not exact after {limit} Newton steps")


class Pieces:
    """The affine pieces of a network along a word, kept by their sign patterns."""

    def __init__(self, rnn: ReluRNN, word: str, kink: Fraction | int = 0):
        self.rnn, self.word, self.kink, self.seen = rnn, word, kink, {}

    def apply(self, points, arguments) -> np.ndarray:
        """f's pieces at `points`, one per time, each applied to its argument: (T, d)."""
        maps = zip(self.word, points, arguments, strict=True)
        return _rows([A @ h + c for token, p, h in maps for A, c in [self.at(p, token)]])

    def solve(self, points, h) -> np.ndarray:
        """The linear recurrence of one Newton step: h_t = A_t h_{t-1} + c_t."""
        states = []
        for token, point in zip(self.word, points, strict=True):
            A, c = self.at(point, token)
            h = A @ h + c
            states.append(h)
        return _rows(states)

    def at(self, point, token: str) -> tuple[np.ndarray, np.ndarray]:
        """The piece `(A, c)` on which `point` lies: f(h) = A h + c there."""
        x = [int(token == each) for each in self.rnn.tokens]
        slopes = _slopes(self.rnn, [*point, *x], self.kink)
        key = (token, slopes)
        if key not in self.seen:
            self.seen[key] = _compose(self.rnn, slopes, x)
        return self.seen[key]


def _slopes(rnn: ReluRNN, z: list, kink) -> tuple:
    """The derivative of every ReLU, layer by layer, at the input z."""
    found = []
    for rows in rnn.sparse[:-1]:
        sums = [sum((w * z[j] for j, w in row), start=bias) for row, bias in rows]
        found.append(tuple(kink if s == 0 else int(s > 0) for s in sums))
        z = [max(s, 0) for s in sums]
    return tuple(found)


def _compose(rnn: ReluRNN, slopes: tuple, x: list) -> tuple[np.ndarray, np.ndarray]:
    """The network with every ReLU replaced by its slope, as one affine map of the state."""
    d, m = len(rnn.names), len(x)
    A = np.vstack([np.eye(d, dtype=object).astype(int).astype(object), np.zeros((m, d), object)])
    c = np.array([0] * d + x, dtype=object)
    for (W, b, _), slope in zip(rnn.layers, [*slopes, None], strict=True):
        A, c = W @ A, W @ c + b
        if slope is not None:
            D = np.array(slope, dtype=object)
            A, c = D[:, None] * A, D * c
    return A, c


def bits(states: np.ndarray) -> int:
    """The size of the largest number among exact states: numerator and denominator, in bits."""
    sizes = [
        abs(f.numerator).bit_length() + f.denominator.bit_length()
        for f in map(Fraction, states.flat)
    ]
    return max(sizes, default=0)


def _rows(rows: list) -> np.ndarray:
    return np.array(rows, dtype=object).reshape(len(rows), -1)
