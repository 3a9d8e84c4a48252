"""Any function of (state, input) serves as a cell: closures, state trees, input trees."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from .. import oracle
from ..helpers import assert_close, inner
from .problems import METHODS

T, D = 11, 3


@pytest.fixture
def tanh_net(rng):
    """W, xs, h0, output gradients, and the oracle's gradients of W, xs and h0."""
    W, xs = rng.normal(size=(D, D)) / 2, rng.normal(size=(T, D))
    h0, gs = rng.normal(size=D), rng.normal(size=(T, D))
    p = {"U": W, "W": np.eye(D), "b": np.zeros(D)}
    g_p, g_xs, (g_h0,) = oracle.backward(oracle.elman, p, xs, (h0,), (gs,))
    states = oracle.unroll(oracle.elman, p, xs, (h0,))[0]
    return *map(jnp.asarray, (W, xs, h0, gs)), (g_p["U"], g_xs, g_h0), states


def closure(W):
    return lambda h, x: jnp.tanh(W @ h + x)


def jitted_closure(W):
    return jax.jit(closure(W))


def partial_with_the_weight(W):
    return jax.tree_util.Partial(lambda W, h, x: jnp.tanh(W @ h + x), W)


def partial_with_a_closure(W):
    return jax.tree_util.Partial(lambda shift, h, x: jnp.tanh(W @ h + x + shift), jnp.zeros(D))


def module_with_the_weight(W):
    class Cell(eqx.Module):
        W: jax.Array

        def __call__(self, h, x):
            return jnp.tanh(self.W @ h + x)

    return Cell(W)


def module_with_a_closure(W):
    class Cell(eqx.Module):
        shift: jax.Array

        def __call__(self, h, x):
            return jnp.tanh(W @ h + x + self.shift)

    return Cell(jnp.zeros(D))


def bound_method(W):
    return module_with_the_weight(W).__call__


def object_with_an_attribute(W):
    class Plain:
        def __call__(self, h, x):
            return jnp.tanh(W @ h + x)

    return Plain()


CALLABLES = [
    closure,
    jitted_closure,
    partial_with_the_weight,
    partial_with_a_closure,
    module_with_the_weight,
    module_with_a_closure,
    bound_method,
    object_with_an_attribute,
]


@pytest.mark.parametrize("make", CALLABLES)
@pytest.mark.parametrize("transform", ["eager", "jit"])
def test_gradients_of_whatever_a_callable_holds(make, transform, tanh_net):
    W, xs, h0, gs, wanted, states = tanh_net

    def loss(W, xs, h0):
        solution = pr.solve(make(W), xs, h0, tol=1e-13)
        return inner(gs, solution.states), solution.states

    run = jax.grad(loss, argnums=(0, 1, 2), has_aux=True)
    grads, got = (jax.jit(run) if transform == "jit" else run)(W, xs, h0)
    assert_close(got, states, 1e-11)
    for got, want, name in zip(grads, wanted, ("W", "xs", "h0"), strict=True):
        assert_close(got, want, 1e-10, name)


@pytest.mark.parametrize("method", ["Sequential", "QuasiNewton", "MultipleShooting", "Windowed"])
def test_gradients_of_closed_over_weights_by_every_method(method, tanh_net):
    W, xs, h0, gs, wanted, _ = tanh_net

    @jax.jit
    @jax.grad
    def gradient(W):
        options = {"tol": 1e-13, "max_steps": T}
        return inner(gs, pr.solve(closure(W), xs, h0, METHODS[method], **options).states)

    assert_close(gradient(W), wanted[0], 1e-10)


def test_unroll_of_a_closure(tanh_net):
    W, xs, h0, gs, wanted, states = tanh_net
    loss = lambda W: inner(gs, pr.unroll(closure(W), xs, h0))
    assert_close(pr.unroll(closure(W), xs, h0), states, 1e-13)
    assert_close(jax.grad(loss)(W), wanted[0], 1e-11)


def test_a_closure_under_vmap_and_forward_mode(tanh_net):
    W, xs, h0, _, _, _ = tanh_net
    run = lambda W: pr.solve(closure(W), xs, h0, tol=1e-14).states
    Ws = jnp.stack([W, 0.5 * W])
    for k, states in enumerate(jax.vmap(run)(Ws)):
        assert_close(states, run(Ws[k]), 1e-12)
    _, tangent = jax.jvp(run, (W,), (jnp.ones_like(W),))
    numeric = (run(W + 1e-6) - run(W - 1e-6)) / 2e-6
    assert_close(tangent, numeric, 1e-7)


# States and inputs that are trees.


def pendulum(state, inputs):
    """A state tree of unlike shapes: a (2, 2) matrix, a scalar and a vector."""
    m, s, v = state["m"], state["s"], state["v"]
    push, (shift, _) = inputs["push"], inputs["pair"]
    return {
        "m": jnp.tanh(0.5 * m @ m + s * jnp.eye(2) + push),
        "s": 0.3 * s + 0.2 * jnp.sin(m.sum()) + shift,
        "v": 0.5 * v + jnp.array([s, 0.0, m[0, 1]]),
    }


