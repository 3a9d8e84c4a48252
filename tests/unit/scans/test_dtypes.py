"""The result has the input's dtype, sums are taken in float32 or better, and half-precision
inputs do not fall into the quadratic-time `lax.scan` of the CPU."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from .. import oracle
from ..helpers import scan_operands
from .problems import BACKENDS, STRUCTURES, recurrence

LOW = [jnp.float32, jnp.bfloat16, jnp.float16]
HALF = LOW[1:]


def check_rounding(got, wanted, dtype):
    """Off by one rounding of the result, and by float32 rounding of the sums before it."""
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted)
    bound = 0.51 * float(jnp.finfo(dtype).eps) * np.abs(wanted) + 3e-5 * np.abs(wanted).max()
    assert np.all(np.abs(got - wanted) <= bound), np.max(np.abs(got - wanted) - bound)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype, T", [(d, 100) for d in LOW] + [(jnp.bfloat16, 1)])
def test_values_in_low_precision(structure, backend, dtype, T):
    q = recurrence(structure, T, size=0.98).rounded(dtype)
    A, b, h0, _ = q.in_jax(dtype)
    for reverse in (False, True):
        hs = pr.linear_recurrence(A, b, h0, reverse=reverse, backend=backend)
        assert all(h.dtype == dtype for h in jax.tree.leaves(hs))
        joined = np.concatenate([np.asarray(h, np.float64) for h in jax.tree.leaves(hs)], axis=-1)
        check_rounding(joined, oracle.recurrence(q.A, q.b, q.h0, reverse), dtype)


@pytest.mark.parametrize(
    "structure, dtype",
    [(s, jnp.bfloat16) for s in STRUCTURES] + [("dense", jnp.float32), ("block", jnp.float16)],
)
@pytest.mark.parametrize("backend", BACKENDS[:3])
def test_gradients_in_low_precision(structure, backend, dtype):
    q = recurrence(structure, 100, size=0.95).rounded(dtype)
    A, b, h0, g = q.in_jax(dtype)

    @jax.jit
    def run(A, b, h0, g):
        return jax.vjp(lambda *a: pr.linear_recurrence(*a, backend=backend), A, b, h0)[1](g)

    g_A, g_b, g_h0 = run(A, b, h0, g)
    assert all(leaf.dtype == dtype for leaf in jax.tree.leaves((g_A, g_b, g_h0)))
    _, want_b, want_h0 = oracle.recurrence_backward(q.A, q.b, q.h0, oracle.vectors(q.g))

    def joined(tree):
        return np.concatenate([np.asarray(a, np.float64) for a in jax.tree.leaves(tree)], axis=-1)

    check_rounding(joined(g_b), want_b, dtype)
    check_rounding(joined(g_h0), want_h0, dtype)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", HALF)
def test_no_scan_walks_over_half_precision_arrays(structure, backend, dtype):
    """XLA's CPU backend converts the whole array in every step of such a loop."""
    A, b, h0, g = recurrence(structure, 50).in_jax(dtype)

    def run(A, b, h0, g):
        hs, pull = jax.vjp(lambda *a: pr.linear_recurrence(*a, backend=backend), A, b, h0)
        return hs, pull(g)

    stacked = scan_operands(jax.make_jaxpr(run)(A, b, h0, g).jaxpr, length=50)
    assert not [a for a in stacked if a.dtype in HALF]


@pytest.mark.parametrize("dtype", HALF)
def test_a_long_half_precision_sequence(dtype):
    """20,000 steps: minutes in the quadratic trap, and it agrees with float32."""
    q = recurrence("diagonal", 20_000, size=0.9, d=4).rounded(dtype)
    A, b, h0, _ = q.in_jax(dtype)
    for backend in BACKENDS:
        got = pr.linear_recurrence(A, b, h0, backend=backend)
        A32, b32, h32 = (a.astype(jnp.float32) for a in (A, b, h0))
        wide = pr.linear_recurrence(A32, b32, h32, backend=backend)
        check_rounding(got, np.asarray(wide, np.float64), dtype)


def test_float64_is_kept():
    A, b, h0, _ = recurrence("diagonal", 3).in_jax()
    assert pr.linear_recurrence(A, b, h0).dtype == jnp.float64
