"""What a notebook may do while it is graded, and which of it this machine can enforce."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

JAIL = Path(__file__).with_name("jail.py")
SYSTEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/etc",
    "/proc",
    "/sys",
    "/nix/store",
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
GIGABYTE = 2**30
# Processes and threads in one jail. A kernel with jax has 13, and 3 more for each core.
TASKS = 128 + 8 * (os.cpu_count() or 1)


@dataclass(frozen=True)
class Limits:
    """How much of everything one submission may use."""

    cell: float = 120.0  # seconds of the processor for a cell
    waiting: float = 3.0  # how many times as many it may take by the clock
    start: float = 300.0  # seconds for the kernel to start, and for the first cell, with jax
    grace: float = 10.0  # seconds that an interrupted cell has to come to an end
    total: float = 1800.0  # seconds for the whole notebook, by the clock
    memory: int = 4 * GIGABYTE  # resident, all processes together
    address_space: int = 32 * GIGABYTE  # jax reserves much more than it uses
    file: int = GIGABYTE // 16  # one file
    folder: int = GIGABYTE // 4  # all files together
    processes: int = 64
    output: int = 10**6  # characters a cell, pictures counted as they are stored


@dataclass(frozen=True)
class Isolation:
    """The layers that are in force beside the limits, see jail.py."""

    namespaces: bool = True
    landlock: bool = True

    def lines(self) -> list[str]:
        """What is and what is not kept from a student's code, in words."""
        files = self.landlock or self.namespaces
        return [
            f"{'yes' if files else 'NO '}  your files cannot be changed",
            f"{'yes' if files else 'NO '}  the course folder and the problem sets cannot be read",
            f"{'yes' if self.landlock else 'NO '}  no other file of yours can be read",
            f"{'yes' if self.namespaces else 'NO '}  no network",
            f"{'yes' if self.namespaces else 'NO '}  every process is gone when a notebook ends",
            "yes  limits on time, memory, files and output",
        ]


@dataclass
class Cell:
    """The jail of one submission: a folder that is deleted at the end."""

    python: str
    limits: Limits = field(default_factory=Limits)
    isolation: Isolation = field(default_factory=Isolation)
    secret: tuple[Path, ...] = ()  # folders that must not be read
    compiled: Path | None = None  # what jax compiled for the model answer, read only
    compiled_to: Path | None = None  # where to keep what is compiled, for the model answer itself

    def __post_init__(self) -> None:
        # Short, because the path of a socket may not exceed about a hundred characters.
        self.folder = Path(tempfile.mkdtemp(prefix="ps-", dir="/tmp"))
        self.home = self.folder / "home"
        self.sockets = self.folder / "s"
        self.library = self.folder / "lib"
        for folder in (self.home, self.sockets, self.library):
            folder.mkdir()
        package = _places_of(self.python)[-1]
        (self.library / Path(package).name).symlink_to(package)
        _fonts(self.home)
        if self.compiled_to and self.compiled_to.is_dir():
            shutil.copytree(self.compiled_to, self.home / "compiled")

    def command(self, *command: str) -> list[str]:
        """The command that runs `command` inside."""
        return [sys.executable, "-I", "-S", str(JAIL), json.dumps(self._spec(command))]

    def remove(self) -> None:
        """Delete the folder."""
        if self.compiled_to and (self.home / "compiled").is_dir():
            _keep(self.home / "compiled", self.compiled_to)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _spec(self, command: tuple[str, ...]) -> dict:
        read = [*SYSTEM, *_places_of(self.python), *([str(self.compiled)] if self.compiled else [])]
        hide = ["/run", "/tmp", "/dev/shm", *map(str, self.secret)]
        needed = (*read, self.python)
        return {
            "command": list(command),
            "environment": self._environment(),
            "folder": str(self.folder),
            "home": str(self.home),
            "namespaces": self.isolation.namespaces,
            "landlock": self.isolation.landlock,
            "paths": {
                "read": read,
                "write": [str(self.folder)],
                "device": list(DEVICES),
            },
            "processes": self.limits.processes,
            "hide": [path for path in hide if not any(_is_in(place, path) for place in needed)],
            "limits": self._limits(),
        }

    def _limits(self) -> dict[str, int]:
        limits = {
            "CPU": int(self.limits.total * 4),  # with several threads it is more than the clock's
            "AS": self.limits.address_space,
            "FSIZE": self.limits.file,
            "NOFILE": 1024,
            "CORE": 0,
        }
        # Outside a namespace all that the user runs would count.
        return {**limits, "NPROC": TASKS} if self.isolation.namespaces else limits

    def _environment(self) -> dict[str, str]:
        places = {
            name: str(self.home) for name in ("HOME", "TMPDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR")
        }
        return {
            "PATH": f"{Path(self.python).parent}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "JAX_PLATFORMS": "cpu",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(self.library),
            **places,
            **self._cache(),
        }

    def _cache(self) -> dict[str, str]:
        """Students' kernels read what the model answer compiled, and write nothing there."""
        if not (self.compiled or self.compiled_to):
            return {}
        return {
            "JAX_COMPILATION_CACHE_DIR": str(self.compiled or self.home / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "1e9" if self.compiled else "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            "JAX_PERSISTENT_CACHE_ENABLE_XLA_CACHES": "none",  # they put the folder into the key
        }


def _keep(made: Path, folder: Path) -> None:
    """Copy files that are not in `folder` yet; whoever reads it meanwhile sees whole files only."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in made.iterdir():
        if not (folder / path.name).exists():
            part = folder / f"{path.name}.{os.getpid()}"
            shutil.copy(path, part)
            part.replace(folder / path.name)


def _is_in(place: str, folder: str) -> bool:
    return Path(place).is_relative_to(folder)


def _fonts(home: Path) -> None:
    """matplotlib's list of fonts, which takes seconds to make."""
    lists = Path.home().glob(".cache/matplotlib/fontlist*.json")
    for path in lists:
        (home / ".cache" / "matplotlib").mkdir(parents=True, exist_ok=True)
        shutil.copy(path, home / ".cache" / "matplotlib")


@cache
def _places_of(python: str) -> tuple[str, ...]:
    """The folders that this Python needs; the last one is the book's package."""
    ask = (
        "import sys, importlib.util as u; s = u.find_spec('pararnn_edu');"
        "print(sys.prefix, sys.base_prefix, *s.submodule_search_locations, sep='\\n')"
    )
    done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True, cwd="/")
    return tuple(os.path.realpath(line) for line in done.stdout.splitlines())


@cache
def available(python: str) -> Isolation:
    """The layers that work on this machine, found out by trying with the Python of the kernels."""
    working = {
        layer: _works(python, Isolation(**{"namespaces": False, "landlock": False, layer: True}))
        for layer in ("namespaces", "landlock")
    }
    return Isolation(**working)


def _works(python: str, isolation: Isolation) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    cell = Cell(python, isolation=isolation)
    try:
        done = subprocess.run(cell.command("/bin/true"), capture_output=True, check=False)
        return done.returncode == 0
    finally:
        cell.remove()
