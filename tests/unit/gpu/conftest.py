"""NVIDIA's compiler is fetched before the first of these tests (about 220 MB); no GPU is needed."""

import subprocess
import sys

import pytest

from tools import cuda

PROBLEM = ""
if sys.platform != "linux":
    PROBLEM = "NVIDIA's compiler for JAX exists for Linux only"
else:
    try:
        cuda.provide()
    except subprocess.CalledProcessError as error:
        PROBLEM = f"NVIDIA's compiler could not be fetched: pip ended with {error.returncode}"


@pytest.fixture(scope="session")
def compiler():
    """Skips a test where there is no compiler."""
    if PROBLEM:
        pytest.skip(PROBLEM)
