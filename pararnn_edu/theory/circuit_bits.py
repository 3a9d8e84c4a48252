"""Well-known circuits over bits, written as functions of wires to give to `trace`.

    >>> trace(parity, 1024).depth
    20

Numbers are sequences of bits, the least significant first.
"""

import operator
from collections.abc import Sequence

from ..scans import schedules
from .circuits import Wire, all_of, any_of, at_least, tree


def parity(bits: Sequence[Wire]) -> Wire:
    """Is the number of ones odd? A tree of XORs: depth 2 ceil(log2 n), size 3 (n - 1)."""
    return tree(operator.xor, bits)


def parity_dnf(bits: Sequence[Wire]) -> Wire:
    """Parity in depth 2, as an OR of ANDs: size 2^(n-1) + 1, and no OR of ANDs is smaller.

    A term that leaves out a bit does not notice when that bit flips, but parity does: so each
    term names all n bits and is true for one input, and there are 2^(n-1) odd inputs.
    """
    return any_of([_matches(bits, word) for word in _words(len(bits), odd=True)])


def parity_depth_3(bits: Sequence[Wire], block: int) -> Wire:
    """Parity in depth 3: the parities of blocks as ANDs of ORs, joined by an OR of ANDs.

    With m blocks of k bits: m 2^k ORs, 2^(m-1) ANDs and one OR. Best near k = sqrt(n).
    """
    parts = [bits[i : i + block] for i in range(0, len(bits), block)]
    clauses = [(_clauses(part, 0), _clauses(part, 1)) for part in parts]

    def term(word):  # the AND over the blocks and the ANDs over their clauses are one gate
        chosen = (each[odd] for each, odd in zip(clauses, word, strict=True))
        return all_of([clause for block_clauses in chosen for clause in block_clauses])

    return any_of([term(word) for word in _words(len(parts), odd=True)])


def parity_threshold(bits: Sequence[Wire]) -> Wire:
    """Parity in depth 2 with threshold gates: size n + 1.

    With s ones, the odd k <= s and the even k > s are floor(n/2) numbers if s is even, and one
    more if s is odd.
    """
    n = len(bits)
    reached = [at_least(k, bits) for k in range(1, n + 1)]
    return at_least(n // 2 + 1, [~r if k % 2 == 0 else r for k, r in enumerate(reached, 1)])


def majority(bits: Sequence[Wire]) -> Wire:
    """Are more than half of the bits 1? One threshold gate."""
    return at_least(len(bits) // 2 + 1, bits)


def majority_fan_in_2(bits: Sequence[Wire]) -> Wire:
    """The same from gates of fan-in 2, in depth O(log n): count the ones, then compare.

    Every threshold gate can be replaced like this: TC0 is inside NC1.
    """
    count = add_many([[bit] for bit in bits])
    # count >= k exactly if count + (2^m - k) carries out of its m bits.
    missing = (1 << len(count)) - (len(bits) // 2 + 1)
    return add(count, [missing >> i & 1 for i in range(len(count))])[-1]


def full_adder(a, b, c) -> tuple[Wire, Wire]:
    """(low, high) with a + b + c = low + 2 high: three bits become two, in constant depth."""
    return a ^ b ^ c, (a & b) | (c & (a | b))


def add(x: Sequence, y: Sequence) -> list:
    """The sum of two m-bit numbers, m + 1 bits, in depth O(log m): carries by a parallel scan.

    Bit i makes a carry (x and y), or passes one on (x or y). Two stretches of bits, the lower
    first, together make a carry if the higher makes one, or passes on the lower's: associative,
    so all carries come from a scan. Source: Brent and Kung (1982); Kogge and Stone (1973).
    """
    if len(x) != len(y) or not len(x):
        raise ValueError(f"add needs two numbers of equal length, got {len(x)} and {len(y)} bits")
    spans = [(a & b, a | b) for a, b in zip(x, y, strict=True)]
    for level in schedules.hillis_steele(len(spans)):
        old = list(spans)
        for high, low in level:
            (made, passed), (made_below, passed_below) = old[high], old[low]
            spans[high] = made | (passed & made_below), passed & passed_below
    carries = [made for made, _ in spans]
    sums = [a ^ b for a, b in zip(x, y, strict=True)]
    return [sums[0], *(s ^ c for s, c in zip(sums[1:], carries[:-1], strict=True)), carries[-1]]


def add_many(numbers: Sequence[Sequence]) -> list:
    """The sum of n numbers in depth O(log n + log bits), without waiting for carries.

    Rounds of full adders turn every three bits of one weight into two, until no weight has more
    than two; one `add` finishes. Source: Wallace (1964).
    """
    width = max(map(len, numbers))
    columns = [[x[weight] for x in numbers if weight < len(x)] for weight in range(width)]
    while max(map(len, columns)) > 2:
        columns = _three_to_two(columns)
    rows = [[*column, 0, 0][:2] for column in columns]
    return add(*zip(*rows, strict=True))


def multiply(x: Sequence, y: Sequence) -> list:
    """The product of two numbers in depth O(log bits): all products of bits at once, then a sum."""
    shifted = [[0] * shift + [a & b for a in x] for shift, b in enumerate(y)]
    return add_many(shifted)[: len(x) + len(y)]


def reachable(edges: Sequence[Sequence[Wire]]) -> list[list[Wire]]:
    """Which vertex reaches which, from the n x n matrix of edges: depth O(log^2 n).

    "In at most 2 l steps" is an OR over the vertices half-way of "in at most l steps", twice:
    ceil(log2 n) rounds of depth 1 + ceil(log2 n) each, with gates of fan-in 2.
    """
    n = len(edges)
    within = [[1 if i == j else edges[i][j] for j in range(n)] for i in range(n)]
    length = 1
    while length < n - 1:
        within = [
            [
                1 if i == j else tree(operator.or_, [within[i][k] & within[k][j] for k in range(n)])
                for j in range(n)
            ]
            for i in range(n)
        ]
        length *= 2
    return within


def _three_to_two(columns: list[list]) -> list[list]:
    after: list[list] = [[] for _ in range(len(columns) + 1)]
    for weight, column in enumerate(columns):
        for first in range(0, len(column) - 2, 3):
            low, high = full_adder(*column[first : first + 3])
            after[weight].append(low)
            after[weight + 1].append(high)
        after[weight] += column[len(column) - len(column) % 3 :]
    return after if after[-1] else after[:-1]


def _words(n: int, odd: bool) -> list[tuple[int, ...]]:
    words = (tuple(number >> i & 1 for i in range(n)) for number in range(1 << n))
    return [word for word in words if sum(word) % 2 == odd]


def _matches(bits, word):
    return all_of([bit if wanted else ~bit for bit, wanted in zip(bits, word, strict=True)])


def _clauses(bits, odd: int) -> list[Wire]:
    """ORs that are all true exactly if the parity of the bits is `odd`: one per wrong word."""
    wrong = _words(len(bits), odd=not odd)
    return [any_of([~b if w else b for b, w in zip(bits, word, strict=True)]) for word in wrong]
