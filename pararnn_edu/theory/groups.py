"""Finite groups by their tables, and their word problems."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Group:
    """A finite group of elements 0, 1, ..., n - 1.

    `table[a, b]` is the product a b, in the order of reading: **a first, then b**. Where the
    elements are permutations, `permutations[a][i]` is the place to which a sends i, so
    `permutations[a b][i] = permutations[b][permutations[a][i]]`.

    **Raises** `ValueError` if the table is not that of a group, naming the law that fails and
    the elements with which it fails.
    """

    table: np.ndarray
    permutations: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self):
        table = _checked_table(self.table)
        object.__setattr__(self, "table", table)
        _check_laws(table, self.identity, self.inverses)

    @property
    def order(self) -> int:
        """The number of elements."""
        return len(self.table)

    @cached_property
    def identity(self) -> int:
        """The element e with e a = a e = a."""
        everyone = np.arange(len(self.table))
        neutral = (self.table == everyone).all(1) & (everyone == self.table.T).all(1)
        if not neutral.any():
            raise ValueError("not a group: no element e has e a = a e = a for all a")
        return int(np.argmax(neutral))

    @cached_property
    def inverses(self) -> np.ndarray:
        """`inverses[a]` is the element b with a b = e."""
        hits = self.table == self.identity
        if not hits.any(1).all():
            raise ValueError(f"not a group: element {np.argmin(hits.any(1))} has no inverse")
        return np.argmax(hits, axis=1)

    @property
    def abelian(self) -> bool:
        """Whether a b = b a for all elements."""
        return bool((self.table == self.table.T).all())

    @property
    def solvable(self) -> bool:
        """Whether commutators of commutators of ... end in the identity alone."""
        return len(self.derived_series()[-1]) == 1

    def index(self, permutation: Sequence[int]) -> int:
        """The number of the element that is this permutation."""
        if self.permutations is None:
            raise ValueError("this group is given by its table alone; it has no permutations")
        found = np.flatnonzero((self.permutations == np.asarray(permutation)).all(1))
        if not found.size:
            raise ValueError(f"{tuple(permutation)} is not an element of this group")
        return int(found[0])

    def walk(self, word: Iterable[int]) -> list[int]:
        """The word problem: the product of every prefix of `word`, one look-up a letter."""
        product, products = self.identity, []
        for letter in word:
            product = int(self.table[product, letter])
            products.append(product)
        return products

    def commutator(self, a: int, b: int) -> int:
        """a b a^-1 b^-1: the identity if and only if a b = b a."""
        return self.walk([a, b, self.inverses[a], self.inverses[b]])[-1]

    def closure(self, elements: Iterable[int]) -> frozenset[int]:
        """The smallest subgroup that holds `elements`."""
        generators, found = sorted(set(elements)), {self.identity}
        new = found
        while new:
            new = {int(self.table[a, g]) for a in new for g in generators} - found
            found = found | new
        return frozenset(found)

    def derived_series(self) -> list[frozenset[int]]:
        """The group, the subgroup its commutators make, theirs, ..., until nothing changes."""
        series = [frozenset(range(self.order))]
        while True:
            last = sorted(series[-1])
            pairs = itertools.product(last, last)
            smaller = self.closure({self.commutator(a, b) for a, b in pairs})
            if smaller == series[-1]:
                return series
            series.append(smaller)


def cyclic(n: int) -> Group:
    """Z_n: the numbers 0, ..., n - 1 under addition modulo n; Z_2 is parity."""
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"cyclic(n) needs a positive int, got {n!r}")
    numbers = np.arange(n)
    shifts = (numbers[:, None] + numbers) % n
    return Group(shifts, permutations=shifts)


def symmetric(n: int) -> Group:
    """S_n: all n! permutations of n places, in lexicographic order, 1 <= n <= 6."""
    if not isinstance(n, int) or not 1 <= n <= 6:
        raise ValueError(f"symmetric(n) needs an int from 1 to 6 (6! = 720), got {n!r}")
    return _of_permutations(np.array(list(itertools.permutations(range(n)))))


def generated(*permutations: Sequence[int]) -> Group:
    """The group made of all products of the given permutations of 0, ..., n - 1."""
    generators = [tuple(map(int, p)) for p in permutations]
    if not generators:
        raise ValueError("generated() needs at least one permutation")
    places = tuple(range(len(generators[0])))
    for p in generators:
        if tuple(sorted(p)) != places:
            raise ValueError(f"{p} is not a permutation of {places}")
    found, new = {places}, {places}
    while new:
        new = {tuple(g[i] for i in p) for p in new for g in generators} - found
        found |= new
    return _of_permutations(np.array(sorted(found)))


def swap(n: int, i: int, j: int) -> tuple[int, ...]:
    """The permutation of n places that exchanges i and j."""
    if not (0 <= i < n and 0 <= j < n):
        raise ValueError(f"swap({n}, {i}, {j}): places must lie between 0 and {n - 1}")
    places = list(range(n))
    places[i], places[j] = j, i
    return tuple(places)


def _of_permutations(permutations: np.ndarray) -> Group:
    number = {tuple(p): k for k, p in enumerate(permutations.tolist())}
    products = permutations[:, permutations].transpose(1, 0, 2)  # [a, b, i] = b[a[i]]
    table = np.array([[number[tuple(p)] for p in row] for row in products.tolist()])
    return Group(table, permutations=permutations)


def _checked_table(table) -> np.ndarray:
    table = np.array(table)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.size:
        raise ValueError(f"a group's table must be n x n with n >= 1, got shape {table.shape}")
    if not np.issubdtype(table.dtype, np.integer):
        raise TypeError(f"a group's table must hold integers, got {table.dtype}")
    if table.min() < 0 or table.max() >= len(table):
        a, b = np.argwhere((table < 0) | (table >= len(table)))[0]
        raise ValueError(
            f"not closed: the product of {a} and {b} is {table[a, b]}, "
            f"and the elements are 0, ..., {len(table) - 1}"
        )
    table.flags.writeable = False
    return table


def _check_laws(table: np.ndarray, identity: int, inverses: np.ndarray) -> None:
    for a in range(len(table)):  # row by row: n^2 memory for the n^3 triples
        wrong = np.argwhere(table[table[a]] != table[a][table])
        if wrong.size:
            b, c = wrong[0]
            raise ValueError(f"not associative: ({a} {b}) {c} is not {a} ({b} {c})")
