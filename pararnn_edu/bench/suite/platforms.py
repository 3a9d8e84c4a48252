"""What depends on the device: which loops are too long for it, and what is a fair baseline."""

import jax

from ...scans.device import capability
from .spec import Problem, Variant

LONGEST_LOOP = 100_000
"""On a GPU a loop pays launches for every step: seconds a call beyond this."""
LOOPS = ("scan", "sequential", "loop", "autodiff")
TOO_LONG = f"a loop of launches over more than {LONGEST_LOOP:,} steps takes seconds a call"


def on_cpu() -> bool:
    """Whether the default device is the CPU."""
    return jax.default_backend() == "cpu"


def has_cudnn() -> bool:
    """Whether the default device is an NVIDIA GPU, for which JAX has cuDNN's LSTM."""
    return capability() is not None


def drop_long_loops(
    problem: Problem, variants: dict[str, Variant], left_out: dict[str, str]
) -> tuple[dict[str, Variant], dict[str, str]]:
    """The variants without the loops that this device should not be asked to run."""
    if on_cpu() or problem.T <= LONGEST_LOOP:
        return variants, left_out
    kept = {name: variant for name, variant in variants.items() if name not in LOOPS}
    return kept, left_out | {name: TOO_LONG for name in variants if name in LOOPS}
