"""The fused kernels on a machine that watches every address, and what they cost there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.scans.pallas import scan
from pararnn_edu.solvers.fused import passes
from pararnn_edu.solvers.fused.passes import Plan, backward, chunk_steps, forward
from pararnn_edu.solvers.fused.pointwise import WEIGHTS, Pointwise

from ..helpers import assert_close
from ..scans.pallas.launches import kernels, moved
from ..scans.pallas.machine import watched

SHAPES = {  # batch, T, d, steps of a chunk
    "ragged": (2, 13, 3, 4),
    "whole chunks": (1, 12, 128, 4),
    "one chunk": (2, 5, 3, 5),
    "one channel": (2, 9, 1, 4),
    "a chunk between": (1, 11, 2, 3),  # becomes 4
}


def arrays(cell, batch, T, d, seed=0):
    rng = np.random.default_rng(seed)
    array = lambda *shape: jnp.asarray(rng.normal(size=shape) / 2, jnp.float32)
    weights = tuple(array(1, d) for _ in WEIGHTS[cell])
    u = tuple(array(batch, T, d) for _ in range(3))
    tree = jax.tree.structure(Pointwise(cell).state(0))
    state = lambda *shape: jax.tree.unflatten(tree, [array(*shape) for _ in range(tree.num_leaves)])
    return weights, u, state(batch, d), state(batch, T, d)


def loop(cell, weights, u, h0):
    """All states of a batch, (batch, T, d), by the cell's own step."""
    step = lambda h, u: (new := Pointwise(cell).step(weights, h, u), new)
    by_time = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), u)
    hs = jax.lax.scan(step, h0, by_time)[1]
    return jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), hs)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell", WEIGHTS, ids=lambda cell: cell.__name__)
def test_every_address_forward_and_backward(cell, shape, monkeypatch):
    monkeypatch.setattr(scan, "UNROLL", 2)
    batch, T, d, chunk = SHAPES[shape]
    weights, u, h0, g = arrays(cell, batch, T, d)
    plan = Plan(Pointwise(cell), chunk, 4, False)
    wanted, pull = jax.vjp(lambda *args: loop(cell, *args), weights, u, h0)
    with watched():
        h, residual = forward(plan, weights, u, h0)
        d_weights, d_u, d_h0 = backward(plan, weights, u, h0, wanted, g)
    assert_close(h, wanted, 1e-5)
    assert residual.shape == (batch,) and np.all(residual < 1e-5)
    by_weights, by_u, by_h0 = pull(g)
    assert_close(jax.tree.map(lambda x: x.sum(0, keepdims=True), d_weights), by_weights, 1e-5)
    assert_close(d_u, by_u, 1e-5)
    assert_close(d_h0, by_h0, 1e-5)


@pytest.mark.parametrize("cell", WEIGHTS, ids=lambda cell: cell.__name__)
def test_a_shot_is_a_newton_step(cell):
    """One shot is not exact; it is wrong by just what one Newton step on the seams leaves."""
    T, d, chunk = 20, 1, 4
    weights, u, h0, _ = arrays(cell, 1, T, d, seed=3)
    weights = tuple(3 * a for a in weights)
    part = lambda i: jax.tree.map(lambda x: x[:, i : i + chunk], u)
    run = lambda h, i: loop(cell, weights, part(i), h)
    end = lambda h, i: jax.tree.map(lambda x: x[:, -1], run(h, i))
    begin, change, wanted = h0, jax.tree.map(jnp.zeros_like, h0), []
    for i in range(0, T, chunk):
        wanted.append(run(begin, i))
        # All chunks were guessed to start from h0; `change` is what the start of this one moves.
        reached, moved = jax.jvp(lambda h, i=i: end(h, i), (h0,), (change,))
        begin = jax.tree.map(jnp.add, reached, moved)
        change = jax.tree.map(jnp.subtract, begin, h0)
    wanted = jax.tree.map(lambda *x: jnp.concatenate(x, 1), *wanted)
    with watched():
        h, residual = forward(Plan(Pointwise(cell), chunk, 1, False), weights, u, h0)
    assert_close(h, wanted, 1e-5)
    assert residual[0] > 1e-3


def test_values_that_are_not_finite_show_in_the_residual():
    weights, u, h0, _ = arrays(pr.ParaGRU, 2, 11, 3)
    u = (u[0], u[1].at[1, 9, 0].set(jnp.nan), u[2])  # inside the last chunk
    with watched():
        _, residual = forward(Plan(Pointwise(pr.ParaGRU), 4, 4, False), weights, u, h0)
    assert residual[0] < 1e-5 and jnp.isnan(residual[1])


def test_two_shots_move_at_most_2_5_times_the_least():
    """What the programs really touch: u three times, less the chunks that need no shot."""
    batch, T, d = 1, 256, 4
    weights, u, h0, _ = arrays(pr.ParaGRU, batch, T, d)
    plan = Plan(Pointwise(pr.ParaGRU), None, 2, False)
    with watched() as machine:
        forward(plan, weights, u, h0)
    least = 4 * batch * T * d * 4  # three planes of u read, one of h written
    assert len([name for name, _ in machine.launches if "shoot" in name]) == 2
    assert sum(touched for _, touched in machine.launches) <= 2.5 * least


@pytest.mark.parametrize("cell", WEIGHTS, ids=lambda cell: cell.__name__)
def test_launches_and_bytes_of_a_million_steps(cell):
    """Counted from the program's text, in which a launch reads all of each of its arrays."""
    array = lambda *shape: jax.ShapeDtypeStruct(shape, jnp.float32)
    T, d = 2**20, 64
    plan = Plan(Pointwise(cell), None, 2, False)
    args = (array(1, d),) * len(WEIGHTS[cell]), (array(1, T, d),) * 3, plan.cell.state(array(1, d))
    run = lambda *args: forward(plan, *args)
    outputs = len(jax.tree.leaves(plan.cell.state(0)))
    assert len(kernels(run, *args)) <= 9
    assert moved(run, *args) <= 2.51 * (3 + outputs) * T * d * 4
    loop = lambda *args: forward(plan._replace(chunk=T), *args)
    assert len(kernels(loop, *args)) == 1


@pytest.mark.parametrize("batch, T, d", [(1, 1, 1), (1, 10, 1), (16, 4096, 256), (1, 2**20, 64)])
def test_chunks_are_long(batch, T, d):
    """Longer than twice their number, so that the seams cost less than the last chunk saves."""
    chunk = chunk_steps(batch, T, d)
    chunks = -(-T // chunk)
    assert chunks == 1 or chunk >= 2 * chunks
    assert batch * d * chunks <= max(passes.LANES, batch * d)
