"""Every method on every cell, values and gradients, against the sequential oracle.

All methods end in at most T steps (the exact-prefix property), so max_steps = T is enough for
each; the tolerance is far below what the comparison asks for.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from ..helpers import (
    CELLS,
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


def check(q, method, value_error=1e-11, gradient_error=1e-9, **options):
    run = eqx.filter_jit(
        lambda *arguments: solve_and_gradients(*arguments, method=method, **options)
    )
    solution, grads = run(*q.jax_arguments())
    assert solution.converged
    assert_close(to_planes(solution.states), q.states(), value_error, "states")
    assert_gradients_close(grads, q, gradient_error)
    return solution


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_on_every_structure(name, method):
    check(problem(name, 13), METHODS[method], tol=1e-13, max_steps=13)


@pytest.mark.parametrize("name", sorted(set(CELLS) - set(STRUCTURES)))
@pytest.mark.parametrize("method", ["Sequential", "Newton", "QuasiNewton", "MultipleShooting"])
def test_the_other_cells(name, method):
    check(problem(name, 13), METHODS[method], tol=1e-13, max_steps=13)


@pytest.mark.parametrize("name, T", [("ParaLSTM", 0), ("GRU", 1), ("ParaLSTM", 2)])
@pytest.mark.parametrize("method", METHODS)
def test_short_sequences(name, method, T):
    check(problem(name, T), METHODS[method], tol=1e-13, max_steps=max(T, 1))


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("scan", ["sequential", "associative", "chunked"])
def test_newton_on_every_scan(name, scan):
    # XLA takes long over the six arrays of an associative block scan.
    T = 33 if (name, scan) == ("ParaLSTM", "associative") else 333
    solution = check(problem(name, T), pr.Newton(scan=scan), tol=1e-13)
    assert solution.steps <= 10


@pytest.mark.parametrize("name", STRUCTURES)
def test_newton_over_thousands_of_steps(name):
    q = problem(name, 3001)
    solution = check(q, pr.Newton(), value_error=1e-9, gradient_error=1e-8)
    assert solution.steps <= 10


@pytest.mark.parametrize("method", ["Sequential", "MultipleShooting", "Windowed"])
def test_the_composed_methods_over_thousands_of_steps(method):
    """Three windows of 999 and a rest, 40 segments of 76 with the last one cut short."""
    methods = {
        "Sequential": pr.Sequential(),
        "MultipleShooting": pr.MultipleShooting(segments=40),
        "Windowed": pr.Windowed(window=999),
    }
    check(problem("ParaGRU", 3001), methods[method], value_error=1e-9, gradient_error=1e-8)


@pytest.mark.parametrize("name", CELLS)
def test_defaults_eagerly(name):
    """Nothing but the cell and its inputs: zero initial state, Newton, default tolerance."""
    q = problem(name, 20)
    zero = q._replace(h0=tuple(np.zeros_like(h) for h in q.h0))
    solution = pr.solve(q.cell, jnp.asarray(q.xs))
    assert_close(to_planes(solution.states), zero.states(), 1e-9)
    assert_close(to_planes(pr.unroll(q.cell, jnp.asarray(q.xs))), zero.states(), 1e-13)
    assert solution.converged
    assert solution.residual <= 1e-10


@pytest.mark.parametrize("name, T", [*[(name, 50) for name in CELLS], ("GRU", 0), ("GRU", 1)])
def test_unroll(name, T):
    q = problem(name, T, gain=1.5)
    cell, xs, h0, gs = q.jax_arguments()
    states = pr.unroll(cell, xs, h0)
    assert jax.tree.structure(states) == jax.tree.structure(h0)
    assert_close(to_planes(states), q.states(), 1e-11)
    grads = jax.jit(jax.grad(lambda *a: inner(gs, pr.unroll(*a)), argnums=(0, 1, 2)))(cell, xs, h0)
    assert_gradients_close(grads, q, 1e-9)


@pytest.mark.parametrize("name, method", [("GRU", "Newton"), ("ParaLSTM", "MultipleShooting")])
def test_projected_inputs_and_step_are_the_cell(name, method):
    q = problem(name, 13)
    cell, xs, h0, _ = q.jax_arguments()
    projected = jax.vmap(cell.project)(xs)
    whole = pr.solve(cell, xs, h0, METHODS[method])
    split = pr.solve(cell.step, projected, h0, METHODS[method])
    assert_close(split.states, whole.states, 1e-14)
    assert_close(to_planes(split.states), q.states(), 1e-9)
    assert_close(pr.unroll(cell.step, projected, h0), pr.unroll(cell, xs, h0), 1e-14)


@pytest.mark.parametrize("name", STRUCTURES)
def test_gradients_of_a_bound_step(name):
    """`cell.step` carries the cell's weights: they get the gradients that the step sees."""
    q = problem(name, 9)
    cell, xs, h0, gs = q.jax_arguments()

    def loss(cell, h0):
        projected = jax.lax.stop_gradient(jax.vmap(cell.project)(xs))
        return inner(gs, pr.solve(cell.step, projected, h0, tol=1e-13).states)

    g_cell, g_h0 = jax.jit(jax.grad(loss, argnums=(0, 1)))(cell, h0)
    p, _, wanted_h0 = q.gradients()
    for key, got in names_of(g_cell, p).items():
        inside = key[0] in "Uap"
        assert_close(got, p[key] if inside else np.zeros_like(p[key]), 1e-10, key)
    assert_close(to_planes(g_h0), wanted_h0, 1e-10)


