"""Compiling for a GPU that need not be there.

XLA compiles for a card from its description alone, so a laptop can read the program that an A100
would run. It needs JAX's CUDA plugin and NVIDIA's assembler (see `packages.py`), but no GPU and
no driver. The function is traced and lowered here, with all that it closes over, and compiled in
a process of its own, which a crash of the compiler cannot leave.

Where XLA would try several kernels on the card and keep the fastest (matrix products), it decides
by rule instead; and what a card does with a program, above all how long it takes, is not known.
"""

import contextlib
import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import jax
import jax.export
import jax.numpy as jnp

from ..scans.device import compiling_for
from . import packages
from .cards import TARGETS as TARGETS
from .cards import card, target_config
from .packages import MissingPlugin as MissingPlugin

FILES = {
    "hlo": "gpu_after_optimizations.txt",
    "thunks": "thunk_sequence.txt",
    "bundled": "thunk_sequence_after_thunk_passes.txt",
    "annotations": "thunk_metadata.txt",
}
# What JAX does not promise to keep stable between versions, and need not: both ends are this one.
_UNSTABLE = ("__gpu$xla.gpu.triton", "triton_kernel_call", "mosaic_gpu", "mosaic_gpu_v2")
# What jax 0.10, 0.12 and 0.7 say of a callback into Python where there is no GPU.
_CALLS_BACK = ("Unknown backend", "require devices to be", "different from the lowering platform")
LIMIT = 600  # seconds that a compilation may take


class CompileError(RuntimeError):
    """The compiler refused a program, crashed on it, or took too long."""


def compile_for(fn: Callable, *args, target: str = "A100") -> str:
    """The optimised HLO text of `fn(*args)`, compiled for a GPU that need not be there.

    - `fn`: a function of arrays, as for `jax.jit`.
    - `args`: arrays, trees of arrays, or `jax.ShapeDtypeStruct`s in their place.
    - `target`: `"A100"`, `"H100"`, `"L4"` or `"T4"`; their data are in `targets/*.pbtxt`.

    `launches(text)` counts what the program asks of the GPU; `report` says much more. What
    chooses by device while it is traced chooses for this machine: name the backend of
    `pr.linear_recurrence`, or the `scan` of a method, instead of leaving it to `"auto"`.

    **Raises** `MissingPlugin` if the CUDA plugin is not installed, saying what to install;
    `ValueError` for an unknown target, for no array to compile for, or for a program that calls
    back into Python, such as `pr.solve` with `on_failure="raise"`; `CompileError` if the program
    cannot be compiled for the target.
    """
    return compiled_files(fn, *args, target=target)["hlo"]


def compiled_files(fn: Callable, *args, target: str = "A100") -> dict[str, str]:
    """What XLA writes while it compiles: `"hlo"`, and its lists of operations (see `thunks.py`).

    `"thunks"` is the list as it is; `"bundled"`, from jax 0.10 on, the one after bundling into
    CUDA graphs; `"annotations"` says which instruction each operation comes from.
    """
    with compiled(fn, *args, target=target) as folder:
        return read(folder)


def read(folder: Path) -> dict[str, str]:
    """The texts of `FILES` in a folder that XLA wrote."""
    found = {key: next(folder.glob(f"*{end}"), None) for key, end in FILES.items()}
    return {key: path.read_text() for key, path in found.items() if path}


@contextlib.contextmanager
def compiled(fn: Callable, *args, target: str = "A100"):
    """A folder with all that XLA writes while it compiles, for as long as the context lasts."""
    compiler = packages.find() if target in TARGETS else None
    program = lower(fn, *args, target=target)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with packages.importable(compiler):  # JAX writes programs with flatbuffers
            (place / "program").write_bytes(program.serialize())
        _compile(place, target_config(target), compiler)
        yield place / "xla"


