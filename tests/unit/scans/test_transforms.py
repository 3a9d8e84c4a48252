"""vmap over any of the arguments, nested, under jit: each lane is its own recurrence."""

import functools

import jax
import numpy as np
import pytest

import pararnn_edu as pr

from .. import oracle
from ..helpers import assert_close
from .problems import BACKENDS, STRUCTURES, planes, recurrence

T, LANES = 6, 4
BATCHED = {"b": (1,), "A": (0,), "h0": (2,), "A and b": (0, 1), "all": (0, 1, 2)}


def lane(structure, which, k):
    """Problem 0 with the arguments in `which` taken from problem k."""
    fixed, moving = recurrence(structure, T, seed=0), recurrence(structure, T, seed=10 + k)
    return [(moving if i in which else fixed)[i] for i in range(3)]


def stack(trees):
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


def to_jax(A, b, h0):
    return (pr.Block2(*A) if isinstance(A, tuple) else A), b, h0


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_vmap_over_each_argument(structure, backend):
    @jax.jit
    def run(problems):
        out = {}
        for name, which in BATCHED.items():
            axes = tuple(0 if i in which else None for i in range(3))
            solve = functools.partial(pr.linear_recurrence, backend=backend)
            out[name] = jax.vmap(solve, in_axes=axes)(*problems[name])
        return out

    problems = {}
    for name, which in BATCHED.items():
        lanes = [lane(structure, which, k) for k in range(LANES)]
        mixed = [stack([p[i] for p in lanes]) if i in which else lanes[0][i] for i in range(3)]
        problems[name] = to_jax(*mixed)
    results = run(problems)
    for name, which in BATCHED.items():
        wanted = [oracle.recurrence(*lane(structure, which, k)) for k in range(LANES)]
        assert_close(results[name], planes(np.stack(wanted), structure), 1e-12, name)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("backend", BACKENDS[:3])
def test_nested_vmap_of_gradients(structure, backend):
    """Gradients of b for a grid of problems: A varies along one axis, b along the other."""
    rows, columns = 2, 3
    As = [recurrence(structure, T, seed=i).A for i in range(rows)]
    others = [recurrence(structure, T, seed=20 + j) for j in range(columns)]

    def gradient(A, b, h0, g):
        _, pull = jax.vjp(lambda *a: pr.linear_recurrence(*a, backend=backend), A, b, h0)
        return pull(g)[1:]

    over_columns = jax.vmap(gradient, in_axes=(None, 0, 0, 0))
    over_rows = jax.jit(jax.vmap(over_columns, in_axes=(0, None, None, None)))
    A = stack(As)
    b, h0, g = (stack([q[i] for q in others]) for i in (1, 2, 3))
    g_b, g_h0 = over_rows(pr.Block2(*A) if structure == "block" else A, b, h0, g)
    for i in range(rows):
        for j, q in enumerate(others):
            _, want_b, want_h0 = oracle.recurrence_backward(As[i], q.b, q.h0, oracle.vectors(q.g))
            here = jax.tree.map(lambda a, i=i, j=j: a[i, j], (g_b, g_h0))
            assert_close(here[0], planes(want_b, structure), 1e-12)
            assert_close(here[1], planes(want_h0, structure), 1e-12)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_eager_and_jit_agree(structure, backend):
    A, b, h0, _ = recurrence(structure, 9).in_jax()
    solve = functools.partial(pr.linear_recurrence, reverse=True, backend=backend)
    assert_close(jax.jit(solve)(A, b, h0), solve(A, b, h0), 1e-13)


def test_batch_that_is_not_the_leading_axis():
    q = [recurrence("diagonal", T, seed=k) for k in range(LANES)]
    A, b = (np.stack([p[i] for p in q], axis=1) for i in range(2))
    hs = jax.vmap(pr.linear_recurrence, in_axes=1, out_axes=2)(A, b)
    for k, p in enumerate(q):
        assert_close(hs[:, :, k], oracle.recurrence(p.A, p.b, np.zeros_like(p.h0)), 1e-12)
