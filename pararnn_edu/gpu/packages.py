"""NVIDIA's compiler for JAX: where it is, and fetching it.

Four packages are needed, and no GPU, driver or CUDA toolkit: JAX's CUDA plugin in two parts, of
the version that jax has; NVIDIA's assembler; and flatbuffers, in which JAX writes programs. On a
machine with a GPU and `jax[cuda12]` they are there already. Elsewhere they are better kept in a
folder of their own: installed beside jax, the plugin looks for a GPU whenever JAX starts and
complains that there is none.
"""

import contextlib
import importlib.util
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import NamedTuple

FOLDER = "PARARNN_EDU_CUDA"
_ASSEMBLERS = ("nvidia/cuda_nvcc/bin/ptxas", "nvidia/cu13/bin/ptxas")


class MissingPlugin(ImportError):
    """The packages that compile for CUDA are not there, or do not fit this jax."""


class Compiler(NamedTuple):
    """Where the packages are."""

    path: Path | None
    """The folder that holds them, or None if they stand beside jax."""
    assembler: Path | None
    """NVIDIA's `ptxas`, or None; without it registers and spills are unknown."""


def requirements() -> list[str]:
    """The packages, at the versions that fit the jax that is running."""
    jax = version("jax")
    plugin = [f"{name}=={jax}" for name in ("jax-cuda12-plugin", "jax-cuda12-pjrt")]
    return [*plugin, "nvidia-cuda-nvcc-cu12", "flatbuffers"]


def default_folder() -> Path:
    """`$PARARNN_EDU_CUDA`, or a folder in the user's cache that is named after jax's version."""
    named = os.environ.get(FOLDER)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else cache / "pararnn_edu" / f"cuda-jax-{version('jax')}"


def install(folder: Path | None = None) -> Path:
    """Fetches the packages into a folder (about 220 MB, 570 MB unpacked), unless they are there."""
    folder = Path(folder) if folder else default_folder()
    if _plugin_version([folder]) == version("jax"):
        return folder
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # --no-deps: jax and numpy must stay those of the caller.
    target = ["--no-deps", "--upgrade", "--target", str(folder)]
    subprocess.run([*pip, *target, *requirements()], check=True)
    return folder


def find() -> Compiler:
    """The packages, in the folder for them or beside jax.

    **Raises** `MissingPlugin` if there are none, or none for the version of jax that is running,
    with the command that fetches them.
    """
    folder, found, jax = default_folder(), _plugin_version(None), version("jax")
    if _plugin_version([folder]) == jax:
        return Compiler(folder, _assembler([folder]))
    if found == jax and importlib.util.find_spec("flatbuffers"):
        return Compiler(None, _assembler([Path(each) for each in sys.path]))
    raise MissingPlugin(_missing(found, jax))


@contextlib.contextmanager
def importable(compiler: Compiler):
    """Lets Python import from the folder of the packages, last of all places."""
    added = [str(compiler.path)] if compiler.path else []
    sys.path.extend(added)
    try:
        yield
    finally:
        for each in added:
            sys.path.remove(each)


def _plugin_version(path: list[Path] | None) -> str | None:
    """The version of the CUDA plugin in these folders (None: in the running environment)."""
    for major in (12, 13):
        name = f"jax-cuda{major}-plugin"
        try:
            if path is None:
                return version(name)
            return next(each.version for each in distributions(name=name, path=map(str, path)))
        except (PackageNotFoundError, StopIteration):
            continue
    return None


def _assembler(places: list[Path]) -> Path | None:
    paths = (place / name for name in _ASSEMBLERS for place in places)
    return next((path for path in paths if path.exists()), None)


def _missing(found: str | None, jax: str) -> str:
    what = "it is not installed"
    if found == jax:
        what = "the package flatbuffers is missing"
    elif found:
        what = f"version {found} is installed, for another jax than this {jax}"
    return (
        "compiling for a GPU needs JAX's CUDA plugin and NVIDIA's assembler, but no GPU: "
        f"{what}. Fetch what fits (about 220 MB, into a folder of its own, {default_folder()}): "
        "python -m pararnn_edu xray --install. Or, beside jax: pip install "
        + " ".join(requirements())
    )
