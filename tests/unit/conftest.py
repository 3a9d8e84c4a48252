import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import hypothesis
import jax
import numpy as np
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_default_matmul_precision", "highest")
# A (d,) added to a (T, d) by accident broadcasts without a word; in the tests it is an error.
jax.config.update("jax_numpy_rank_promotion", "raise")

# The same examples on every run and every machine; compilation makes a first example slow.
hypothesis.settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, print_blob=True
)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture
def rng():
    return np.random.default_rng(2026)
