"""Sorted deterministic graph connectivity (SDGC): instances, oracle, reduction, sampling.

An instance is a directed graph on vertices 1..k with at most one edge out of each vertex, every
edge (i, j) with i < j, a source s and a target t that is a *sink*: no edge leaves it. Question:
does the path from s reach t? The problem is complete for logarithmic space.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np


class Instance(NamedTuple):
    """`edges` maps a vertex to its successor; vertices count from 1."""

    edges: dict[int, int]
    source: int
    target: int


def encode(instance: Instance) -> str:
    """The instance as the word `0^s | 0^i | 0^j | ... # 0^t $`, edges sorted by source.

    **Raises** `ValueError` if an edge does not go upwards, or an edge leaves the target: the
    machine compares t with the *end* of the path, which is reachability only for a sink.
    """
    edges, source, target = instance
    wrong = [(i, j) for i, j in edges.items() if not 1 <= i < j]
    if wrong:
        raise ValueError(f"every edge (i, j) needs 1 <= i < j, got {wrong[:3]}")
    if target in edges:
        raise ValueError(
            f"the target must be a sink, but the edge ({target}, {edges[target]}) leaves it; "
            "drop that edge, which does not change what reaches the target"
        )
    listed = "".join(f"{'0' * i}|{'0' * j}|" for i, j in sorted(edges.items()))
    return f"{'0' * source}|{listed}#{'0' * target}$"


def path(edges: dict[int, int], source: int) -> list[int]:
    """The vertices visited from `source`, in order; stops before a vertex would repeat."""
    visited = [source]
    while visited[-1] in edges and edges[visited[-1]] not in visited:
        visited.append(edges[visited[-1]])
    return visited


def reaches(instance: Instance) -> bool:
    """The oracle: walk the graph."""
    return instance.target in path(instance.edges, instance.source)


def doubling(instance: Instance) -> tuple[bool, int]:
    """Whether s reaches t, and the rounds of pointer doubling it took.

    Every vertex points to its successor, sinks to themselves; in a round every pointer is
    replaced by its pointer's pointer. After r rounds it points 2^r steps ahead.
    """
    k = max([instance.source, instance.target, *instance.edges.values()])
    pointer = np.array([instance.edges.get(v, v) for v in range(k + 1)])
    rounds = max(1, (k - 1).bit_length())
    for _ in range(rounds):
        pointer = pointer[pointer]
    return bool(pointer[instance.source] == instance.target), rounds


def all_instances(k: int, *, sinks_only: bool = True) -> Iterator[Instance]:
    """Every instance on k vertices, k! graphs; without `sinks_only` with every t, sink or not."""
    choices = [[None, *range(v + 1, k + 1)] for v in range(1, k + 1)]
    for chosen in product(*choices):
        edges = {v: w for v, w in enumerate(chosen, 1) if w is not None}
        for source, target in product(range(1, k + 1), repeat=2):
            if not (sinks_only and target in edges):
                yield Instance(edges, source, target)


def layered(successor: dict, vertices: list, source, target) -> Instance:
    """Deterministic reachability in *any* graph, cycles allowed, as an SDGC instance.

    A vertex of the new graph is (hops, v), hops = 0..n; an edge goes from (h, v) to
    (h + 1, f(v)), and from every (h, target) to one final vertex F. Edges go upwards by
    construction, F is a sink, and s reaches t in at most n - 1 hops if at all.
    """
    n = len(vertices)
    number = {(h, v): h * n + i + 1 for h in range(n + 1) for i, v in enumerate(vertices)}
    final = n * (n + 1) + 1
    edges = {}
    for (h, v), name in number.items():
        if v == target:
            edges[name] = final
        elif v in successor and h < n:
            edges[name] = number[h + 1, successor[v]]
    return Instance(edges, number[0, source], final)


def random_graph(rng: np.random.Generator, k: int, density: float = 0.8) -> dict[int, int]:
    """Each vertex 1..k-1 has an edge to a random later one with probability `density`."""
    chosen = rng.random(k) < density
    return {v: int(rng.integers(v + 1, k + 1)) for v in range(1, k) if chosen[v]}


def balanced_quadruple(
    rng: np.random.Generator, k: int, density: float = 0.8
) -> list[tuple[Instance, bool]]:
    """Four labelled instances on one graph, from which nothing *local* tells the label.

    Two sources a, b whose paths end in different sinks A, B, each path at least one edge long
    and both sources before both sinks: (a, A) and (b, B) are connected, (a, B) and (b, A) are
    not. Whatever looks at the graph and the source alone, or at the graph and the target alone,
    is right on exactly two of the four; so is "an edge leaves the source and an edge enters the
    target", which gave the label away in a published data set.
    """
    if k < 4:
        raise ValueError(f"two sources and two sinks need k >= 4 vertices, got k={k}")
    while True:
        edges = random_graph(rng, k, density)
        ends = {v: path(edges, v)[-1] for v in edges}
        a, b = (int(v) for v in rng.choice(list(edges), 2)) if edges else (1, 1)
        if a != b and ends[a] != ends[b] and max(a, b) < min(ends[a], ends[b]):
            pairs = [(s, t) for s in (a, b) for t in (ends[a], ends[b])]
            return [(Instance(edges, s, t), t == ends[s]) for s, t in pairs]


def leak(instance: Instance) -> bool:
    """The shortcut: an edge leaves the source and an edge enters the target."""
    edges, source, target = instance
    return source in edges and target in edges.values()
