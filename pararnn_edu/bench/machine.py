"""What a measurement was made on; without it a time means nothing."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine(note: str = "") -> dict:
    """Processor, cores, memory, system, versions and date of the machine that runs this.

    `cores` are those this process may use. `note` is for what a program cannot find out, such as
    who else was using the machine.
    """
    return {
        "cpu": _cpu(),
        "cores": _cores(),
        "memory_gib": _memory_gib(),
        "os": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("jax", "jaxlib", "numpy")},
        "date": datetime.date.today().isoformat(),
        "note": note,
    }


def environment() -> dict[str, str]:
    """The variables that were set and change how fast XLA runs."""
    known = ("XLA_FLAGS", "XLA_PYTHON_CLIENT_", "MALLOC_", "JAX_DEFAULT_MATMUL_PRECISION")
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(known)}


def _cpu() -> str:
    """The processor's own name where the system tells it, as Linux does."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gib() -> float | None:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a Unix
        return None
    return round(pages * size / 2**30, 1)
