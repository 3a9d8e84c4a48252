"""The residual of states that are not finite is NaN, whatever the compiler does to a maximum."""

import jax
import jax.numpy as jnp
import pytest

from pararnn_edu.solvers.loop import residual, row_residuals


@pytest.mark.parametrize("bad", [jnp.inf, -jnp.inf, jnp.nan])
@pytest.mark.parametrize("where", ["states", "image", "both"])
@pytest.mark.parametrize("rows", [3, 2000])
def test_nan(bad, where, rows):
    good = jnp.ones((rows, 3))
    poisoned = good.at[1, 2].set(bad)
    states = poisoned if where in ("states", "both") else good
    image = poisoned if where in ("image", "both") else good
    assert jnp.isnan(jax.jit(residual)(states, image))
    by_row = jax.jit(row_residuals)(states, image)
    assert jnp.isnan(by_row[1]) and not jnp.isnan(by_row[0]) and not jnp.isnan(by_row[2])
    assert residual(good, good) == 0
