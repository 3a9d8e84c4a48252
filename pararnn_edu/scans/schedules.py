"""Scan algorithms as data: which element is combined with which, level by level.

A schedule is a tuple of levels; a level is a tuple of pairs `(dst, src)`, all done at once:

    x[dst] = x[src] o x[dst]        (the element further left is applied first)

After the last level x[i] holds x_0 o x_1 o ... o x_i. The same data is run by `textbook`,
counted by the chapters and drawn by the figures.
"""

import itertools

Level = tuple[tuple[int, int], ...]
Schedule = tuple[Level, ...]


def sequential(n: int) -> Schedule:
    """One combination after the other: work n - 1, depth n - 1."""
    return tuple(((i, i - 1),) for i in range(1, n))


def hillis_steele(n: int) -> Schedule:
    """Every element reaches back 1, 2, 4, ... places: least depth, more work.

    For n a power of two: log2(n) levels, work n log2(n) - n + 1.
    Source: Hillis and Steele (1986); the same graph is Kogge and Stone's (1973).
    """
    return tuple(tuple((i, i - reach) for i in range(reach, n)) for reach in _powers_below(n))


def blelloch(n: int) -> Schedule:
    """Up a tree and down again, in place: least work (up to a constant), twice the depth.

    For n a power of two: 2 log2(n) - 1 levels, work 2 n - 2 - log2(n).
    Source: Blelloch (1990), in the inclusive form of Brent and Kung (1982); Blelloch's own
    exclusive form is `textbook.prescan`.
    """
    reaches = _powers_below(n)
    up = [tuple((i, i - r) for i in range(2 * r - 1, n, 2 * r)) for r in reaches]
    down = [tuple((i, i - r) for i in range(3 * r - 1, n, 2 * r)) for r in reversed(reaches)]
    return tuple(level for level in up + down if level)


def chunked(n: int, chunk: int) -> Schedule:
    """Chunks scanned side by side, then their totals, then the totals handed down.

    Where chunk divides n: chunk + n / chunk - 1 levels, work about 2 n. The form that machines
    with few, wide lanes prefer.
    """
    if chunk < 1:
        raise ValueError(f"chunk must be at least 1, got {chunk}")
    starts = range(0, n, chunk)
    inside = [
        tuple((s + j, s + j - 1) for s in starts if s + j < n) for j in range(1, min(chunk, n))
    ]
    lasts = [s + chunk - 1 for s in starts if s + chunk <= n]
    totals = [((right, left),) for left, right in itertools.pairwise(lasts)]
    handed = tuple(
        (i, s - 1) for s in starts if s for i in range(s, min(s + chunk, n)) if i not in lasts
    )
    return tuple(level for level in [*inside, *totals, handed] if level)


def _powers_below(n: int) -> list[int]:
    powers = []
    while not powers or powers[-1] * 2 < n:
        powers.append(powers[-1] * 2 if powers else 1)
    return powers if n > 1 else []
