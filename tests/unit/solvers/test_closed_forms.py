"""A cell's own Jacobian: the library's against automatic differentiation, a user's wrong ones."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import pararnn_edu as pr

from .. import oracle
from ..helpers import CELLS, INPUT, STATE, make_cell, parameters, problem, to_planes, to_state


def as_matrix(entries, state):
    """What `jacobian` returns, as one (n, n) array."""
    planes = [np.asarray(x) for x in jax.tree.leaves(entries)]
    if len(planes) == 1:
        return np.diag(planes[0]) if planes[0].ndim == 1 else planes[0]
    assert len(jax.tree.leaves(state)) == 2 and len(planes) == 4
    (a, b, c, d) = (np.diag(p) for p in planes)
    return np.block([[a, b], [c, d]])


@pytest.mark.parametrize("name", CELLS)
def test_equals_the_derivative_and_the_oracle(name, rng):
    p = parameters(name, rng, gain=1.5)
    cell = make_cell(name, p)
    for _ in range(5):
        planes = tuple(rng.normal(size=STATE) for _ in range(oracle.PLANES[name]))
        x = rng.normal(size=INPUT)
        state = to_state(planes)
        vector, unravel = ravel_pytree(state)
        u = cell.project(jnp.asarray(x))
        by_ad = jax.jacfwd(lambda v: ravel_pytree(cell.step(unravel(v), u))[0])(vector)  # noqa: B023
        got = as_matrix(cell.jacobian(state, u), state)
        np.testing.assert_allclose(got, by_ad, atol=1e-14)
        np.testing.assert_allclose(
            got, oracle.jacobian(oracle.STEPS[name], p, planes, x), atol=1e-13
        )


class Own(pr.Cell):
    """A gate of the tests' own; `wrong` picks what its formula gets wrong."""

    a: jax.Array
    w: jax.Array
    wrong: str = eqx.field(static=True, default="")
    input_size: int = eqx.field(static=True, default=INPUT)
    state_size: int = eqx.field(static=True, default=STATE)

    def project(self, x):
        return self.w @ x

    def step(self, h, u):
        return 0.5 * h + jnp.tanh(self.a * h + u)

    def jacobian(self, h, u):
        slope = 0.5 + self.a * (1 - jnp.tanh(self.a * h + u) ** 2)
        return {
            "": slope,
            "typed": pr.Diagonal(slope),
            "matrix": jnp.diag(slope),
            "value": slope + 0.1,
            "sign": -slope,
            "shape": slope[:2],
        }[self.wrong]


def own(rng, wrong=""):
    return Own(
        jnp.asarray(rng.normal(size=STATE)), jnp.asarray(rng.normal(size=(STATE, INPUT))), wrong
    )


@pytest.mark.parametrize("form", ["", "typed", "matrix"])
def test_a_users_own_is_used(form, rng):
    cell, xs = own(rng, form), jnp.asarray(rng.normal(size=(30, INPUT)))
    solution = pr.solve(cell, xs, method=pr.Newton())
    assert "diagonal" in solution.method  # the program proves it, even beside a full matrix
    np.testing.assert_allclose(solution.states, pr.unroll(cell, xs), atol=1e-12)
    if form == "matrix":
        dense = pr.solve(cell, xs, method=pr.Newton(jacobian="dense"))
        np.testing.assert_allclose(dense.states, solution.states, atol=1e-12)


def test_it_really_is_used(rng):
    """Under jit nobody compares the formula with a derivative: then a wrong one costs steps."""
    xs = jnp.asarray(rng.normal(size=(60, INPUT)))
    right, wrong = own(rng), own(np.random.default_rng(2026), "value")

    @eqx.filter_jit
    def run(cell):
        return pr.solve(cell, xs, on_failure="return")

    wrong = eqx.tree_at(lambda c: (c.a, c.w), wrong, (right.a, right.w))
    good, bad = run(right), run(wrong)
    assert good.converged and bad.steps > good.steps


@pytest.mark.parametrize("wrong", ["value", "sign"])
def test_a_wrong_one_is_an_error(wrong, rng):
    cell, xs = own(rng, wrong), jnp.asarray(rng.normal(size=(20, INPUT)))
    with pytest.raises(ValueError, match=r"jacobian\(h, u\) of Own is not the derivative"):
        pr.solve(cell, xs)


def test_one_of_no_structure_is_an_error(rng):
    cell, xs = own(rng, "shape"), jnp.asarray(rng.normal(size=(20, INPUT)))
    with pytest.raises(ValueError, match="must return a tree like the state"):
        pr.solve(cell, xs)


@pytest.mark.parametrize("wrong", ["value", "sign"])
def test_gradients_never_use_it(wrong, rng):
    """Under jit, where it cannot be checked: states right or flagged, the gradient exact."""
    xs = jnp.asarray(rng.normal(size=(12, INPUT)))
    good, bad = own(rng), own(np.random.default_rng(1), wrong)
    bad = eqx.tree_at(lambda c: (c.a, c.w), bad, (good.a, good.w))

    @eqx.filter_jit
    @eqx.filter_grad
    def by_solve(cell):
        return jnp.sum(pr.solve(cell, xs, tol=1e-13, max_steps=12).states ** 2)

    @eqx.filter_grad
    def by_loop(cell):
        return jnp.sum(pr.unroll(cell, xs) ** 2)

    got, wanted = by_solve(bad), by_loop(good)
    np.testing.assert_allclose(got.a, wanted.a, atol=1e-10)
    np.testing.assert_allclose(got.w, wanted.w, atol=1e-10)


@pytest.mark.parametrize("name", ["LSTM", "ParaLSTM", "GRU"])
def test_in_float32_and_bfloat16(name):
    p = problem(name, 20)
    cell, xs, h0, _ = p.jax_arguments(jnp.bfloat16)
    solution = pr.solve(cell, xs, h0)
    assert all(leaf.dtype == jnp.bfloat16 for leaf in jax.tree.leaves(solution.states))
    for got, wanted in zip(to_planes(solution.states), p.states(), strict=True):
        np.testing.assert_allclose(got, wanted, atol=0.05)