def pendulum_problem():
    rng = np.random.default_rng(1)
    h0 = {"m": rng.normal(size=(2, 2)) / 2, "s": rng.normal(), "v": rng.normal(size=3)}
    xs = {
        "push": rng.normal(size=(T, 2, 2)),
        "pair": (rng.normal(size=T), rng.integers(0, 9, size=T)),
    }
    return jax.tree.map(jnp.asarray, (xs, h0))


def loop_over(f, xs, h0):
    states, h = [], h0
    for t in range(T):
        h = f(h, jax.tree.map(lambda x, t=t: x[t], xs))
        states.append(h)
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


@pytest.mark.parametrize("method", METHODS)
def test_state_and_input_trees(method):
    """All leaves keep their names and shapes; integer inputs are welcome."""
    xs, h0 = pendulum_problem()
    solution = pr.solve(pendulum, xs, h0, METHODS[method], tol=1e-12, max_steps=T)
    wanted = loop_over(pendulum, xs, h0)
    assert jax.tree.structure(solution.states) == jax.tree.structure(h0)
    assert solution.converged
    assert_close(solution.states, wanted, 1e-10)
    assert_close(pr.unroll(pendulum, xs, h0), wanted, 1e-13)


def test_gradients_of_state_and_input_trees(rng):
    xs, h0 = pendulum_problem()
    tokens = xs["pair"][1]

    def gradient(run):
        @jax.jit
        def loss(push, shift, h0):
            states = run(pendulum, {"push": push, "pair": (shift, tokens)}, h0)
            return sum(jnp.sum(jnp.cos(s)) for s in jax.tree.leaves(states))

        return jax.grad(loss, argnums=(0, 1, 2))(xs["push"], xs["pair"][0], h0)

    solved = gradient(lambda *a: pr.solve(*a, tol=1e-13).states)
    assert_close(solved, gradient(loop_over), 1e-10)


def test_tokens_as_inputs():
    """A cell that looks its input up in a table."""
    rng = np.random.default_rng(0)
    table, tokens = jnp.asarray(rng.normal(size=(5, 2))), jnp.asarray(rng.integers(0, 5, 30))
    f = lambda table: lambda h, token: jnp.tanh(0.5 * h + table[token])
    states = pr.solve(f(table), tokens, jnp.zeros(2)).states
    h, wanted = np.zeros(2), []
    for k in np.asarray(tokens):
        h = np.tanh(0.5 * h + np.asarray(table)[k])
        wanted.append(h)
    assert_close(states, np.array(wanted), 1e-9)
    grad = jax.grad(lambda t: pr.solve(f(t), tokens, jnp.zeros(2), tol=1e-13).states.sum())
    unrolled = jax.grad(lambda t: pr.unroll(f(t), tokens, jnp.zeros(2)).sum())
    assert_close(grad(table), unrolled(table), 1e-11)


def test_one_number_as_a_state():
    """A scalar state: shape ()."""
    xs = jnp.linspace(0, 1, 9)
    solution = pr.solve(lambda h, x: jnp.sin(h + x), xs, jnp.asarray(0.5))
    h, wanted = 0.5, []
    for x in np.linspace(0, 1, 9):
        h = np.sin(h + x)
        wanted.append(h)
    assert_close(solution.states, np.array(wanted), 1e-9)


def test_numpy_in_place_of_jax():
    xs = np.linspace(0, 1, 12).reshape(6, 2)
    f = lambda h, x: jnp.tanh(h + x)
    assert_close(
        pr.solve(f, xs, np.zeros(2)).states,
        pr.solve(f, jnp.asarray(xs), jnp.zeros(2)).states,
        0.0,
    )


def test_a_cell_with_branches_and_loops_inside():
    def f(h, x):
        h = jax.lax.cond(x[0] > 0, lambda h: jnp.tanh(h), lambda h: 0.5 * h[::-1], h)
        return jax.lax.fori_loop(0, 3, lambda _, h: 0.9 * h + 0.1 * jnp.sin(x), h)

    xs = jnp.sin(jnp.arange(40.0)).reshape(20, 2)
    solution = pr.solve(f, xs, jnp.ones(2))
    assert_close(solution.states, pr.unroll(f, xs, jnp.ones(2)), 1e-9)


def test_random_keys_as_inputs():
    """Noise fixed in advance, as for a Markov chain: the keys are the inputs."""
    keys = jax.random.split(jax.random.key(0), 12)
    f = lambda h, key: 0.5 * h + jax.random.normal(key, (2,))
    solution = pr.solve(f, keys, jnp.zeros(2))
    assert_close(solution.states, pr.unroll(f, keys, jnp.zeros(2)), 1e-12)
