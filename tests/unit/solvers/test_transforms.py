"""`solve` under jit, vmap, forward mode, and derivatives of derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from .. import oracle
from ..helpers import (
    assert_close,
    assert_gradients_close,
    inner,
    make_cell,
    names_of,
    problem,
    solve_and_gradients,
    to_planes,
    to_state,
)
from .problems import METHODS, STRUCTURES

T, LANES = 9, 3
OPTIONS = {"tol": 1e-13, "max_steps": T}
# Every structure by Newton, and the ways in which the other methods differ from it.
SOME = [
    *[("Newton", name) for name in STRUCTURES],
    ("QuasiNewton", "GRU"),
    ("Sequential", "GRU"),
    ("MultipleShooting", "ParaLSTM"),
]


def lanes(name):
    """Problems that differ in cell, inputs and initial state."""
    return [problem(name, T, seed=s) for s in range(LANES)]


def stacked(trees):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def lane(tree, k):
    return jax.tree.map(lambda a: a[k], tree)


@pytest.mark.parametrize("method, name", [*SOME, ("Jacobi", "GRU"), ("Windowed", "GRU")])
def test_vmap_over_inputs_and_initial_states(method, name):
    """A batch: one cell, many sequences; each lane takes its own number of steps."""
    qs = [q._replace(p=problem(name, T).p) for q in lanes(name)]
    cell = qs[0].cell
    xs, h0 = (stacked([q.jax_arguments()[k] for q in qs]) for k in (1, 2))
    run = jax.jit(jax.vmap(lambda xs, h0: pr.solve(cell, xs, h0, METHODS[method], **OPTIONS)))
    solution = run(xs, h0)
    assert solution.converged.shape == solution.steps.shape == (LANES,)
    assert np.all(solution.converged)
    for k, q in enumerate(qs):
        assert_close(to_planes(lane(solution.states, k)), q.states(), 1e-11)


@pytest.mark.parametrize("method, name", SOME)
def test_vmap_of_gradients_over_everything(method, name):
    """An ensemble: weights, inputs, initial states and output gradients all differ by lane."""
    qs = lanes(name)
    run = jax.jit(jax.vmap(lambda *a: solve_and_gradients(*a, method=METHODS[method], **OPTIONS)))
    _, grads = run(*stacked([q.jax_arguments() for q in qs]))
    for k, q in enumerate(qs):
        assert_gradients_close(lane(grads, k), q, 1e-9)


@pytest.mark.parametrize("name", STRUCTURES)
def test_gradient_of_a_vmap(name):
    """The gradient of a batch loss with respect to the shared cell is the sum over lanes."""
    qs = [q._replace(p=problem(name, T).p) for q in lanes(name)]
    xs, h0, gs = (stacked([q.jax_arguments()[k] for q in qs]) for k in (1, 2, 3))

    @jax.jit
    @jax.grad
    def gradient(cell):
        return inner(gs, jax.vmap(lambda x, h: pr.solve(cell, x, h, **OPTIONS).states)(xs, h0))

    wanted = [q.gradients()[0] for q in qs]
    total = {k: sum(w[k] for w in wanted) for k in wanted[0]}
    assert_close(names_of(gradient(qs[0].cell), total), total, 1e-10)


def test_vmap_over_cells_only_and_nested():
    cells = [make_cell("GRU", problem("GRU", T, seed=s).p) for s in range(2)]
    qs = lanes("GRU")
    xs = stacked([jnp.asarray(q.xs) for q in qs])
    both = jax.vmap(jax.vmap(lambda c, x: pr.solve(c, x).states, (None, 0)), (0, None))
    states = jax.jit(both)(stacked(cells), xs)
    for i in range(2):
        for j, q in enumerate(qs):
            zero = tuple(np.zeros_like(h) for h in q.h0)
            mixed = q._replace(p=problem("GRU", T, seed=i).p, h0=zero)
            assert_close(states[i, j], mixed.states()[0], 1e-9)


def test_vmap_over_a_batch_axis_that_is_not_the_first():
    qs = lanes("ParaGRU")
    cell = qs[0].cell
    xs = jnp.stack([jnp.asarray(q.xs) for q in qs], axis=1)  # (T, batch, input)
    states = jax.vmap(lambda x: pr.solve(cell, x).states, in_axes=1, out_axes=1)(xs)
    for k, q in enumerate(qs):
        alone = q._replace(p=qs[0].p, h0=tuple(np.zeros_like(h) for h in q.h0))
        assert_close(states[:, k], alone.states()[0], 1e-9)


@pytest.mark.parametrize("name", STRUCTURES)
def test_eager_and_jit_agree(name):
    arguments = problem(name, T).jax_arguments()[:3]
    eager = pr.solve(*arguments)
    jitted = jax.jit(pr.solve)(*arguments)
    assert_close(jitted.states, eager.states, 1e-13)
    assert jitted.steps == eager.steps
    assert jitted.converged
    assert_close(jitted.residual, eager.residual, 1e-13)
    assert jitted.method == eager.method


@pytest.mark.parametrize("method, name", SOME)
def test_forward_mode(method, name):
    """The tangent of the states against central differences of the oracle."""
    q, v = problem(name, T), problem(name, T, seed=9)
    point, along = q.jax_arguments()[:3], v.jax_arguments()[:3]

    @jax.jit
    def push(point, along):
        run = lambda *a: pr.solve(*a, METHODS[method], **OPTIONS).states
        return jax.jvp(run, point, along)

    states, tangent = push(point, along)

    def moved(eps):
        p = {k: w + eps * v.p[k] for k, w in q.p.items()}
        h0 = tuple(a + eps * b for a, b in zip(q.h0, v.h0, strict=True))
        return oracle.unroll(oracle.STEPS[name], p, q.xs + eps * v.xs, h0)

    assert_close(to_planes(states), q.states(), 1e-11)
    numeric = [(a - b) / 2e-6 for a, b in zip(moved(1e-6), moved(-1e-6), strict=True)]
    assert_close(list(to_planes(tangent)), numeric, 1e-7)


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("mode", ["forward over reverse", "reverse over reverse"])
def test_second_derivatives(name, mode):
    """A Hessian-vector product against differences of the oracle's gradient."""
    q, v = problem(name, 5), problem(name, 5, seed=9)
    cell, xs, h0, gs = q.jax_arguments()
    direction, _, v0, _ = v.jax_arguments()

    def gradient(point):
        def loss(point):
            cell, h0 = point
            return inner(gs, pr.solve(cell, xs, h0, tol=1e-14, max_steps=5).states)

        return jax.grad(loss)(point)

    def dot(a, b):
        pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
        return sum(jnp.vdot(x, y) for x, y in pairs)

    @jax.jit
    def hessian_vector(point, along):
        if mode == "forward over reverse":
            return jax.jvp(gradient, (point,), (along,))[1]
        return jax.grad(lambda p: dot(gradient(p), along))(point)

    g_cell, g_h0 = hessian_vector((cell, h0), (direction, v0))

    def oracle_gradient(eps):
        p = {k: w + eps * v.p[k] for k, w in q.p.items()}
        h0 = tuple(a + eps * b for a, b in zip(q.h0, v.h0, strict=True))
        g_p, _, g_h0 = q._replace(p=p, h0=h0).gradients()
        return g_p, g_h0

    (up, up_h0), (down, down_h0) = oracle_gradient(1e-5), oracle_gradient(-1e-5)
    for key, got in names_of(g_cell, q.p).items():
        assert_close(got, (up[key] - down[key]) / 2e-5, 1e-7, key)
    numeric = [(a - b) / 2e-5 for a, b in zip(up_h0, down_h0, strict=True)]
    assert_close(list(to_planes(g_h0)), numeric, 1e-7)


