"""A quick method, and another for what it leaves unsolved; and when `Auto` takes the kernels so."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr
from pararnn_edu import gpu
from pararnn_edu.solvers import Method
from pararnn_edu.solvers.otherwise import Otherwise
from pararnn_edu.solvers.problem import pose
from pararnn_edu.solvers.solution import Raw, one_record

from .. import helpers
from ..helpers import assert_close, equations


class Liar(Method):
    """Returns the default guess and says that it is right: true for a cell that forgets all."""

    def run(self, problem, guess, options):
        zero = jnp.zeros((), jax.tree.leaves(problem.h0)[0].dtype)
        return Raw(problem.default_guess(), jnp.asarray(0), zero, one_record(zero))


METHOD = Otherwise(Liar(), pr.Newton())


def forgetting(p):
    """The same cell with no memory, for which the guess is the solution."""
    return p | {k: (0 if k[0] in "Uap" else 1) * v for k, v in p.items()}


@pytest.mark.parametrize("name", ["Elman", "ParaLSTM"])
def test_the_second_solves_what_the_first_does_not(name):
    q = helpers.problem(name, T=12)
    cell, xs, h0, gs = q.jax_arguments()
    solution, grads = helpers.solve_and_gradients(cell, xs, h0, gs, method=METHOD)
    assert solution.converged and solution.steps > 0
    assert solution.history.residual.shape == (1,)
    assert_close(jax.tree.leaves(solution.states), list(q.states()), 1e-9)
    helpers.assert_gradients_close(grads, q, 1e-8)


def test_what_the_first_solves_is_kept():
    q = helpers.problem("Elman", T=12)
    q = q._replace(p=forgetting(q.p))
    cell, xs, h0, _ = q.jax_arguments()
    solution = pr.solve(cell, xs, h0, METHOD)
    assert solution.converged and solution.steps == 0
    assert_close(solution.states, q.states()[0], 1e-12)


def test_neither_solves_it():
    cell, xs, h0, _ = helpers.problem("Elman", T=12, gain=3.0).jax_arguments()
    with pytest.raises(pr.ConvergenceError, match=r"Liar\(\), or else Newton"):
        pr.solve(cell, xs, h0, METHOD, max_steps=1)


def test_in_a_batch_each_keeps_its_own():
    """Some of a batch need the second, in nested batches, and it is asked for once."""
    q = helpers.problem("Elman", T=12)
    hard, xs, h0, _ = q.jax_arguments()
    easy = helpers.make_cell("Elman", forgetting(q.p))
    cells = jax.tree.map(lambda *leaves: jnp.stack(leaves), easy, hard)
    run = lambda cell, xs: pr.solve(cell, xs, h0, METHOD, on_failure="return")
    over_inputs = jax.vmap(run, (None, 0))
    all_of_them = jax.vmap(over_inputs, (0, None))
    batch = jnp.stack([xs, 2 * xs, 0 * xs])
    solution = jax.jit(all_of_them)(cells, batch)
    assert jnp.all(solution.converged)
    assert jnp.all(solution.steps[0] == 0) and jnp.all(solution.steps[1, :2] > 0)
    for i, cell in enumerate((easy, hard)):
        for j in range(3):
            assert_close(solution.states[i, j], pr.unroll(cell, batch[j], h0), 1e-9)
    traced = jax.make_jaxpr(all_of_them)(cells, batch).jaxpr
    assert any(eqn.primitive.name == "cond" for eqn in equations(traced)), "both always run"


def test_iterates_and_guesses_are_for_the_second():
    cell, xs, h0, _ = helpers.problem("Elman", T=12).jax_arguments()
    recorded = pr.solve(cell, xs, h0, METHOD, record=True)
    assert recorded.history.states.shape[1:] == (12, 4)
    guess = pr.unroll(cell, xs, h0)
    assert pr.solve(cell, xs, h0, METHOD, initial_guess=guess).steps == 0


def test_other_things_than_methods_are_refused():
    with pytest.raises(TypeError, match="Otherwise takes a method"):
        Otherwise(pr.Newton(), pr.Newton)


def test_kernels_that_are_too_few_shots(monkeypatch):
    """The kernels in the interpreter: two shots leave a cell with a long memory unsolved."""
    from pararnn_edu.solvers.fused import passes

    monkeypatch.setattr(passes, "UNROLL", 2)  # quick to compile
    cell = pr.ParaGRU(3, 4, key=jax.random.key(0))
    slow = eqx.tree_at(lambda c: [c.a_z, c.a_r, c.b_z], cell, replace_fn=lambda x: 4 * x)
    slow = eqx.tree_at(lambda c: c.b_z, slow, slow.b_z - 3)
    slow = eqx.tree_at(lambda c: c.a_n, slow, 4 * slow.a_n)
    xs = jax.random.normal(jax.random.key(1), (100, 3), jnp.float32)
    few = pr.Fused(shots=2, chunk=8, backend="interpret")
    method = Otherwise(few, pr.Sequential())
    alone = pr.solve(slow, xs, method=few, on_failure="return")
    assert not alone.converged
    for each, more in ((cell, False), (slow, True)):
        solution = pr.solve(each, xs, method=method)
        assert bool(solution.steps > 2) == more
        assert_close(solution.states, pr.unroll(each, xs), 1e-5)


def choice(name, kernels, dtype=jnp.float32, T=4096):
    cell = getattr(pr, name)(3, 4, key=jax.random.key(0), dtype=dtype)
    problem = pose(cell, jnp.zeros((T, 3), dtype), None).problem
    return pr.Auto().choice(problem, "gpu", kernels)


@pytest.mark.parametrize("name", ["ParaGRU", "ParaLSTM"])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_auto_takes_the_kernels_where_they_run(name, dtype):
    found = choice(name, True, dtype)
    assert found == Otherwise(pr.Fused(), pr.MultipleShooting(segments=64))
    assert choice(name, False, dtype) == found.then


def test_auto_leaves_the_kernels_what_is_theirs():
    assert isinstance(choice("ParaGRU", True, jnp.float64), pr.MultipleShooting)
    assert isinstance(choice("ParaGRU", True, T=30), pr.Sequential)
    assert isinstance(choice("GRU", True), pr.Newton)
    posed = pose(
        lambda h, x: jnp.tanh(0.5 * h + x), jnp.zeros((4096, 3), jnp.float32), jnp.zeros(3)
    )
    assert isinstance(pr.Auto().choice(posed.problem, "gpu", True), pr.MultipleShooting)


def test_what_auto_runs_on_a_gpu_lowers_for_one():
    cell = pr.ParaLSTM(3, 4, key=jax.random.key(0))
    then = pr.MultipleShooting(pr.Newton(scan="associative"), segments=64)  # "auto" asks the CPU
    method = Otherwise(pr.Fused(), then)
    run = lambda xs: pr.solve(cell, xs, method=method, on_failure="return").states
    xs = jax.ShapeDtypeStruct((4, 4096, 3), jnp.float32)
    text = gpu.lower(jax.vmap(run), xs).mlir_module()
    assert "paralstm_shoot" in text and "stablehlo.case" in text


def test_tries_bound_the_steps_of_the_first_alone():
    """One step of Newton is too few; the second has as many as it wants."""
    cell, xs, h0, _ = helpers.problem("Elman", T=12).jax_arguments()
    full = pr.solve(cell, xs, h0)
    solution = pr.solve(cell, xs, h0, Otherwise(pr.Newton(), pr.Newton(), tries=1))
    assert solution.converged and solution.steps == 1 + full.steps > 2
    assert_close(solution.states, full.states, 1e-12)


@pytest.mark.parametrize("tries", [0, 1.5, True])
def test_tries_are_counted(tries):
    with pytest.raises(ValueError, match="tries must be a positive int"):
        Otherwise(pr.Jacobi(), pr.Newton(), tries=tries)


def test_alone_means_one_sequence():
    """By the steps: Newton's for one sequence, those of the loop for a batch."""
    cell, xs, h0, _ = helpers.problem("Elman", T=12).jax_arguments()
    method = Otherwise(pr.Newton(), pr.Sequential(), alone=True)
    run = lambda xs: pr.solve(cell, xs, h0, method)
    one = run(xs)
    many = jax.vmap(run)(jnp.stack([xs, 0.5 * xs]))
    assert one.steps < 12
    assert many.steps.tolist() == [12, 12] and many.converged.all()
    assert_close(many.states[0], one.states, 1e-9)