@pytest.mark.parametrize("name", ["GRU", "ParaLSTM"])
def test_adjoint_against_finite_differences_of_the_library(name, rng):
    """The loss differs by what the gradient says when everything is moved a little."""
    q = problem(name, 15)
    cell, xs, h0, gs = q.jax_arguments()
    along = jax.tree.map(lambda a: jnp.asarray(rng.normal(size=a.shape)), (cell, xs, h0))

    @eqx.filter_jit
    def loss(arguments):
        return inner(gs, pr.solve(*arguments, tol=1e-14, on_failure="return").states)

    def moved(eps):
        return loss(jax.tree.map(lambda a, v: a + eps * v, (cell, xs, h0), along))

    slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
    grads = jax.tree.leaves(eqx.filter_grad(loss)((cell, xs, h0)))
    dot = sum(np.vdot(g, v) for g, v in zip(grads, jax.tree.leaves(along), strict=True))
    np.testing.assert_allclose(dot, slope, rtol=1e-8)


@pytest.mark.parametrize(
    "method, gain",
    [("QuasiNewton", 0.5), ("QuasiNewton", 1.5), ("Damped QuasiNewton", 1.5), ("Jacobi", 1.5)],
)
def test_cheap_iterations_have_unbiased_gradients(method, gain):
    """The public quasi-DEER code also drops the off-diagonal part in the backward pass, and
    misses the gradient by 30 to 100 percent at such gains."""
    q = problem("Elman", 40, gain=gain)
    check(q, METHODS[method], 1e-10, 1e-8, tol=1e-12, max_steps=40)


@pytest.mark.parametrize("method", ["Newton", "Sequential"])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_gradient_of_one_argument_alone(method, which):
    q = problem("GRU", 9)
    arguments = q.jax_arguments()

    def loss(value):
        moved = [*arguments[:which], value, *arguments[which + 1 : 3]]
        return inner(arguments[3], pr.solve(*moved, METHODS[method], 1e-13, 9).states)

    got = jax.jit(jax.grad(loss))(arguments[which])
    wanted = q.gradients()[which]
    if which == 0:
        got = names_of(got, wanted)
    assert_close(got if which < 2 else to_planes(got), wanted, 1e-10)


@pytest.mark.parametrize("method", ["Newton", "QuasiNewton", "MultipleShooting", "Windowed"])
def test_guess_does_not_enter_the_answer_or_the_gradient(method):
    q = problem("GRU", 12)
    cell, xs, h0, gs = q.jax_arguments()
    near = to_state([s + 0.01 for s in q.states()])

    @jax.jit
    def run(guess):
        def loss(cell, guess):
            options = {"method": METHODS[method], "tol": 1e-13, "max_steps": 12}
            solution = pr.solve(cell, xs, h0, initial_guess=guess, **options)
            return inner(gs, solution.states), solution.states

        return jax.grad(loss, argnums=(0, 1), has_aux=True)(cell, guess)

    (g_cell, g_guess), states = run(near)
    assert_close(to_planes(states), q.states(), 1e-11)
    wanted = q.gradients()[0]
    assert_close(names_of(g_cell, wanted), wanted, 1e-9)
    assert not np.any(g_guess)


def test_weights_that_are_shared_between_two_solves():
    """A stack of two layers: the gradient flows through one solve into the next."""
    q = problem("GRU", 10)
    cell, xs, h0, gs = q.jax_arguments()
    upper = make_cell("GRU", problem("GRU", 1, seed=5).p)

    def stack(run):
        def loss(cell, upper):
            below = run(cell, xs, h0)
            return inner(gs, run(upper, below[:, :3], h0))

        return jax.jit(jax.grad(loss, argnums=(0, 1)))(cell, upper)

    solved = stack(lambda *a: pr.solve(*a, tol=1e-13).states)
    for got, wanted in zip(*map(jax.tree.leaves, (solved, stack(pr.unroll))), strict=True):
        assert_close(got, wanted, 1e-10)
