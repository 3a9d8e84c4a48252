"""Every structure on every backend, at every awkward length, both ways, against the oracle."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from .. import oracle
from ..helpers import assert_close
from .problems import BACKENDS, STRUCTURES, planes, recurrence, structured

LENGTHS = [0, 1, 2, 3, 7, 64, 1000, 4097]
SLOW_TO_COMPILE = ("associative", "block")  # XLA's time over the six arrays grows fast with T


@functools.cache
def both_ways(backend):
    """Values and all three gradients, from the left and from the right, in one program."""

    def run(A, b, h0, g):
        def one(reverse):
            def solve(A, b, h0):
                return pr.linear_recurrence(A, b, h0, reverse=reverse, backend=backend)

            hs, pull = jax.vjp(solve, A, b, h0)
            return hs, pull(g)

        return one(False), one(True)

    return jax.jit(run)


def lengths(structure, backend):
    """All lengths; fewer for auto, which is one of the others, and where compiling is slow."""
    if backend == "auto":
        return [T for T in LENGTHS if T in (0, 1, 7, 1000)]
    slow = (backend, structure) == SLOW_TO_COMPILE  # see test_a_long_associative_block_scan
    return [T for T in LENGTHS if not (slow and T > 64)]


@pytest.mark.parametrize(
    "structure, backend, T",
    [(s, b, T) for s in STRUCTURES for b in BACKENDS for T in lengths(s, b)],
)
def test_values_and_gradients(structure, backend, T):
    q = recurrence(structure, T)
    results = both_ways(backend)(*q.in_jax())
    for (hs, grads), reverse in zip(results, (False, True), strict=True):
        wanted = oracle.recurrence(q.A, q.b, q.h0, reverse)
        assert_close(hs, planes(wanted, structure), 1e-11, f"states, reverse={reverse}")
        g_M, g_b, g_h0 = oracle.recurrence_backward(q.A, q.b, q.h0, oracle.vectors(q.g), reverse)
        g_A = structured(g_M, structure)
        g_A = pr.Block2(*g_A) if structure == "block" else g_A
        for got, want, name in zip(
            grads,
            (g_A, planes(g_b, structure), planes(g_h0, structure)),
            ("A", "b", "h0"),
            strict=True,
        ):
            assert_close(got, want, 1e-11, f"gradient of {name}, reverse={reverse}")


def test_a_long_associative_block_scan():
    q = recurrence("block", 1000)
    A, b, h0, _ = q.in_jax()
    hs = pr.linear_recurrence(A, b, h0, backend="associative")
    assert_close(hs, planes(oracle.recurrence(q.A, q.b, q.h0), "block"), 1e-11)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("backend", BACKENDS[:3])
@pytest.mark.parametrize("T", [0, 1, 5])
def test_no_initial_state_means_zero(structure, backend, T):
    A, b, h0, _ = recurrence(structure, T).in_jax()
    zero = jax.tree.map(jnp.zeros_like, h0)
    for reverse in (False, True):
        left_out = pr.linear_recurrence(A, b, reverse=reverse, backend=backend)
        given = pr.linear_recurrence(A, b, zero, reverse=reverse, backend=backend)
        assert_close(left_out, given, 0.0)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("backend", BACKENDS[:3])
def test_gradients_one_argument_at_a_time(structure, backend):
    """A gradient of one argument alone takes other branches of the rule than all three do."""
    q = recurrence(structure, 7, seed=1)
    *arguments, g = q.in_jax()

    @jax.jit
    def run(arguments, g):
        def loss(k, value):
            args = [*arguments[:k], value, *arguments[k + 1 :]]
            hs = pr.linear_recurrence(*args, backend=backend)
            return sum(jnp.vdot(a, b) for a, b in zip(*map(jax.tree.leaves, (g, hs)), strict=True))

        return [jax.grad(lambda v, k=k: loss(k, v))(arguments[k]) for k in range(3)]

    got = run(arguments, g)
    g_M, g_b, g_h0 = oracle.recurrence_backward(q.A, q.b, q.h0, oracle.vectors(q.g))
    assert_close(jax.tree.leaves(got[0]), jax.tree.leaves(structured(g_M, structure)), 1e-12, "A")
    assert_close(got[1], planes(g_b, structure), 1e-12, "b")
    assert_close(got[2], planes(g_h0, structure), 1e-12, "h0")


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_forward_mode(structure, backend, reverse):
    """The directional derivative against central differences of the oracle."""
    q, v = recurrence(structure, 7, seed=2), recurrence(structure, 7, seed=3)

    @jax.jit
    def push(arguments, tangents):
        solve = functools.partial(pr.linear_recurrence, reverse=reverse, backend=backend)
        return jax.jvp(solve, arguments, tangents)

    hs, tangent = push(q.in_jax()[:3], v.in_jax()[:3])

    def shifted(eps):
        args = jax.tree.map(lambda a, da: a + eps * da, tuple(q)[:3], tuple(v)[:3])
        return oracle.recurrence(*args, reverse)

    numeric = (shifted(1e-6) - shifted(-1e-6)) / 2e-6
    assert_close(hs, planes(shifted(0.0), structure), 1e-12)
    assert_close(tangent, planes(numeric, structure), 1e-7, "tangent")


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("backend", BACKENDS[:3])
@pytest.mark.parametrize("mode", ["reverse over reverse", "forward over reverse"])
def test_second_derivative(structure, backend, mode):
    """A Hessian-vector product of sum h^2 against differences of the oracle's gradient."""
    q, v = recurrence(structure, 4, seed=4), recurrence(structure, 4, seed=5)

    def loss(arguments):
        hs = pr.linear_recurrence(*arguments, backend=backend)
        return sum(jnp.sum(h**2) for h in jax.tree.leaves(hs)) / 2

    def dot(a, b):
        pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
        return sum(jnp.vdot(x, y) for x, y in pairs)

    @jax.jit
    def hessian_vector(arguments, v):
        gradient = jax.grad(loss)
        if mode == "forward over reverse":
            return jax.jvp(gradient, (arguments,), (v,))[1]
        return jax.grad(lambda a: dot(gradient(a), v))(arguments)

    def flat_gradient(eps):
        A, b, h0 = jax.tree.map(lambda a, da: a + eps * da, tuple(q)[:3], tuple(v)[:3])
        hs = oracle.recurrence(A, b, h0)
        g_M, g_b, g_h0 = oracle.recurrence_backward(A, b, h0, hs)
        return [structured(g_M, structure), planes(g_b, structure), planes(g_h0, structure)]

    numeric = jax.tree.map(lambda p, m: (p - m) / 2e-6, flat_gradient(1e-6), flat_gradient(-1e-6))
    got = hessian_vector(q.in_jax()[:3], v.in_jax()[:3])
    assert_close(jax.tree.leaves(got), jax.tree.leaves(numeric), 1e-6)


@pytest.mark.parametrize("backend", BACKENDS[:3])
def test_states_of_any_width(backend):
    """One channel, and more channels than steps."""
    for structure in STRUCTURES:
        for d in (1, 11):
            q = recurrence(structure, 5, d=d)
            A, b, h0, _ = q.in_jax()
            hs = pr.linear_recurrence(A, b, h0, backend=backend)
            wanted = oracle.recurrence(q.A, q.b, q.h0)
            assert_close(hs, planes(wanted, structure, d), 1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_exploding_recurrence_overflows_like_the_loop(backend):
    """Nothing is clipped: what overflows in the loop is not finite here either."""
    T = 1200
    A, b = jnp.full((T, 1), 2.0), jnp.ones((T, 1))
    hs = np.asarray(pr.linear_recurrence(A, b, jnp.ones(1), backend=backend))
    with np.errstate(over="ignore"):
        wanted = oracle.recurrence(np.asarray(A), np.asarray(b), np.ones(1))
    finite = np.isfinite(wanted)
    assert not finite.all()
    np.testing.assert_allclose(hs[finite], wanted[finite], rtol=1e-12)
    assert not np.isfinite(hs[~finite]).any()