def lower(fn: Callable, *args, target: str = "A100"):
    """`fn(*args)` translated for a GPU, not compiled: a `jax.export.Exported` of its arrays.

    Needs no compiler. **Raises** what JAX raises for a kernel that a GPU cannot run, such as
    `NotImplementedError` for an operation that Triton does not have; see also `compile_for`.
    """
    described = card(target)
    leaves, tree = jax.tree.flatten(args)
    arrays = [leaf for leaf in leaves if _is_array(leaf)]
    if not arrays:
        raise ValueError("compiling for a GPU needs at least one array argument, got none")

    def flat(*given):
        given = iter(given)
        full = [next(given) if _is_array(leaf) else leaf for leaf in leaves]
        out = jax.tree.leaves(fn(*jax.tree.unflatten(tree, full)))
        return [leaf for leaf in out if _is_array(leaf)]

    flat.__name__ = flat.__qualname__ = getattr(fn, "__name__", "f")
    structs = [jax.ShapeDtypeStruct(jnp.shape(x), jnp.result_type(x)) for x in arrays]
    checks = [jax.export.DisabledSafetyCheck.custom_call(name) for name in _UNSTABLE]
    with _pretend(described.name), compiling_for(described.capability), _explained():
        return jax.export.export(jax.jit(flat), platforms=["cuda"], disabled_checks=checks)(
            *structs
        )


def _is_array(leaf) -> bool:
    number = isinstance(leaf, bool | int | float | complex)
    return number or (hasattr(leaf, "shape") and hasattr(leaf, "dtype"))


@contextlib.contextmanager
def _explained():
    """Says what a program that calls back into Python did wrong."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if not any(words in str(error) for words in _CALLS_BACK):
            raise
        raise ValueError(
            "a program that calls back into Python cannot be compiled for a GPU that is not "
            "there. If the call is the error that `pr.solve` raises, pass on_failure='return'."
        ) from error


def _pretend(kind: str):
    """From jax 0.12 on, Pallas asks at lowering which GPU it is for; tell it."""
    abstract = getattr(jax.sharding, "AbstractDevice", None)
    if abstract is None or "platform" not in inspect.signature(abstract).parameters:
        return contextlib.nullcontext()
    device = abstract(device_kind=kind, num_cores=None, platform="gpu")
    axis = jax.sharding.AxisType.Explicit
    mesh = jax.sharding.AbstractMesh((1,), ("x",), (axis,), abstract_device=device)
    return jax.sharding.use_abstract_mesh(mesh)


def _compile(place: Path, config: str, compiler: packages.Compiler) -> None:
    """Run `worker.py` on the program in `place`; XLA's files go to `place/xla`."""
    job = {"program": "program", "config": config, "folder": "xla", "error": "error"}
    job = {key: value if key == "config" else str(place / value) for key, value in job.items()}
    (place / "job").write_text(json.dumps(job))
    # -P: the worker's neighbours must not be found in the place of other packages.
    worker = str(Path(__file__).with_name("worker.py"))
    command = [sys.executable, "-P", worker, str(place / "job")]
    try:
        done = subprocess.run(
            command, env=_environment(compiler), capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        raise CompileError(f"the compiler was stopped after {LIMIT} seconds") from None
    if done.returncode:
        raise CompileError(_failure(done, place / "error"))


def _environment(compiler: packages.Compiler) -> dict[str, str]:
    """The plugin must be there, but not look for a GPU and its libraries."""
    settings = {"JAX_PLATFORMS": "cpu", "JAX_SKIP_CUDA_CONSTRAINTS_CHECK": "1"}
    settings["JAX_ENABLE_X64"] = str(int(jax.config.jax_enable_x64))
    path = [*sys.path, *([str(compiler.path)] if compiler.path else [])]
    return os.environ | settings | {"PYTHONPATH": os.pathsep.join(filter(None, path))}


def _failure(done: subprocess.CompletedProcess, error: Path) -> str:
    """One sentence on what went wrong, with the compiler's own words."""
    if error.exists():
        return f"the compiler refused the program: {error.read_text().strip()}"
    last = "\n".join(done.stderr.strip().splitlines()[-5:])
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        return (
            f"the compiler crashed ({name}); nothing but its own process was harmed. The last "
            f"that it said:\n{last}"
        )
    return f"the compiling process failed with status {done.returncode}:\n{last}"
