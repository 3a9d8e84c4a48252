"""The public face: names, signatures, docstrings, and an import that does not reach too far."""

import inspect
import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr

NAMES = {
    "cells": "Elman GRU LSTM ParaGRU ParaLSTM LSTMState MinGRU LinearDiagonal LinearPD LinearDPLR",
    "solvers": "solve unroll Solution ConvergenceError jacobian_structure predictability",
    "methods": "Sequential Jacobi Picard Newton QuasiNewton Damped ELK MultipleShooting Windowed "
    "Otherwise Auto",
    "scans": "linear_recurrence Block2 Diagonal Dense Zero Identity textbook",
}
PUBLIC = [name for line in NAMES.values() for name in line.split()]


@pytest.mark.parametrize("name", PUBLIC)
def test_name_exists_and_says_what_it_is(name):
    thing = getattr(pr, name)
    if name != "LSTMState":
        assert inspect.getdoc(thing)
    assert (thing.__doc__ or "").strip()


@pytest.mark.parametrize("name", ["sequential_scan", "hillis_steele", "blelloch", "chunked"])
def test_textbook_scans_are_documented(name):
    assert inspect.getdoc(getattr(pr.textbook, name))
    assert pr.textbook.Count._fields == ("work", "depth")


def test_signatures_of_the_contract():
    def defaults(f):
        return {
            k: p.default
            for k, p in inspect.signature(f).parameters.items()
            if p.default is not inspect.Parameter.empty
        }

    solve = inspect.signature(pr.solve)
    assert list(solve.parameters) == (
        "cell xs h0 method tol max_steps initial_guess on_failure record".split()
    )
    given = defaults(pr.solve)
    assert isinstance(given.pop("method"), pr.Newton)
    assert given == {
        "h0": None,
        "tol": None,
        "max_steps": None,
        "initial_guess": None,
        "on_failure": "raise",
        "record": False,
    }
    assert list(inspect.signature(pr.unroll).parameters) == ["cell", "xs", "h0"]
    assert list(inspect.signature(pr.linear_recurrence).parameters)[:2] == ["A", "b"]
    assert defaults(pr.linear_recurrence) == {"h0": None, "reverse": False, "backend": "auto"}
    assert list(inspect.signature(pr.jacobian_structure).parameters) == ["cell", "state", "x"]


def test_fields_of_a_solution():
    cell = pr.GRU(3, 4, key=jax.random.key(0))
    solution = pr.solve(cell, jnp.ones((7, 3)), record=True)
    assert solution.states.shape == (7, 4)
    assert jnp.issubdtype(solution.steps.dtype, jnp.integer)
    assert solution.steps.shape == solution.converged.shape == solution.residual.shape == ()
    assert solution.converged.dtype == bool
    steps = int(solution.steps)
    assert solution.history.residual.shape == (steps + 1,)
    assert solution.history.states.shape == (steps + 1, 7, 4)
    assert isinstance(solution.method, str)


def test_a_solution_is_a_pytree():
    """It can be returned from jit, mapped over and stacked."""
    cell = pr.ParaLSTM(3, 4, key=jax.random.key(0))
    solution = jax.jit(lambda xs: pr.solve(cell, xs))(jnp.ones((7, 3)))
    doubled = jax.tree.map(lambda a: 2 * a, solution)
    assert isinstance(doubled, pr.Solution)
    assert isinstance(doubled.states, pr.LSTMState)


@pytest.mark.parametrize(
    "method",
    [
        pr.Newton(),
        pr.Newton(jacobian="dense"),
        pr.Damped(0.25),
        pr.MultipleShooting(pr.Jacobi(), segments=3),
        pr.Windowed(window=9),
        pr.Otherwise(pr.Jacobi(), pr.Newton()),
        pr.Auto(),
    ],
    ids=str,
)
def test_methods_are_values(method):
    """Equal methods are interchangeable: jit does not compile twice for them."""
    again = type(method)(**{f: getattr(method, f) for f in method.__dataclass_fields__})
    assert method == again
    assert str(method) == str(again)
    assert type(method).__name__ in str(method)
    traces = []

    @jax.jit
    def run(m, xs):
        traces.append(m)
        return pr.solve(lambda h, x: jnp.tanh(0.3 * h + x), xs, jnp.zeros(1), m).states

    run(method, jnp.ones((4, 1)))
    run(again, jnp.ones((4, 1)))
    assert len(traces) == 1


def double_and_squash(h, x):
    return jnp.tanh(2 * h + x)


@pytest.mark.parametrize("kind", ["cell", "function"])
def test_solving_again_does_not_compile_again(kind):
    """Called eagerly with new numbers of the same shape, as a notebook does."""
    cell = pr.ParaGRU(3, 3, key=jax.random.key(0)) if kind == "cell" else double_and_squash
    inputs = [jax.random.normal(jax.random.key(k), (50, 3)) for k in range(4)]
    compiled = []

    def listen(event, duration, **kwargs):
        if event.endswith("backend_compile_duration"):
            compiled.append(kwargs.get("fun_name", ""))

    def run(xs):
        pr.solve(cell, xs, jnp.zeros(3), on_failure="return")
        pr.unroll(cell, xs, jnp.zeros(3))

    jax.monitoring.register_event_duration_secs_listener(listen)
    run(inputs[0])
    if not any(compiled):
        pytest.skip("this version of jax does not say what it compiles")
    assert any("solve" in name for name in compiled)
    compiled.clear()
    for xs in inputs[1:]:
        run(xs)
    # Cutting the history to the number of steps is a new shape now and then, and cheap.
    assert not [name for name in compiled if "solve" in name or "unroll" in name]


def test_import_is_light():
    """Nothing that Colab lacks, nothing that takes seconds, no device touched."""
    script = (
        "import json, sys, pararnn_edu; from jax._src import xla_bridge;"
        "print(json.dumps([sorted(sys.modules), xla_bridge.backends_are_initialized()]))"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    modules, touched = json.loads(out)
    heavy = {"matplotlib", "ipywidgets", "optax", "orbax", "pandas", "scipy.signal", "IPython"}
    assert not heavy & set(modules)
    assert not [m for m in modules if m.startswith("jax.experimental.pallas")]
    assert not touched


def test_x64_is_left_alone():
    """Importing the library does not change jax's configuration."""
    script = "import jax, pararnn_edu; print(jax.config.jax_enable_x64)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_works_without_x64():
    """The tests turn float64 on; readers do not."""
    script = """
import warnings; warnings.simplefilter("error")
import jax, jax.numpy as jnp, pararnn_edu as pr
for name in ("GRU", "ParaLSTM"):
    cell = getattr(pr, name)(3, 4, key=jax.random.key(0))
    xs = jax.random.normal(jax.random.key(1), (50, 3))
    for method in (pr.Newton(), pr.MultipleShooting()):
        solution = pr.solve(cell, xs, method=method)
        wanted = pr.unroll(cell, xs)
        pairs = zip(*map(jax.tree.leaves, (solution.states, wanted)))
        gap = max(abs(a - b).max() for a, b in pairs)
        assert solution.converged and gap < 1e-4, (name, method, gap)
        jax.grad(lambda c: sum(s.sum() for s in jax.tree.leaves(pr.solve(c, xs).states)))(cell)
print("fine")
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert out.stdout.strip() == "fine", out.stderr