@pytest.mark.parametrize("name", ["ParaGRU", "ParaLSTM"])
def test_auto_on_a_cpu_takes_segments_for_one_channel_and_a_long_time(name):
    """Where the cell forgets; where it does not, three steps are too few and the loop is run."""
    T = 8192
    cell = getattr(pr, name)(2, 1, key=jax.random.key(0), dtype=jnp.float64)
    xs = jax.random.normal(jax.random.key(1), (T, 2), jnp.float64)
    solution = pr.solve(cell, xs, method=pr.Auto())
    assert "segments=128), or else Sequential()" in solution.method
    assert solution.converged and solution.steps <= 3
    loop = pr.unroll(cell, xs)
    assert_close(jax.tree.leaves(solution.states), jax.tree.leaves(loop), 1e-9)
    wide = getattr(pr, name)(2, 2, key=jax.random.key(0))
    assert pr.solve(wide, xs, method=pr.Auto()).method == "Auto: Sequential()"


def test_auto_falls_back_on_the_loop():
    """A chaotic map of one number, on which Newton gets nowhere in three steps."""
    step = lambda h, u: 3.99 * h * (1 - h) + u
    us = jnp.zeros((8192, 1))
    h0 = jnp.array([0.3])
    solution = pr.solve(step, us, h0, pr.Auto())
    assert solution.steps == 3 + 8192 and solution.converged
    assert_close(solution.states[:50], pr.unroll(step, us, h0)[:50], 1e-6)
