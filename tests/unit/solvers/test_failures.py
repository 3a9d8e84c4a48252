"""What happens when a solve fails: raise, return or run the loop; eager, jit and vmap."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from ..helpers import (
    assert_close,
    assert_gradients_close,
    inner,
    problem,
    solve_and_gradients,
    to_planes,
)

# XLA passes an error of a compiled program on as one or the other.
AT_RUN_TIME = (RuntimeError, ValueError)

# Newton needs far more than 3 steps here, and the loop is exact.
CHAOTIC = {"method": pr.Newton(), "max_steps": 3}


def chaotic(seed=0):
    return problem("Elman", 60, seed=seed, gain=3.0)


def test_raise_is_the_default_and_says_what_to_try():
    cell, xs, h0, _ = chaotic().jax_arguments()
    with pytest.raises(pr.ConvergenceError) as caught:
        pr.solve(cell, xs, h0, **CHAOTIC)
    text = str(caught.value)
    for part in ("Newton", "3 steps", "residual", "1e-10", "max_steps", "sequential"):
        assert part in text


def test_convergence_error_is_a_runtime_error():
    assert issubclass(pr.ConvergenceError, RuntimeError)


def test_the_error_shows_the_residual():
    cell, xs, h0, _ = chaotic().jax_arguments()
    residual = float(pr.solve(cell, xs, h0, **CHAOTIC, on_failure="return").residual)
    with pytest.raises(pr.ConvergenceError, match=re.escape(f"{residual:.2e}")):
        pr.solve(cell, xs, h0, **CHAOTIC)


@pytest.mark.parametrize("kind", ["jit", "vmap", "jit of vmap", "grad", "jit of grad"])
def test_raise_under_transformations(kind):
    cell, xs, h0, gs = chaotic().jax_arguments()

    def run(xs):
        return pr.solve(cell, xs, h0, **CHAOTIC).states

    def gradient(xs):
        return jax.grad(lambda xs: inner(gs, run(xs)))(xs)

    batch = jnp.stack([xs, xs])
    calls = {
        "jit": lambda: jax.jit(run)(xs),
        "vmap": lambda: jax.vmap(run)(batch),
        "jit of vmap": lambda: jax.jit(jax.vmap(run))(batch),
        "grad": lambda: gradient(xs),
        "jit of grad": lambda: jax.jit(gradient)(xs),
    }
    with pytest.raises(AT_RUN_TIME, match=r"Newton.*stopped after.*max_steps"):
        jax.block_until_ready(calls[kind]())


def test_nan_under_jit_has_its_own_message():
    cell, xs, h0, _ = problem("GRU", 20).jax_arguments()
    run = jax.jit(lambda xs: pr.solve(cell, xs, h0).states)
    assert np.isfinite(run(xs)).all()
    with pytest.raises(AT_RUN_TIME, match="not finite"):
        jax.block_until_ready(run(xs.at[5, 0].set(jnp.nan)))


def test_one_failed_lane_fails_the_batch():
    """The weak lane of a batch is not hidden by the strong ones."""
    good, bad = problem("Elman", 60, gain=0.3), chaotic()
    pair = jax.tree.map(
        lambda a, b: jnp.stack([a, b]), good.jax_arguments()[:3], bad.jax_arguments()[:3]
    )
    run = jax.vmap(lambda *a: pr.solve(*a, max_steps=8, on_failure="return"))
    assert run(*pair).converged.tolist() == [True, False]
    with pytest.raises(AT_RUN_TIME):
        jax.block_until_ready(jax.vmap(lambda *a: pr.solve(*a, max_steps=8).states)(*pair))


@pytest.mark.parametrize("jit", [False, True])
def test_return(jit):
    cell, xs, h0, _ = chaotic().jax_arguments()
    run = lambda xs: pr.solve(cell, xs, h0, **CHAOTIC, on_failure="return")
    solution = (jax.jit(run) if jit else run)(xs)
    assert not solution.converged
    assert not solution.fell_back
    assert solution.steps == 3
    assert solution.residual > 1e-3
    assert np.isfinite(solution.residual)


@pytest.mark.parametrize("jit", [False, True])
def test_sequential(jit):
    """The loop's states, and back-propagation through time for a gradient."""
    q = chaotic()
    run = lambda *a: solve_and_gradients(*a, **CHAOTIC, on_failure="sequential")
    solution, grads = (jax.jit(run) if jit else run)(*q.jax_arguments())
    assert solution.converged
    assert solution.fell_back
    # 60 chaotic steps amplify the last bits of the oracle and of the loop differently.
    assert_close(to_planes(solution.states), q.states(), 1e-5)
    cell, xs, h0, _ = q.jax_arguments()
    assert_close(solution.states, pr.unroll(cell, xs, h0), 1e-5)
    short = q._replace(xs=q.xs[:8], gs=tuple(g[:8] for g in q.gs))
    solution, grads = run(*short.jax_arguments())
    assert solution.fell_back
    assert_gradients_close(grads, short, 1e-8)


def test_no_fall_back_where_none_is_needed():
    cell, xs, h0, _ = problem("GRU", 30).jax_arguments()
    plain = pr.solve(cell, xs, h0)
    careful = pr.solve(cell, xs, h0, on_failure="sequential")
    assert not careful.fell_back
    assert careful.converged
    assert careful.steps == plain.steps
    np.testing.assert_array_equal(careful.states, plain.states)


