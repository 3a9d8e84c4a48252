"""The kernels, in Pallas's interpreter, against the float64 loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.scans import recur

from ... import oracle
from ...helpers import assert_close
from ..problems import planes, recurrence, structured

pytestmark = pytest.mark.usefixtures("short_chunks")

# The error of the values, and of gradients of A, which are products of two of them.
BOUNDS = {jnp.float32: (1e-5, 3e-5), jnp.bfloat16: (4e-3, 2e-2), jnp.float16: (5e-4, 3e-3)}


def linear(A, b, h0=None, reverse=False):
    return pr.linear_recurrence(A, b, h0, reverse=reverse, backend="interpret")


@jax.jit
def both_ways(A, b, h0, g):
    """Values and all three gradients, from the left and from the right, in one program."""

    def one(reverse):
        hs, pull = jax.vjp(lambda *a: linear(*a, reverse=reverse), A, b, h0)
        return hs, pull(g)

    return one(False), one(True)


@pytest.mark.parametrize(
    "structure, dtype, T",
    [
        ("diagonal", jnp.float32, 0),
        ("diagonal", jnp.float32, 1),
        ("diagonal", jnp.float32, 150),  # two levels of folding, a ragged end at both
        ("diagonal", jnp.bfloat16, 12),
        ("diagonal", jnp.float16, 1),
        ("block", jnp.float32, 12),
        ("block", jnp.float16, 1),
    ],
)
def test_values_and_gradients(structure, dtype, T):
    q = recurrence(structure, T, size=0.95).rounded(dtype)
    value, product = BOUNDS[dtype]
    for (hs, grads), reverse in zip(both_ways(*q.in_jax(dtype)), (False, True), strict=True):
        assert all(leaf.dtype == dtype for leaf in jax.tree.leaves((hs, grads)))
        wanted = oracle.recurrence(q.A, q.b, q.h0, reverse)
        assert_close(hs, planes(wanted, structure), value, f"states, reverse={reverse}")
        g_M, g_b, g_h0 = oracle.recurrence_backward(q.A, q.b, q.h0, oracle.vectors(q.g), reverse)
        g_A = structured(g_M, structure)
        g_A = pr.Block2(*g_A) if structure == "block" else g_A
        assert_close(grads[0], g_A, product, "gradient of A")
        assert_close(grads[1], planes(g_b, structure), value, "gradient of b")
        assert_close(grads[2], planes(g_h0, structure), product, "gradient of h0")


@pytest.mark.parametrize("structure", ["diagonal", "block"])
def test_gradients_one_argument_at_a_time(structure):
    q = recurrence(structure, 6)
    *arguments, g = q.in_jax(jnp.float32)

    @jax.jit
    def run(arguments, g):
        def loss(k, value):
            hs = linear(*[*arguments[:k], value, *arguments[k + 1 :]])
            return sum(jnp.vdot(a, b) for a, b in zip(*map(jax.tree.leaves, (g, hs)), strict=True))

        return [jax.grad(lambda v, k=k: loss(k, v))(arguments[k]) for k in range(3)]

    got = run(arguments, g)
    g_M, g_b, g_h0 = oracle.recurrence_backward(q.A, q.b, q.h0, oracle.vectors(q.g))
    assert_close(jax.tree.leaves(got[0]), jax.tree.leaves(structured(g_M, structure)), 1e-5, "A")
    assert_close(got[1], planes(g_b, structure), 1e-5, "b")
    assert_close(got[2], planes(g_h0, structure), 1e-5, "h0")


def test_forward_mode_and_second_derivative():
    """A Hessian-vector product of sum h^2 / 2 against differences of the oracle's gradient."""
    q, v = recurrence("diagonal", 12, seed=4), recurrence("diagonal", 12, seed=5)

    def loss(arguments):
        return jnp.sum(linear(*arguments) ** 2) / 2

    @jax.jit
    def product(arguments, tangents):
        return jax.jvp(jax.grad(loss), (arguments,), (tangents,))[1]

    def gradient(eps):
        A, b, h0 = (a + eps * da for a, da in zip(q[:3], v[:3], strict=True))
        hs = oracle.recurrence(A, b, h0)
        g_M, g_b, g_h0 = oracle.recurrence_backward(A, b, h0, hs)
        return [structured(g_M, "diagonal"), g_b, g_h0]

    got = product(q.in_jax(jnp.float32)[:3], v.in_jax(jnp.float32)[:3])
    wanted = [(p - m) / 2e-6 for p, m in zip(gradient(1e-6), gradient(-1e-6), strict=True)]
    for mine, other in zip(got, wanted, strict=True):
        assert_close(mine, other, 1e-4)


def test_states_of_any_shape():
    """A state that is a tree, of a number and of a matrix, is so many channels."""
    rng = np.random.default_rng(0)
    A, b = (
        {"number": rng.uniform(-0.9, 0.9, 12), "matrix": rng.uniform(-0.9, 0.9, (12, 2, 3))}
        for _ in range(2)
    )
    f32 = lambda tree: jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), tree)
    h = recur(pr.Diagonal(f32(A)), f32(b), backend="interpret")
    for name in A:
        flat = A[name].reshape(12, -1), b[name].reshape(12, -1)
        wanted = oracle.recurrence(*flat, np.zeros(flat[0].shape[1]))
        assert_close(h[name].reshape(12, -1), wanted, 1e-6)


def test_a_gradient_of_one_plane():
    """One plane of a pair perturbed and the other not: another branch of the rule."""
    q = recurrence("block", 6)
    A, b, h0, g = q.in_jax(jnp.float32)

    def loss(p):
        h = linear(A, (p, b[1]), h0)
        return jnp.vdot(g[0], h[0]) + jnp.vdot(g[1], h[1])

    _, g_b, _ = oracle.recurrence_backward(q.A, q.b, q.h0, oracle.vectors(q.g))
    assert_close(jax.grad(loss)(b[0]), planes(g_b, "block")[0], 1e-5)
