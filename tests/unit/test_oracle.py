"""The oracle's hand-written gradients against finite differences of its own forward pass."""

import numpy as np
import pytest

from . import oracle
from .helpers import CELLS, problem

EPS = 1e-6


def loss(q, p, xs, h0):
    states = oracle.unroll(oracle.STEPS[q.name], p, xs, h0)
    return sum(np.sum(g * h) for g, h in zip(q.gs, states, strict=True))


def slope(f, x, direction):
    return (f(x + EPS * direction) - f(x - EPS * direction)) / (2 * EPS)


@pytest.mark.parametrize("name", CELLS)
def test_backward_of_every_parameter(name, rng):
    q = problem(name, 6)
    grads, _, _ = q.gradients()
    assert set(grads) == set(q.p)
    for key, value in q.p.items():
        v = rng.normal(size=value.shape)
        numeric = slope(lambda a, k=key: loss(q, q.p | {k: a}, q.xs, q.h0), value, v)
        np.testing.assert_allclose(np.sum(grads[key] * v), numeric, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", CELLS)
def test_backward_of_inputs_and_initial_state(name, rng):
    q = problem(name, 6)
    _, g_xs, g_h0 = q.gradients()
    v = rng.normal(size=q.xs.shape)
    numeric = slope(lambda xs: loss(q, q.p, xs, q.h0), q.xs, v)
    np.testing.assert_allclose(np.sum(g_xs * v), numeric, rtol=1e-7, atol=1e-8)
    for k, plane in enumerate(q.h0):
        v = rng.normal(size=plane.shape)
        numeric = slope(lambda a, k=k: loss(q, q.p, q.xs, (*q.h0[:k], a, *q.h0[k + 1 :])), plane, v)
        np.testing.assert_allclose(np.sum(g_h0[k] * v), numeric, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", CELLS)
def test_jacobian(name, rng):
    q = problem(name, 1)
    step = oracle.STEPS[name]
    sizes = np.cumsum([s.size for s in q.h0])[:-1]

    def flat(v):
        return np.concatenate(step(q.p, tuple(np.split(v, sizes)), q.xs[0])[0])

    v = rng.normal(size=sum(s.size for s in q.h0))
    numeric = slope(flat, np.concatenate(q.h0), v)
    np.testing.assert_allclose(oracle.jacobian(step, q.p, q.h0, q.xs[0]) @ v, numeric, atol=1e-8)


@pytest.mark.parametrize("reverse", [False, True])
def test_affine_backward(reverse, rng):
    T, d = 5, 3
    A, b, h0 = rng.normal(size=(T, d, d)), rng.normal(size=(T, d)), rng.normal(size=d)
    g = rng.normal(size=(T, d))
    grads = oracle.recurrence_backward(A, b, h0, g, reverse)
    for k, x in enumerate((A, b, h0)):
        v = rng.normal(size=x.shape)

        def value(a, k=k):
            args = [A, b, h0]
            args[k] = a
            return np.sum(g * oracle.recurrence(*args, reverse))

        np.testing.assert_allclose(np.sum(grads[k] * v), slope(value, x, v), rtol=1e-7, atol=1e-7)


def test_matrices_of_four_planes():
    """Channel i of the pair is (first_i, second_i), so each plane fills one diagonal."""
    planes = tuple(np.full((1, 2), v) for v in (1.0, 2.0, 3.0, 4.0))
    wanted = [[1, 0, 2, 0], [0, 1, 0, 2], [3, 0, 4, 0], [0, 3, 0, 4]]
    np.testing.assert_array_equal(oracle.matrices(planes)[0], wanted)
