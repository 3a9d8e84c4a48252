"""Programs of rank-one updates h' = h - u (v . h): what RWKV-7 and DeltaNet do in a step.

    overwrite    u = e_j, v = e_j - c        coordinate j becomes c . h           (RWKV-7)
    delta        u = beta k, v = k           I - beta k k^T                       (DeltaNet)

Exact over ints and Fractions with `run`; in floating point through any solver with `step`.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .weighted import exact_array


class RankOne(NamedTuple):
    """The map I - u v^T, two vectors of n ints or Fractions."""

    u: np.ndarray
    v: np.ndarray


def overwrite(n: int, place: int, c: dict[int, Fraction]) -> RankOne:
    """Coordinate `place` becomes sum c[k] h_k; all others stay.

    In RWKV-7's notation, which has states as rows, this is h U with U = I - kappa e_j^T,
    kappa = e_j - c: decay 1, key kappa (not normalised), in-context learning rate e_j. That needs
    kappa_j = 1, so c may not name `place` itself; `ValueError` if it does.
    """
    if place in c:
        raise ValueError(f"coordinate {place} cannot be overwritten by a sum that it is part of")
    u, v = _zeros(n), _zeros(n)
    u[place] = v[place] = 1
    for k, factor in c.items():
        v[k] = -factor
    return RankOne(u, v)


def delta(n: int, beta, key: dict[int, Fraction]) -> RankOne:
    """I - beta k k^T for the key with entries `key`, not normalised: beta |k|^2 is what counts."""
    k = _zeros(n)
    for place, value in key.items():
        k[place] = value
    return RankOne(Fraction(beta) * k, k)


def strength(step: RankOne) -> Fraction:
    """u . v: the map has eigenvalue 1 - u . v once and 1 otherwise.

    For I - beta k k^T this is the beta that belongs to the key of length 1.
    """
    return Fraction(step.u @ step.v)


def scaled_add(n: int, source: int, target: int, c) -> list[RankOne]:
    """h_target += c h_source, exactly, as three steps of the form I - beta k k^T.

    With any u, and w = u + c:

        beta = w / (u (u w - 1)),  key = e_source + u e_target
        beta = c / w,              key = e_source
        beta = u / (u + w),        key = e_source + w e_target

    unless u, w, u w - 1 or u + w is 0; one of u = 1, 2, 3 always serves. For c = 1 and u = 1 these
    are the three steps of Merrill et al. (2026): beta = 2, 1/2, 1/3.
    """
    if source == target:
        raise ValueError(f"source and target must differ, both are {source}")
    c = Fraction(c)
    u, w = next((u, u + c) for u in (1, 2, 3) if (u + c) * (u * (u + c) - 1) * (2 * u + c))
    return [
        delta(n, w / (u * (u * w - 1)), {source: 1, target: u}),
        delta(n, c / w, {source: 1}),
        delta(n, u / (u + w), {source: 1, target: w}),
    ]


def matrix_by_overwrites(matrix) -> list[RankOne]:
    """h' = M h in 2 n overwrites on 2 n coordinates: h stands in the first n, the rest is scratch.

    Row by row into the scratch, which does not disturb h, and back.
    """
    M = _square(matrix)
    n = len(M)
    there = [overwrite(2 * n, n + i, dict(enumerate(M[i]))) for i in range(n)]
    return there + [overwrite(2 * n, i, {n + i: 1}) for i in range(n)]


def matrix_by_deltas(matrix) -> list[RankOne]:
    """h' = M h in 3 n^2 + 5 n steps I - beta k k^T on 2 n coordinates.

    Clear the scratch (beta = 1, key e_i), add M_ij h_j to place i, clear h, copy back.
    """
    M = _square(matrix)
    n = len(M)
    steps = [delta(2 * n, 1, {n + i: 1}) for i in range(n)]
    for i in range(n):
        for j in range(n):
            steps += scaled_add(2 * n, j, n + i, M[i, j])
    steps += [delta(2 * n, 1, {i: 1}) for i in range(n)]
    for i in range(n):
        steps += scaled_add(2 * n, n + i, i, 1)
    return steps


def product_by_overwrites(matrices: Sequence) -> list[RankOne]:
    """M_1 M_2 ... M_T of 3 x 3 matrices on 18 coordinates, nine overwrites a matrix.

    The product so far stands row by row in one half; entry (i, j) of the next, the sum over k of
    P_ik M_kj, is written into the other half, and the halves change roles. `product_start()` is
    the start, and `product_of` reads the result off.
    """
    steps = []
    for t, M in enumerate(map(_three, matrices)):
        old, new = (0, 9) if t % 2 == 0 else (9, 0)
        for i in range(3):
            for j in range(3):
                row = {old + 3 * i + k: M[k, j] for k in range(3)}
                steps.append(overwrite(18, new + 3 * i + j, row))
    return steps


def product_by_deltas(matrices: Sequence) -> list[RankOne]:
    """The same with steps I - beta k k^T, ninety a matrix: clear nine, add twenty-seven times."""
    steps = []
    for t, M in enumerate(map(_three, matrices)):
        old, new = (0, 9) if t % 2 == 0 else (9, 0)
        steps += [delta(18, 1, {new + place: 1}) for place in range(9)]
        for i in range(3):
            for j in range(3):
                for k in range(3):
                    steps += scaled_add(18, old + 3 * i + k, new + 3 * i + j, M[k, j])
    return steps


def product_start() -> np.ndarray:
    """The identity in the first half, zeros in the second."""
    return exact_array([*np.eye(3, dtype=int).ravel(), *[0] * 9])


def product_of(state, count: int) -> np.ndarray:
    """The product of `count` matrices, from the state after the last of its steps."""
    half = np.asarray(state)[9:] if count % 2 else np.asarray(state)[:9]
    return half.reshape(3, 3)


def run(steps: Iterable[RankOne], h) -> np.ndarray:
    """The state after all steps, exactly."""
    h = exact_array(h)
    for u, v in steps:
        h = h - u * (v @ h)
    return h


def arrays(steps: Sequence[RankOne], dtype=jnp.float32) -> tuple[Array, Array]:
    """All u and all v as floating-point arrays `(T, n)`, the inputs for `step`."""
    stack = lambda rows: jnp.asarray(np.array(rows, float), dtype)
    return stack([s.u for s in steps]), stack([s.v for s in steps])


def step(h: Float[Array, " n"], uv: tuple[Array, Array]) -> Float[Array, " n"]:
    """h - u (v . h): one step, for `pr.unroll` and `pr.solve`."""
    u, v = uv
    return h - u * jnp.vdot(v, h)


def _zeros(n: int) -> np.ndarray:
    return exact_array([0] * n)


def _square(matrix) -> np.ndarray:
    M = exact_array(matrix)
    if M.ndim != 2 or M.shape[0] != M.shape[1]:
        raise ValueError(f"expected a square matrix, got shape {M.shape}")
    return M


def _three(matrix) -> np.ndarray:
    M = _square(matrix)
    if len(M) != 3:
        raise ValueError(f"expected 3 x 3 matrices, got shape {M.shape}")
    return M
