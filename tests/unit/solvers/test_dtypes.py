"""Solving in low precision: the dtype of the answer, its accuracy, and that of the gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from ..helpers import (
    assert_close,
    assert_gradients_close,
    inner,
    names_of,
    problem,
    scan_operands,
    solve_and_gradients,
    to_planes,
)
from .problems import METHODS, STRUCTURES

HALF = [jnp.bfloat16, jnp.float16]


@pytest.mark.parametrize(
    "method, name",
    [("Newton", name) for name in STRUCTURES]
    + [("QuasiNewton", "GRU"), ("Sequential", "GRU"), ("MultipleShooting", "ParaGRU")],
)
def test_float32_gate(method, name):
    """Gradients within 1e-4 of the float64 truth, states within a few roundings."""
    q = problem(name, 101, gain=0.5, dtype=np.float32)
    run = jax.jit(lambda *a: solve_and_gradients(*a, method=METHODS[method]))
    solution, grads = run(*q.jax_arguments(jnp.float32))
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves((solution.states, grads)))
    assert solution.residual.dtype == jnp.float32
    assert solution.converged
    assert_close(to_planes(solution.states), q.states(), 5e-5, "states")
    assert_gradients_close(grads, q, 1e-4)


@pytest.mark.parametrize(
    "method, name", [*[("Newton", name) for name in STRUCTURES], ("Sequential", "GRU")]
)
@pytest.mark.parametrize("dtype", HALF)
def test_half_precision_works_in_float32(method, name, dtype):
    """The problem's numbers are exact in `dtype`; only tolerance and result are rounded."""
    q = problem(name, 60, gain=0.5, dtype=dtype)
    run = jax.jit(lambda *a: solve_and_gradients(*a, method=METHODS[method], tol=1e-6))
    solution, grads = run(*q.jax_arguments(dtype))
    assert all(leaf.dtype == dtype for leaf in jax.tree.leaves((solution.states, grads)))
    assert solution.converged
    eps = float(jnp.finfo(dtype).eps)
    assert_close(to_planes(solution.states), q.states(), 0.6 * eps, "states")
    assert_gradients_close(grads, q, 5 * eps)  # the inputs are projected in `dtype`


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("dtype", HALF)
def test_default_tolerance_is_reachable_in_half_precision(name, dtype):
    cell, xs, h0, _ = problem(name, 40, dtype=dtype).jax_arguments(dtype)
    assert pr.solve(cell, xs, h0).converged


@pytest.mark.parametrize(
    "dtype, tol", [("float64", 1e-10), ("float32", 1e-5), ("float16", 1e-4), ("bfloat16", 1e-3)]
)
def test_default_tolerance(dtype, tol):
    """Jacobi creeps towards its tolerance, so the last two residuals lie on either side of it."""
    cell, xs, h0, _ = problem("ParaGRU", 60, gain=0.3).jax_arguments(dtype)
    solution = pr.solve(cell, xs, h0, pr.Jacobi(), max_steps=60)
    residuals = np.asarray(solution.history.residual, np.float64)
    assert residuals[-1] <= tol < residuals[-2]


@pytest.mark.parametrize("dtype", HALF)
def test_a_wide_input_widens_the_answer(dtype):
    """float32 inputs to a half-precision cell: the common dtype, as in numpy."""
    q = problem("GRU", 8)
    cell, _, h0, _ = q.jax_arguments(dtype)
    states = pr.solve(cell, jnp.asarray(q.xs, jnp.float32), h0).states
    assert states.dtype == jnp.float32


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("method", [*METHODS, "unroll"])
def test_no_loop_walks_over_half_precision_arrays(name, method):
    """`lax.scan` over bfloat16 takes time quadratic in T on a CPU: forward and backward."""
    T = 50
    cell, xs, h0, gs = problem(name, T).jax_arguments(jnp.bfloat16)

    def loss(cell, xs, h0):
        if method == "unroll":
            return inner(gs, pr.unroll(cell, xs, h0))
        return inner(gs, pr.solve(cell, xs, h0, METHODS[method], on_failure="return").states)

    program = jax.make_jaxpr(jax.grad(loss, argnums=(0, 1, 2)))(cell, xs, h0)
    for length in (T, T - 1, 5, 10, 13):  # whole sequences, windows, segments
        stacked = scan_operands(program.jaxpr, length)
        assert not [a for a in stacked if a.dtype in HALF], length


@pytest.mark.parametrize("dtype", HALF)
def test_long_sums_over_time_do_not_stall(dtype):
    """The gradient of a bias sums thousands of small terms: in bfloat16 that stops at 256."""
    q = problem("ParaGRU", 5000, dtype=dtype)

    def gradient(dtype):
        cell, xs, h0, _ = q.jax_arguments(dtype)
        loss = lambda c: pr.solve(c, xs, h0).states.astype(jnp.float32).mean()
        return names_of(jax.jit(jax.grad(loss))(cell), q.p)

    wide = gradient(jnp.float64)
    for key, got in gradient(dtype).items():
        assert np.abs(got - wide[key]).max() <= 0.02 * np.abs(wide[key]).max(), key


def test_a_long_bfloat16_sequence_ends():
    """In the quadratic trap this takes minutes."""
    cell, xs, h0, _ = problem("ParaGRU", 20_000).jax_arguments(jnp.bfloat16)
    wide = problem("ParaGRU", 20_000, dtype=jnp.bfloat16).jax_arguments(jnp.float32)
    for method in (pr.Newton(), pr.Sequential()):
        states = pr.solve(cell, xs, h0, method).states
        wanted = pr.solve(*wide[:3], method).states
        assert_close(np.asarray(states, np.float64), wanted, 3e-2)
    assert_close(np.asarray(pr.unroll(cell, xs, h0), np.float64), wanted, 3e-2)
