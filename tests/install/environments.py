"""Python environments as a stranger would have them, made once and kept in .cache/environments."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.chapters import ROOT
from tools.locked import locked

KEPT = ROOT / ".cache" / "environments"


def interpreter(version: str) -> str | None:
    """A working Python of a version such as "3.13": on the path, or one that pyenv keeps."""
    candidates = [shutil.which(f"python{version}"), *_pyenv(version)]
    return next((path for path in candidates if path and _is(path, version)), None)


def _pyenv(version: str) -> list[str]:
    if not shutil.which("pyenv"):
        return []
    root = Path(output("pyenv", "root"))
    found = root.glob(f"versions/{version}.*/bin/python{version}")
    return sorted(map(str, found), reverse=True)


def _is(path: str, version: str) -> bool:
    """Whether it runs and is that version: pyenv's shims outlive what they stand for."""
    command = [path, "-c", "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.returncode == 0 and found.stdout.strip() == version


def environment(name: str, python: str, packages: list[str]) -> str:
    """The Python of a virtual environment holding `packages`, made if it is not there yet."""
    key = hashlib.sha256("\n".join([python, *packages]).encode()).hexdigest()[:12]
    folder = KEPT / f"{name}-{key}"
    with locked(KEPT / f"{name}.lock"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([python, "-m", "venv", folder], check=True)
            pip(str(folder / "bin" / "python"), "install", *packages)
            (folder / "complete").touch()
    return str(folder / "bin" / "python")


def pip(python: str, *arguments: str) -> str:
    """Run pip in an environment, away from the repository; fails the test with pip's own words."""
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    return output(*command)


def output(*command: str) -> str:
    """What a command printed; an AssertionError with all it printed if it failed."""
    done = subprocess.run(
        command, cwd=tempfile.gettempdir(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


VERSIONS = """
from importlib.metadata import distributions
print(*{f"{found.name}=={found.version}" for found in distributions()})
"""


def versions(python: str) -> dict[str, str]:
    """Name and version of every package in an environment."""
    return dict(item.split("==") for item in output(python, "-c", VERSIONS).split())
