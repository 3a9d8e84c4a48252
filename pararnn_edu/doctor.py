"""What is installed, which device runs it, and whether a parallel solve agrees with the loop."""

import platform
from importlib.metadata import PackageNotFoundError, version

import jax

PACKAGES = ("pararnn-edu", "jax", "jaxlib", "numpy", "equinox", "jaxtyping", "matplotlib")
OPTIONAL = ("ipywidgets",)


def about() -> None:
    """Print one line: the versions that decide what a notebook computes, and the device."""
    parts = [f"{name} {_version(name)}" for name in ("pararnn-edu", "jax", "equinox")]
    print(", ".join([*parts, f"Python {platform.python_version()}"]) + f"; device: {_device()}")


def doctor() -> bool:
    """Print versions and device, then compare `solve` with `unroll` on a small GRU.

    Returns True if everything needed is there and the two agree.
    """
    print(f"Python {platform.python_version()} on {platform.platform()}")
    for name in PACKAGES:
        print(f"  {name:12} {_version(name)}")
    for name in OPTIONAL:
        print(f"  {name:12} {_version(name)} (optional)")
    print(f"device: {_device()}")
    agree = _solve_agrees()
    print("all is well" if agree else "something is wrong: see the lines above")
    return agree


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _device() -> str:
    """The default device in words, such as `cpu` or `gpu (Tesla T4)`."""
    first, count = jax.devices()[0], jax.device_count()
    kind = "" if first.device_kind == first.platform else f" ({first.device_kind})"
    return f"{first.platform}{kind}" + (f" x {count}" if count > 1 else "")


def _solve_agrees(steps: int = 64, size: int = 8) -> bool:
    """Whether Newton over the whole sequence gives what the step-by-step loop gives."""
    import jax.numpy as jnp

    import pararnn_edu as pr

    key_cell, key_xs = jax.random.split(jax.random.key(0))
    cell = pr.GRU(size, size, key=key_cell)
    xs = jax.random.normal(key_xs, (steps, size))
    solution = pr.solve(cell, xs, on_failure="return")
    error = float(jnp.max(jnp.abs(solution.states - pr.unroll(cell, xs))))
    agree = bool(solution.converged) and error < 1e-4
    print(f"solve against unroll, GRU, {steps} steps: {int(solution.steps)} Newton steps,")
    print(f"  largest difference {error:.1e}: {'they agree' if agree else 'THEY DIFFER'}")
    return agree
