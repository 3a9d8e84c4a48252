"""Scans written to be read and counted, over any associative operation.

`op(earlier, later)` may be any associative function of two elements: numbers, matrices,
strings. Nothing here is fast; every call of `op` is counted, and the depth is measured by
following each value back through the operations that made it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import schedules
from .schedules import Schedule

Op = Callable[[Any, Any], Any]


class Count(NamedTuple):
    """What a scan cost: `work` calls of the operation, `depth` of them in a row."""

    work: int
    depth: int


class _Traced(NamedTuple):
    value: Any
    depth: int


def run(schedule: Schedule, op: Op, xs: Sequence) -> tuple[list, Count]:
    """Runs a schedule over the elements `xs`: the scanned elements and the cost."""
    state = [_Traced(x, 0) for x in xs]
    work = 0
    for level in schedule:
        before = list(state)  # all pairs of a level read the old values
        for dst, src in level:
            left, right = before[src], before[dst]
            state[dst] = _Traced(op(left.value, right.value), 1 + max(left.depth, right.depth))
            work += 1
    return [s.value for s in state], Count(work, max((s.depth for s in state), default=0))


def sequential_scan(op: Op, xs: Sequence) -> tuple[list, Count]:
    """The running combination, one element after the other."""
    return run(schedules.sequential(len(xs)), op, xs)


def hillis_steele(op: Op, xs: Sequence) -> tuple[list, Count]:
    """The scan of Hillis and Steele (1986): depth log2 n, work about n log2 n."""
    return run(schedules.hillis_steele(len(xs)), op, xs)


def blelloch(op: Op, xs: Sequence) -> tuple[list, Count]:
    """The work-efficient scan, inclusive: work 2 n - 2 - log2 n in 2 log2 n - 1 levels.

    Its depth is one less, 2 log2 n - 2 (n >= 4, a power of two): the last level up and the
    first level down do not depend on each other.
    """
    return run(schedules.blelloch(len(xs)), op, xs)


def chunked(op: Op, xs: Sequence, chunk: int) -> tuple[list, Count]:
    """Chunks of `chunk` elements scanned side by side, then joined."""
    return run(schedules.chunked(len(xs), chunk), op, xs)


def prescan(op: Op, xs: Sequence, identity: Any) -> tuple[list, Count]:
    """Blelloch's exclusive scan: element i is the combination of all before it.

    An up-sweep builds a tree of totals, a down-sweep hands every node the total of all to its
    left. With n a power of two it takes 2 (n - 1) operations, 2 log2 n in a row; other
    lengths are padded with the identity. Source: Blelloch (1990), section 1.2.
    """
    n = len(xs)
    if n == 0:
        return [], Count(0, 0)
    size = 1 << (n - 1).bit_length()
    tree = [_Traced(x, 0) for x in [*xs, *[identity] * (size - n)]]
    work = 0

    def join(left: _Traced, right: _Traced) -> _Traced:
        nonlocal work
        work += 1
        return _Traced(op(left.value, right.value), 1 + max(left.depth, right.depth))

    reach = 1
    while reach < size:
        for i in range(2 * reach - 1, size, 2 * reach):
            tree[i] = join(tree[i - reach], tree[i])
        reach *= 2
    # The total itself is not needed, but the machine has waited for it: keep its depth.
    tree[-1] = _Traced(identity, tree[-1].depth)
    while reach > 1:
        reach //= 2
        for i in range(2 * reach - 1, size, 2 * reach):
            left, above = tree[i - reach], tree[i]
            tree[i - reach], tree[i] = above, join(above, left)
    return [t.value for t in tree[:n]], Count(work, max(t.depth for t in tree))
