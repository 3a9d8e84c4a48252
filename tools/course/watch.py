"""Watch what runs in a jail: how much it has worked, whether it is gone or too large."""

import subprocess
from pathlib import Path

import psutil

from .isolation import Cell as Jail
from .jail import TOO_MANY

FILES = 10_000  # at most, in the folder of a jail


class Stopped(RuntimeError):
    """The kernel is gone, or must go, for the reason in the message."""


def look(process: subprocess.Popen, jail: Jail) -> float:
    """Seconds of work so far, of all processes in the jail that `process` is; or `Stopped`."""
    limits = jail.limits
    if process.poll() is not None:
        raise Stopped(_cause(process.returncode, limits.processes))
    found = descendants(process)
    if len(found) > limits.processes:
        raise Stopped(f"more than {limits.processes} processes")
    if sum(map(_private, found)) > limits.memory:
        raise Stopped(f"more than {limits.memory / 2**30:.1f} GB of memory")
    sizes = [_size(path) for path in jail.folder.rglob("*")]
    if sum(sizes) > limits.folder or len(sizes) > FILES:
        raise Stopped(f"more than {limits.folder / 2**20:.0f} MB, or {FILES}, files")
    return sum(map(_worked, found))


def descendants(process: subprocess.Popen) -> list[psutil.Process]:
    """The processes that `process` started, and those that they started."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _cause(code: int, processes: int) -> str:
    if code == TOO_MANY:
        return f"more than {processes} processes"
    how = f"signal {code - 128}" if code > 128 else f"exit status {code}"
    return f"the kernel died ({how})"


def _worked(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        return times.user + times.system
    except psutil.NoSuchProcess:
        return 0.0


def _private(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
        return memory.rss - getattr(memory, "shared", 0)
    except psutil.NoSuchProcess:
        return 0


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
