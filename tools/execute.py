"""Run a notebook in a fresh kernel of a chosen Python, away from the repository."""

import os
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
from nbformat import NotebookNode

# Hash order, device and the date inside image files must not change what is stored.
STABLE = {"PYTHONHASHSEED": "0", "JAX_PLATFORMS": "cpu", "SOURCE_DATE_EPOCH": "0"}


class _KernelOf(AsyncKernelManager):
    """A kernel of the given interpreter, whatever kernels the machine has registered."""

    python = ""

    @property
    def kernel_spec(self) -> KernelSpec:
        quiet = "--IPKernelApp.log_level=40"  # errors only
        command = [self.python, "-m", "ipykernel_launcher", quiet, "-f", "{connection_file}"]
        return KernelSpec(argv=command, language="python", display_name="Python 3")


def execute(
    notebook: NotebookNode,
    python: str,
    folder: Path,
    environment: dict[str, str] | None = None,
    timeout: int = 600,
) -> None:
    """Execute `notebook` in place with the interpreter `python`, in `folder`.

    `timeout` is seconds a cell. Raises nbclient's `CellExecutionError` at the first that fails.
    """
    kernel = _KernelOf()
    kernel.python = python
    client = NotebookClient(
        notebook, km=kernel, timeout=timeout, record_timing=False, store_widget_state=False
    )
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    client.execute(cwd=str(folder), env={**clean, **STABLE, **(environment or {})})
