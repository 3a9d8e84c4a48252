"""One step of every cell against its formula, and the split into `project` and `step`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from .. import oracle
from ..helpers import CELLS, INPUT, STATE, assert_close, make_cell, problem, to_planes, to_state

LOW = [jnp.float32, jnp.bfloat16, jnp.float16]


@pytest.mark.parametrize("name", CELLS)
def test_call_is_the_formula(name):
    q = problem(name, 5, gain=1.5)
    for x in q.xs:
        wanted, _ = oracle.STEPS[name](q.p, q.h0, x)
        got = q.cell(to_state(q.h0), jnp.asarray(x))
        assert_close(to_planes(got), wanted, 1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_call_is_project_then_step(name):
    q = problem(name, 1)
    cell, h, x = q.cell, to_state(q.h0), jnp.asarray(q.xs[0])
    split = cell.step(h, cell.project(x))
    assert jax.tree.structure(split) == jax.tree.structure(h)
    assert_close(split, cell(h, x), 0.0)


@pytest.mark.parametrize("name", CELLS)
def test_project_gives_one_plane_per_gate(name):
    """Planes, not a packed axis: every leaf is (state_size,)."""
    leaves = jax.tree.leaves(problem(name, 1).cell.project(jnp.ones(INPUT)))
    gates = {"Elman": 1, "GRU": 3, "LSTM": 4, "ParaGRU": 3, "ParaLSTM": 3}
    assert [leaf.shape for leaf in leaves] == [(STATE,)] * gates[name]


@pytest.mark.parametrize("name", CELLS)
def test_jacobian_with_respect_to_the_state(name):
    q = problem(name, 1)
    flat, restore = jax.flatten_util.ravel_pytree(to_state(q.h0))
    x = jnp.asarray(q.xs[0])
    jacobian = jax.jacobian(lambda v: jax.flatten_util.ravel_pytree(q.cell(restore(v), x))[0])
    assert_close(jacobian(flat), oracle.jacobian(oracle.STEPS[name], q.p, q.h0, q.xs[0]), 1e-13)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("dtype", [jnp.float64, *LOW])
def test_dtypes(name, dtype):
    cell = getattr(pr, name)(INPUT, STATE, key=jax.random.key(1), dtype=dtype)
    assert all(w.dtype == dtype for w in jax.tree.leaves(cell))
    state = cell.initial_state()
    after = cell(state, jnp.ones(INPUT, dtype))
    assert all(h.dtype == dtype for h in jax.tree.leaves((state, after)))


@pytest.mark.parametrize("name", CELLS)
def test_initial_state_is_zero_in_the_tree_of_the_state(name):
    cell = getattr(pr, name)(INPUT, STATE, key=jax.random.key(1))
    state = cell.initial_state()
    if name in ("LSTM", "ParaLSTM"):
        assert isinstance(state, pr.LSTMState)
        assert state._fields == ("c", "h")
    else:
        assert state.shape == (STATE,)
    for leaf in jax.tree.leaves(state):
        assert leaf.shape == (STATE,)
        assert not np.any(leaf)


@pytest.mark.parametrize("name", CELLS)
def test_default_dtype_is_float32_even_with_x64_on(name):
    cell = getattr(pr, name)(INPUT, STATE, key=jax.random.key(1))
    assert all(w.dtype == jnp.float32 for w in jax.tree.leaves(cell))


@pytest.mark.parametrize("name", CELLS)
def test_vmap_over_a_batch(name):
    q = problem(name, 6)
    lanes = to_state([np.stack([h + k for k in range(6)]) for h in q.h0])
    got = jax.jit(jax.vmap(q.cell))(lanes, jnp.asarray(q.xs))
    for k, x in enumerate(q.xs):
        wanted, _ = oracle.STEPS[name](q.p, tuple(h + k for h in q.h0), x)
        assert_close([leaf[k] for leaf in to_planes(got)], list(wanted), 1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_an_ensemble_of_cells(name):
    """vmap over the weights: cells are pytrees of arrays."""
    cells = [make_cell(name, problem(name, 1, seed=s).p) for s in range(3)]
    q = problem(name, 1)
    stacked = jax.tree.map(lambda *w: jnp.stack(w), *cells)
    run = jax.vmap(lambda c, h, x: c(h, x), in_axes=(0, None, None))
    got = run(stacked, to_state(q.h0), jnp.asarray(q.xs[0]))
    for k in range(3):
        wanted, _ = oracle.STEPS[name](problem(name, 1, seed=k).p, q.h0, q.xs[0])
        assert_close([leaf[k] for leaf in to_planes(got)], list(wanted), 1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_huge_states_stay_finite(name):
    """Gates saturate; nothing overflows on the way."""
    q = problem(name, 1, gain=50.0)
    got = q.cell(to_state([1e6 * h for h in q.h0]), 1e6 * jnp.asarray(q.xs[0]))
    assert all(np.isfinite(leaf).all() for leaf in to_planes(got))


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("shape", [(INPUT + 1,), (2, INPUT), ()])
def test_wrong_input(name, shape):
    cell = getattr(pr, name)(INPUT, STATE, key=jax.random.key(1))
    with pytest.raises(ValueError) as caught:
        cell(cell.initial_state(), jnp.ones(shape))
    text = str(caught.value)
    assert name in text
    assert f"({INPUT},)" in text
    assert str(shape) in text
    assert "vmap" in text
