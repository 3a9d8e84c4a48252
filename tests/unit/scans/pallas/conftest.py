import jax
import pytest


@pytest.fixture(scope="module")
def short_chunks():
    """Chunks so short that a hundred steps need every kernel, and quick to compile."""
    from pararnn_edu.scans.pallas import scan

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "SHORT", 10)
        patch.setattr(scan, "LONGEST", 8)
        patch.setattr(scan, "UNROLL", 2)
        jax.clear_caches()  # what was traced before was cut the other way
        yield
    jax.clear_caches()
