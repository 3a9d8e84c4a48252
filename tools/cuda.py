"""NVIDIA's compiler for what is checked here, kept in .cache/cuda; no GPU is needed."""

import os
from importlib.metadata import version
from pathlib import Path

from pararnn_edu.gpu import packages
from tools.locked import locked

KEPT = Path(__file__).parents[1] / ".cache" / "cuda"


def provide() -> Path:
    """Fetches the packages (about 220 MB) if they are not there, and lets `pr.gpu` find them."""
    with locked(KEPT / "lock"):
        folder = packages.install(KEPT / f"jax-{version('jax')}")
    os.environ[packages.FOLDER] = str(folder)
    return folder