@pytest.mark.parametrize("jit", [False, True])
def test_each_lane_falls_back_on_its_own(jit):
    qs = [problem("Elman", 40, gain=0.3), problem("Elman", 40, gain=3.0)]
    arguments = [q.jax_arguments()[:3] for q in qs]
    batch = jax.tree.map(lambda a, b: jnp.stack([a, b]), *arguments)
    run = jax.vmap(lambda *a: pr.solve(*a, max_steps=8, on_failure="sequential"))
    solution = (jax.jit(run) if jit else run)(*batch)
    assert solution.fell_back.tolist() == [False, True]
    assert solution.converged.all()
    for k, q in enumerate(qs):
        assert_close(solution.states[k], q.states()[0], 1e-7)


@pytest.mark.parametrize(
    "method",
    [pr.Jacobi(), pr.Damped(), pr.MultipleShooting(segments=4), pr.Windowed(window=20)],
    ids=str,
)
def test_every_method_falls_back(method):
    q = problem("Elman", 40, gain=3.0)
    cell, xs, h0, _ = q.jax_arguments()
    solution = pr.solve(cell, xs, h0, method, max_steps=1, on_failure="sequential")
    assert solution.fell_back
    assert solution.converged
    assert_close(solution.states, q.states()[0], 1e-7)


# What the solution says of itself.


@pytest.mark.parametrize("on_failure", ["return", "sequential"])
@pytest.mark.parametrize("spoil", [False, True])
def test_history_has_one_entry_per_step_and_one_for_the_guess(on_failure, spoil):
    """Also when some of them are NaN, which a guess that is not finite brings about."""
    cell, xs, h0, _ = problem("GRU", 12).jax_arguments()
    guess = jnp.zeros((12, 4)).at[3].set(jnp.nan if spoil else 0.0)
    for steps in (1, 12):
        solution = pr.solve(
            cell,
            xs,
            h0,
            initial_guess=guess,
            max_steps=steps,
            on_failure=on_failure,
            record=True,
        )
        assert solution.history.residual.shape == (int(solution.steps) + 1,)
        assert solution.history.states.shape == (int(solution.steps) + 1, 12, 4)
        plain = pr.solve(cell, xs, h0, initial_guess=guess, max_steps=steps, on_failure=on_failure)
        assert plain.history.residual.shape == (int(plain.steps) + 1,)
        assert np.isnan(plain.history.residual[0]) == spoil


@pytest.mark.parametrize("max_steps", [2, 100])
def test_windows_report_one_record_after_the_other(max_steps):
    """Each window: its guess and its steps."""
    cell, xs, h0, _ = problem("GRU", 23).jax_arguments()
    method = pr.Windowed(window=5)
    whole = pr.solve(cell, xs, h0, method, max_steps=max_steps, on_failure="return")
    steps, residuals, state = 0, [], h0
    for start in range(0, 23, 5):
        part = pr.solve(
            cell, xs[start : start + 5], state, max_steps=max_steps, on_failure="return"
        )
        state = part.states[-1]
        steps += int(part.steps)
        residuals.append(part.history.residual)
    assert whole.steps == steps
    np.testing.assert_allclose(whole.history.residual, jnp.concatenate(residuals), rtol=1e-6)


def test_history_under_jit_is_padded():
    cell, xs, h0, _ = problem("GRU", 12).jax_arguments()
    eager = pr.solve(cell, xs, h0, max_steps=9, record=True)
    padded = jax.jit(lambda xs: pr.solve(cell, xs, h0, max_steps=9, record=True))(xs)
    steps = int(eager.steps)
    assert padded.history.residual.shape == (10,)
    np.testing.assert_allclose(
        padded.history.residual[: steps + 1], eager.history.residual, rtol=1e-7, atol=1e-14
    )
    assert np.isnan(padded.history.residual[steps + 1 :]).all()
    assert padded.history.states.shape == (10, 12, 4)


def test_no_iterates_unless_asked():
    cell, xs, h0, _ = problem("GRU", 12).jax_arguments()
    assert pr.solve(cell, xs, h0).history.states is None


@pytest.mark.parametrize(
    "method, words",
    [
        (pr.Newton(), ["Newton", "dense"]),
        (pr.QuasiNewton(), ["QuasiNewton"]),
        (pr.Jacobi(), ["Jacobi"]),
        (pr.Picard(), ["Picard"]),
        (pr.Sequential(), ["Sequential"]),
        (pr.Damped(0.25), ["Damped", "0.25", "Newton", "dense"]),
        (pr.MultipleShooting(segments=3), ["MultipleShooting", "Newton", "dense", "3"]),
        (pr.Windowed(pr.Picard(), window=6), ["Windowed", "Picard", "6"]),
        (pr.Auto(), ["Auto", "Sequential"]),
    ],
    ids=lambda value: str(value) if isinstance(value, pr.Newton) else None,
)
def test_the_solution_names_what_was_run(method, words):
    cell, xs, h0, _ = problem("GRU", 12).jax_arguments()
    text = pr.solve(cell, xs, h0, method, max_steps=20).method
    assert all(word in text for word in words), text


def test_auto_by_device_structure_and_size():
    """Without a GPU the choice can still be asked for."""
    from pararnn_edu.solvers.problem import pose

    def choice(name, T, device, d=4):
        cell = getattr(pr, name)(3, d, key=jax.random.key(0))
        return pr.Auto().choice(pose(cell, jnp.zeros((T, 3)), None).problem, device)

    assert isinstance(choice("ParaGRU", 4096, "cpu"), pr.Sequential)
    assert isinstance(choice("ParaGRU", 30, "gpu"), pr.Sequential)
    assert isinstance(choice("ParaGRU", 4096, "gpu"), pr.MultipleShooting)
    assert isinstance(choice("ParaLSTM", 4096, "gpu"), pr.MultipleShooting)
    assert isinstance(choice("GRU", 4096, "gpu"), pr.Newton)
    assert isinstance(choice("GRU", 4096, "gpu", d=64), pr.Sequential)
