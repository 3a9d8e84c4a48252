"""A linear RNN over exact numbers as an arithmetic circuit of logarithmic depth.

    h_t = A_t h_{t-1} + b_t,     t = 1, ..., n

Two steps in a row are one affine map, (A_2, b_2) o (A_1, b_1) = (A_2 A_1, A_2 b_1 + b_2), so n
steps are a balanced tree. The chain of steps, from the same gates, is there to compare with.
"""

import operator
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..scans import schedules
from .circuits import Circuit, Wire, trace, tree
from .pd import PD

Rows = list[list]


class LowRank(NamedTuple):
    """A = diag(a) + u_1 v_1^T + ... + u_r v_r^T: `a` (d,), `u` and `v` each r vectors (d,)."""

    a: Sequence
    u: Sequence[Sequence]
    v: Sequence[Sequence]


class Unrolled(NamedTuple):
    """A circuit and the numbers to give it: `circuit(numbers)` is the state, or all states.

    The circuit depends on n, d, the kinds of matrices and the targets of a `PD`, not on the
    numbers.
    """

    circuit: Circuit
    numbers: tuple


def lrnn_circuit(steps: Sequence[tuple], h0: Sequence, *, order: str = "tree") -> Unrolled:
    """The circuit of a linear RNN.

    - `steps`: pairs (A_t, b_t). A_t is a sequence of d numbers (diagonal), d rows of them (dense),
      a `PD` or a `LowRank`; b_t is a sequence of d numbers, or None for zero.
      Numbers may be ints, Fractions, or anything else that adds and multiplies.
    - `h0`: d numbers.
    - `order`: "tree" for h_n by a balanced tree, "chain" for h_n step by step, "scan" for all of
      h_1, ..., h_n by a Hillis-Steele scan. The outputs are entries, state after state.

    Depth of "tree" and "scan": at most c ceil(log2(n + 1)), where c = 1 + ceil(log2(k + 1)) and k
    is the most nonzeros in a row of any product of the matrices: 1 for diagonal and
    permutation-diagonal, d for dense. A `LowRank` matrix is written out first, at most
    1 + ceil(log2(r + 1)) levels more.
    """
    if order not in _ORDERS:
        raise ValueError(f"order must be one of {sorted(_ORDERS)}, got {order!r}")
    for t, (A, b) in enumerate(steps, 1):
        _check(t, A, b, len(h0))

    def circuit(wires: Sequence[Wire]) -> list:
        supply = iter(wires)
        start = [next(supply) for _ in h0]
        # The state before the first step is an affine map too: one that forgets what it is given.
        maps = [(None, start), *(_read(A, b, supply) for A, b in steps)]
        return [entry for _, state in _ORDERS[order](maps) for entry in state]

    numbers = (*h0, *(number for A, b in steps for number in _numbers(A, b)))
    return Unrolled(trace(circuit, len(numbers)), numbers)


def _compose(earlier: tuple, later: tuple) -> tuple:
    (A1, b1), (A2, b2) = earlier, later
    columns = None if A1 is None else list(zip(*A1, strict=True))
    A = None if A1 is None else [[_dot(row, column) for column in columns] for row in A2]
    return A, [_dot(row, b1, offset) for row, offset in zip(A2, b2, strict=True)]


def _dot(row: Sequence, column: Sequence, offset: Any = 0):
    """row . column + offset as one balanced sum; products with a plain 0 are not there."""
    terms = [x * y for x, y in zip(row, column, strict=True)] + [offset]
    present = [term for term in terms if isinstance(term, Wire) or term != 0]
    return tree(operator.add, present) if present else 0


def _chain(maps: list) -> list:
    state = maps[0]
    for step in maps[1:]:
        state = _compose(state, step)
    return [state]


def _scan(maps: list) -> list:
    maps = list(maps)
    for level in schedules.hillis_steele(len(maps)):
        old = list(maps)
        for later, earlier in level:
            maps[later] = _compose(old[earlier], old[later])
    return maps[1:]


_ORDERS = {"chain": _chain, "tree": lambda maps: [tree(_compose, maps)], "scan": _scan}


def _read(A, b, supply: Iterator[Wire]) -> tuple[Rows, list]:
    """One step, each of its numbers replaced by the next input wire."""
    d = _size(A)

    def take(count: int) -> list:
        return [next(supply) for _ in range(count)]

    if isinstance(A, PD):
        w = take(d)
        rows = [[w[j] if A.targets[j] == i else 0 for j in range(d)] for i in range(d)]
    elif isinstance(A, LowRank):
        a, u, v = take(d), [take(d) for _ in A.u], [take(d) for _ in A.v]
        rows = [[_low_rank_entry(a, u, v, i, j) for j in range(d)] for i in range(d)]
    elif _is_diagonal(A):
        a = take(d)
        rows = [[a[i] if i == j else 0 for j in range(d)] for i in range(d)]
    else:
        rows = [take(d) for _ in range(d)]
    return rows, [0] * d if b is None else take(d)


def _low_rank_entry(a, u, v, i: int, j: int) -> Wire:
    return _dot([x[i] for x in u], [y[j] for y in v], a[i] if i == j else 0)


def _numbers(A, b) -> list:
    offset = [] if b is None else [*b]
    if isinstance(A, PD):
        return [*A.weights, *offset]
    if isinstance(A, LowRank):
        return [*A.a, *(x for vector in (*A.u, *A.v) for x in vector), *offset]
    return [*A, *offset] if _is_diagonal(A) else [x for row in A for x in row] + offset


def _is_diagonal(A) -> bool:
    return not hasattr(A[0], "__len__")


def _size(A) -> int:
    return len(A.targets if isinstance(A, PD) else A.a if isinstance(A, LowRank) else A)


def _check(t: int, A, b, d: int) -> None:
    """Every vector has d entries, and every matrix d rows of them."""
    vectors = {"b": b} if b is not None else {}
    if isinstance(A, PD):
        vectors |= {"A.targets": A.targets, "A.weights": A.weights}
    elif isinstance(A, LowRank):
        if len(A.u) != len(A.v):
            raise ValueError(f"step {t}: {len(A.u)} vectors u, but {len(A.v)} vectors v")
        vectors |= {"A.a": A.a, **{f"A.u or A.v [{i}]": x for i, x in enumerate((*A.u, *A.v))}}
    else:
        vectors |= {"A": A} | ({} if _is_diagonal(A) else {f"A[{i}]": r for i, r in enumerate(A)})
    for name, vector in vectors.items():
        if len(vector) != d:
            raise ValueError(f"step {t}: {name} has {len(vector)} entries, but h0 has {d}")
