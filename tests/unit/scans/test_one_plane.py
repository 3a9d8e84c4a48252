"""Derivatives with respect to one plane of a pair, the other held fixed."""

import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr

from .. import oracle
from ..helpers import assert_close
from .problems import BACKENDS, planes, recurrence


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("argument", ["b", "h0"])
def test_gradient_of_one_plane(backend, argument):
    q = recurrence("block", 6)
    A, b, h0, g = q.in_jax()

    def loss(plane):
        given = {"b": b, "h0": h0}
        given[argument] = (given[argument][0], plane)
        h = pr.linear_recurrence(A, **given, backend=backend)
        return jnp.vdot(g[0], h[0]) + jnp.vdot(g[1], h[1])

    start = {"b": b, "h0": h0}[argument][1]
    _, g_b, g_h0 = oracle.recurrence_backward(q.A, q.b, q.h0, oracle.vectors(q.g))
    wanted = planes({"b": g_b, "h0": g_h0}[argument], "block")[1]
    assert_close(jax.jit(jax.grad(loss))(start), wanted, 1e-12)
    direction = jnp.ones_like(start)
    tangent = jax.jvp(loss, (start,), (direction,))[1]
    assert_close(tangent, wanted.sum(), 1e-11)
