"""Compiling for a GPU that need not be there.

XLA compiles for a card from its description alone, so a laptop can read the program that an A100
would run. It needs JAX's CUDA plugin and NVIDIA's assembler, but no GPU and no driver.

Where XLA would try several kernels on the card and keep the fastest (matrix products), it decides
by rule instead; and what a card does with a program, above all how long it takes, is not known.
"""

import contextlib
import importlib.util
import inspect
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import jax
import jax.numpy as jnp

TARGETS = ("A100", "H100", "L4", "T4")
_FILES = {
    "hlo": "gpu_after_optimizations.txt",
    "thunks": "thunk_sequence.txt",
    "bundled": "thunk_sequence_after_thunk_passes.txt",
}


class MissingPlugin(ImportError):
    """The packages that compile for CUDA are not there, or were loaded in a way that fails."""


def compile_for(fn: Callable, *args, target: str = "A100") -> str:
    """The optimised HLO text of `fn(*args)`, compiled for a GPU that need not be there.

    - `fn`: a function of arrays, as for `jax.jit`.
    - `args`: arrays, trees of arrays, or `jax.ShapeDtypeStruct`s in their place.
    - `target`: `"A100"`, `"H100"`, `"L4"` or `"T4"`; their data are in `targets/*.pbtxt`.

    `launches(text)` counts what the program asks of the GPU. What chooses by device while it is
    traced chooses for this machine: name the backend of `pr.linear_recurrence`, or the `scan` of
    a method, instead of leaving it to `"auto"`.

    **Raises** `MissingPlugin` if the CUDA plugin is not installed, saying what to install, and
    `ValueError` for an unknown target, for no array to compile for, or for a program that calls
    back into Python, such as `pr.solve` with `on_failure="raise"`.
    """
    return compiled_files(fn, *args, target=target)["hlo"]


def compiled_files(fn: Callable, *args, target: str = "A100") -> dict[str, str]:
    """What XLA writes while it compiles: `"hlo"`, and from jax 0.10 on its lists of operations.

    `"thunks"` is the list as it is; `"bundled"` is the one after bundling into CUDA graphs. See
    `thunks.py`.
    """
    lowered = lower_for(fn, *args, target=target)
    with tempfile.TemporaryDirectory() as folder:
        # `compiled.as_text()` is None for these programs in jax 0.7; the dump is always there.
        lowered.compile(compiler_options={"xla_dump_to": folder})
        found = {key: next(Path(folder).glob(f"*{end}"), None) for key, end in _FILES.items()}
        return {key: path.read_text() for key, path in found.items() if path}


def lower_for(fn: Callable, *args, target: str = "A100") -> jax.stages.Lowered:
    """`fn(*args)` traced and lowered for a target, ready to compile."""
    if not jax.tree.leaves(args):
        raise ValueError("compiling for a GPU needs at least one array argument, got none")
    device = _device(target)
    sharding = jax.sharding.SingleDeviceSharding(device)

    def described(x):
        return jax.ShapeDtypeStruct(jnp.shape(x), jnp.result_type(x), sharding=sharding)

    with _pretend(device.device_kind):
        return _lower(jax.jit(fn).trace(*jax.tree.map(described, args)))


def _lower(traced) -> jax.stages.Lowered:
    try:
        return traced.lower(lowering_platforms=("cuda",))
    except RuntimeError as error:
        if "Unknown backend" not in str(error):
            raise
        raise ValueError(
            "a program that calls back into Python cannot be compiled for a GPU that is not "
            "there. If the call is the error that `pr.solve` raises, pass on_failure='return'."
        ) from error


def _device(target: str):
    """The one device of a described machine; nothing can run on it."""
    from jax.experimental import topologies

    config = target_config(target)
    _require_plugin()
    try:
        topology = topologies.get_topology_desc(
            platform="cuda", topology_name="", topology="1x1x1", target_config=config
        )
    except NotImplementedError:
        raise MissingPlugin(
            "the CUDA plugin is installed but was not loaded: it looked for a GPU and its "
            "libraries. Start Python with JAX_PLATFORMS=cpu and "
            "JAX_SKIP_CUDA_CONSTRAINTS_CHECK=1 in the environment."
        ) from None
    return topology.devices[0]


def target_config(target: str) -> str:
    """The description of a card, as XLA reads it."""
    if target not in TARGETS:
        raise ValueError(f"target must be one of {list(TARGETS)}, got {target!r}")
    return (resources.files(__package__) / "targets" / f"{target}.pbtxt").read_text()


def _require_plugin() -> None:
    if any(importlib.util.find_spec(f"jax_cuda{major}_plugin") for major in (12, 13)):
        return
    version = jax.__version__
    raise MissingPlugin(
        "compiling for a GPU needs JAX's CUDA plugin and NVIDIA's assembler, but no GPU. "
        "In an environment of their own: "
        f"pip install jax=={version} jax-cuda12-plugin=={version} jax-cuda12-pjrt=={version} "
        "nvidia-cuda-nvcc-cu12; then start Python with JAX_PLATFORMS=cpu."
    )


def _pretend(kind: str):
    """From jax 0.12 on, Pallas asks at lowering which GPU it is for; tell it."""
    abstract = getattr(jax.sharding, "AbstractDevice", None)
    if abstract is None or "platform" not in inspect.signature(abstract).parameters:
        return contextlib.nullcontext()
    device = abstract(device_kind=kind, num_cores=None, platform="gpu")
    axis = jax.sharding.AxisType.Explicit
    mesh = jax.sharding.AbstractMesh((1,), ("x",), (axis,), abstract_device=device)
    return jax.sharding.use_abstract_mesh(mesh)
