"""What a scan's schedule does, worked out from its levels alone.

A schedule is a sequence of levels, a level a sequence of pairs (dst, src) that run at once, each
meaning `x[dst] = x[src] op x[dst]`: all of a level's reads come before its writes.
"""

from typing import NamedTuple


class Trace(NamedTuple):
    """What every cell holds, level by level."""

    size: int
    levels: tuple  # per level: pairs (dst, src)
    spans: tuple  # levels + 1 rows; spans[k][i] = (first, last) element combined in cell i

    @property
    def work(self) -> int:
        return sum(len(level) for level in self.levels)

    @property
    def depth(self) -> int:
        return len(self.levels)

    @property
    def finished(self) -> bool:
        """Whether every cell i ends holding elements 0 to i: an inclusive scan."""
        return self.spans[-1] == tuple((0, i) for i in range(self.size))


def trace(schedule, size: int | None = None) -> Trace:
    """Follow a schedule over `size` cells (default: as many as it names).

    Raises ValueError for an index outside, two writes to one cell in a level, and a pair whose
    operands do not stand next to each other: such a schedule computes no prefix.
    """
    levels = tuple(tuple((int(d), int(s)) for d, s in level) for level in schedule)
    named = max((max(pair) for level in levels for pair in level), default=-1) + 1
    size = named if size is None else size
    if size < max(named, 1):
        raise ValueError(f"the schedule names cell {named - 1}, but there are {size} cells")
    rows = [tuple((i, i) for i in range(size))]
    for number, level in enumerate(levels, 1):
        rows.append(_after(rows[-1], level, number))
    return Trace(size, levels, tuple(rows))


def _after(spans, level, number):
    after = list(spans)
    if len({dst for dst, _ in level}) < len(level):
        raise ValueError(f"level {number} writes one cell twice: {level}")
    for dst, src in level:
        (first, last), (start, end) = spans[src], spans[dst]
        if last + 1 != start:
            raise ValueError(
                f"level {number}, pair (dst={dst}, src={src}): cell {src} holds {first}..{last} "
                f"and cell {dst} holds {start}..{end}, which do not stand next to each other"
            )
        after[dst] = (first, end)
    return tuple(after)