def test_full_jacobian_both_ways():
    """jacfwd and jacrev agree with each other and with products of the step's Jacobians."""
    q = problem("ParaLSTM", 4)
    cell, xs, h0, _ = q.jax_arguments()
    last = lambda h: jnp.concatenate([s[-1] for s in pr.solve(cell, xs, h, **OPTIONS).states])
    forward, reverse = jax.jit(lambda h: (jax.jacfwd(last)(h), jax.jacrev(last)(h)))(h0)
    product, state = np.eye(8), q.h0
    for x in q.xs:
        product = oracle.jacobian(oracle.para_lstm, q.p, state, x) @ product
        state = oracle.para_lstm(q.p, state, x)[0]
    for got in (forward, reverse):
        assert_close(jnp.concatenate(list(got), axis=1), product, 1e-12)


def test_solve_inside_a_scan_and_a_checkpoint():
    """A training loop: solve and its gradient as the body of `lax.scan`."""
    q = problem("GRU", T)
    cell, xs, h0, gs = q.jax_arguments()

    @jax.checkpoint
    def loss(cell):
        return inner(gs, pr.solve(cell, xs, h0, **OPTIONS).states)

    @jax.jit
    def train(cell):
        def step(cell, _):
            grads = jax.grad(loss)(cell)
            return jax.tree.map(lambda w, g: w - 0.01 * g, cell, grads), None

        return jax.lax.scan(step, cell, None, length=2)[0]

    p = q.p
    for _ in range(2):
        g = q._replace(p=p).gradients()[0]
        p = {k: w - 0.01 * g[k] for k, w in p.items()}
    assert_close(names_of(train(cell), p), p, 1e-11)


def test_keyword_arguments_may_be_traced():
    """The guess and the data are arrays; everything else is fixed when the program is."""
    q = problem("GRU", T)
    cell, xs, h0, _ = q.jax_arguments()
    run = jax.jit(lambda guess: pr.solve(cell, xs, h0, initial_guess=guess))
    solution = run(to_state(q.states()))
    assert solution.steps == 0
    assert solution.converged
