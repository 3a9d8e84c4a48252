"""Tiles: the same states and gradients as without, for every length, structure and batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.scans.batches import by_batch
from pararnn_edu.solvers import tiles
from pararnn_edu.solvers.problem import pose

SIZE = 3
# Steps in a tile, T: with a remainder and without, two tiles and many, and too short to cut.
CASES = [(1, 5), (2, 9), (7, 14), (7, 20), (7, 13)]


@pytest.fixture
def steps_in_a_tile(monkeypatch):
    """Sets TILE so that a sequence alone is cut every so many steps."""

    def set_to(steps: int, batch: int = 1):
        monkeypatch.setattr(tiles, "TILE", steps * SIZE * batch)
        jax.clear_caches()

    yield set_to
    monkeypatch.undo()
    jax.clear_caches()


def data(name, T, batch=()):
    cell = getattr(pr, name)(2, SIZE, key=jax.random.key(0), dtype=jnp.float64)
    xs = jax.random.normal(jax.random.key(1), (*batch, T, 2), jnp.float64)
    h0 = jax.tree.map(lambda h: h + 0.3, cell.initial_state())
    return cell, xs, h0


def loss_by(run):
    def loss(cell, xs, h0):
        hs = run(cell, xs, h0)
        weight = lambda h: jnp.cos(jnp.arange(h.size, dtype=h.dtype)).reshape(h.shape)
        return sum(jnp.vdot(weight(h), h**2) for h in jax.tree.leaves(hs))

    return loss


def close(found, expected):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11 * max(1, np.abs(b).max()))


solved = lambda method: lambda cell, xs, h0: pr.solve(cell, xs, h0, method=method).states


@pytest.mark.parametrize("name", ["ParaGRU", "ParaLSTM", "LinearDiagonal"])
@pytest.mark.parametrize("steps, T", CASES)
def test_gradients_equal_those_of_the_loop(name, steps, T, steps_in_a_tile):
    """Weights, inputs and h_0, against automatic differentiation of `lax.scan`."""
    steps_in_a_tile(steps)
    given = data(name, T)
    assert tiles.tile_length(pose(*given).problem) == (steps if 2 * steps <= T else None)
    expected = jax.grad(loss_by(pr.unroll), (0, 1, 2))(*given)
    close(jax.grad(loss_by(solved(pr.Sequential())), (0, 1, 2))(*given), expected)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_gradient_in_one_argument_alone(which, steps_in_a_tile):
    steps_in_a_tile(4)
    given = data("ParaGRU", 18)
    loss = loss_by(solved(pr.Newton()))
    close(jax.grad(loss, which)(*given), jax.grad(loss_by(pr.unroll), which)(*given))


@pytest.mark.parametrize("name", ["ParaGRU", "ParaLSTM"])
@pytest.mark.parametrize("axis", [0, 1])
def test_batches(name, axis, steps_in_a_tile):
    """`jax.vmap` over inputs and h_0, the batch before or behind the time axis; 5 x 4 + 2 steps."""
    steps_in_a_tile(5, batch=3)
    cell, xs, h0 = data(name, 22, (3,))
    h0 = jax.tree.map(lambda h: jnp.stack([h, 2 * h, -h]), h0)
    xs = jnp.moveaxis(xs, 0, axis)
    over = lambda run: jax.vmap(run, (None, axis, 0), axis)
    found, expected = over(solved(pr.Sequential())), over(pr.unroll)
    close(found(cell, xs, h0), expected(cell, xs, h0))
    gradient = lambda run: jax.grad(loss_by(run), (0, 1, 2))(cell, xs, h0)
    close(gradient(found), gradient(expected))


def test_a_function_and_inputs_of_other_kinds(steps_in_a_tile):
    """Whole numbers among the inputs, a weight that is closed over, another that is not used."""
    steps_in_a_tile(2)
    words = jnp.array([0, 2, 1, 1, 0, 2, 2])
    table, idle = jnp.linspace(-1, 1, 9).reshape(3, 3), jnp.ones((50, 50))
    xs = jnp.linspace(0, 1, 21).reshape(7, 3)

    def run(solver):
        def loss(table, idle, xs):
            del idle
            step = lambda h, u: jnp.tanh(0.5 * h + table[u[0]] + u[1])
            states = solver(step, (words, xs), jnp.zeros(3))
            return jnp.sum(states**2)

        return jax.grad(loss, (0, 1, 2))(table, idle, xs)

    close(run(solved(pr.Newton())), run(pr.unroll))


@pytest.mark.parametrize("name", ["ParaGRU", "ParaLSTM"])
def test_second_derivatives(name, steps_in_a_tile):
    """Forward over reverse and reverse over reverse, against those of the loop."""
    steps_in_a_tile(3)
    cell, xs, h0 = data(name, 11)
    along = jax.tree.map(jnp.sin, xs)

    def products(run):
        gradient = jax.grad(lambda xs: loss_by(run)(cell, xs, h0))
        forward = jax.jvp(gradient, (xs,), (along,))[1]
        return forward, jax.grad(lambda xs: jnp.vdot(gradient(xs), along))(xs)

    close(products(solved(pr.Newton())), products(pr.unroll))


def test_unused_weights_are_left_out():
    """The step of a cell reads 3 of its 9 weights; zeros of the others' size are not added up."""
    from pararnn_edu.solvers.perturbed import Perturbed

    cell, xs, h0 = data("ParaGRU", 4)
    problem = pose(cell, xs, h0).problem
    weights, inputs = Perturbed(problem, problem).primals(problem)
    assert [w.shape for w in weights] == [(SIZE,)] * 3
    assert [x.shape for x in inputs] == [(4, SIZE)] * 3


def test_by_batch_counts_every_vmap():
    seen = []

    def choose(batch):
        seen.append(batch)
        return lambda x, y: {"sum": x + y}

    x, y = jnp.arange(6.0).reshape(2, 3), jnp.arange(3.0)
    run = jax.vmap(jax.vmap(lambda x, y: by_batch(choose, x, y)), (0, None))
    close(run(x, y)["sum"], x + y[None])
    assert seen[-1] == 6 and 1 in seen
