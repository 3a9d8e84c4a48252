"""`Damped("search")`: as good as Newton where that works, better where its iterates explode."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.scans import Diagonal
from pararnn_edu.solvers.moves import Search

from .test_elk import driven


def test_it_is_newton_where_the_steps_are_short():
    f, xs, h0 = driven(0.7)
    newton, searched = pr.solve(f, xs, h0), pr.solve(f, xs, h0, pr.Damped("search"))
    np.testing.assert_array_equal(newton.states, searched.states)
    assert newton.steps == searched.steps


def test_it_needs_fewer_steps_where_newton_explodes():
    """Eight driven nets of gain 3. Not on each of them: the search is a heuristic."""
    gain, d, length = 3.0, 8, 150

    @functools.partial(jax.jit, static_argnums=1)
    @functools.partial(jax.vmap, in_axes=(0, None))
    def run(key, method):
        keys = jax.random.split(key, 2)
        W = gain * jax.random.normal(keys[0], (d, d)) / d**0.5
        xs = jax.random.normal(keys[1], (length, d))
        f = lambda h, x: jnp.tanh(W @ h + x)
        solution = pr.solve(f, xs, jnp.zeros(d), method, max_steps=length, on_failure="return")
        return solution, solution.states - pr.unroll(f, xs, jnp.zeros(d))

    keys = jax.random.split(jax.random.key(0), 8)
    newton, _ = run(keys, pr.Newton())
    searched, error = run(keys, pr.Damped("search"))
    assert searched.converged.all() and jnp.abs(error).max() < 1e-4
    assert searched.steps.sum() < 0.9 * newton.steps.sum()


@pytest.mark.parametrize("growth, expected", [(1.0, 1.0), (3.0, 0.25), (1e9, 0.0)])
def test_the_largest_shrinking_that_fits(growth, expected):
    """Corrections of a chain of equal slopes, by hand: d_t = sum of (s growth)^k."""
    length, radius = 8, 10.0
    maps = Diagonal(jnp.full((length, 1), growth))
    gap, exact = jnp.ones((length, 1)), jnp.zeros(length, bool)
    carried, _ = Search(radius)(maps, gap, jnp.zeros((length, 1)), exact, None, "sequential")

    def correction(s):
        d = [1.0]
        for _ in range(length - 1):
            d.append(s * growth * d[-1] + 1)
        return np.array(d)

    tried = [s for s in [1, *(0.5**k for k in range(1, 7)), 0] if correction(s).max() <= radius]
    wanted = tried[0]
    assert wanted == expected
    # h(new) = f + s A d with d of the recurrence by s A.
    np.testing.assert_allclose(carried[:, 0], correction(wanted) - 1, rtol=1e-12)


def test_what_it_refuses():
    for bad in ("newton", -0.1, 1.1, True, None):
        with pytest.raises(ValueError, match=r'number in \[0, 1\], or "search"'):
            pr.Damped(bad)
    with pytest.raises(ValueError, match="radius"):
        pr.Damped("search", radius=0)
