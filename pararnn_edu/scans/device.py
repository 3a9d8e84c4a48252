"""Which GPU programs are traced for: this machine's, or one that is not there."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

import jax

Capability = tuple[int, int]
# Triton, into which Pallas translates kernels, knows Ampere and newer.
KERNELS_FROM: Capability = (8, 0)

_assumed: ContextVar[Capability | None] = ContextVar("assumed", default=None)


@contextlib.contextmanager
def compiling_for(capability: Capability) -> Iterator[None]:
    """Lets `backend="pallas"` be traced for a GPU that is not there, to be compiled for it.

    `capability` is the compute capability of the GPU, such as `(8, 0)` for an A100. What
    `"auto"` stands for does not change: JAX keeps what it has traced before, so the answer would
    depend on what ran earlier.
    """
    token = _assumed.set(tuple(capability))
    try:
        yield
    finally:
        _assumed.reset(token)


def capability() -> Capability | None:
    """The compute capability of the default device; None if it is no CUDA GPU."""
    if jax.default_backend() != "gpu":
        return None
    text = str(getattr(jax.devices()[0], "compute_capability", ""))
    major, _, minor = text.partition(".")
    # An AMD GPU answers with a name such as "gfx90a".
    return (int(major), int(minor or 0)) if (major + minor).isdecimal() else None


def has_kernels() -> bool:
    """Whether the default device runs the Pallas kernels."""
    found = capability()
    return found is not None and found >= KERNELS_FROM


def check_kernels(instead: str) -> None:
    """Raises `ValueError`, saying what to use `instead`, unless the kernels can be had."""
    found = _assumed.get() or capability()
    if found is not None and found >= KERNELS_FROM:
        return
    if found is None:
        here = f"this machine's device is {jax.devices()[0].device_kind!r}"
    else:
        here = f"this one has {found[0]}.{found[1]}"
    raise ValueError(
        "backend 'pallas' needs a CUDA GPU of compute capability 8.0 or more (A100, L4, H100); "
        f"{here}. Use {instead} or 'interpret', which runs the same kernels in Pallas's "
        "interpreter, slowly."
    )
