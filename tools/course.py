"""The course kit: problem sets through nbgrader, which lives in an environment of its own.

python -m tools.course source ps1      # the notebook with solutions and hidden tests
python -m tools.course release ps1     # and the students' notebook
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import nbformat

from tools import problem_set
from tools.chapters import ROOT
from tools.locked import locked

HOME = ROOT / ".cache" / "course"  # nbgrader's environment and its kernel
COURSE = ROOT / "_build" / "course"
REQUIREMENTS = problem_set.EXERCISES / "requirements.txt"
CONFIG = problem_set.EXERCISES / "nbgrader_config.py"


class NoPackages(RuntimeError):
    """pip found no package index, so nbgrader cannot be installed."""


def environment() -> Path:
    """The Python that has nbgrader; makes its environment when it is not there or out of date."""
    python = HOME / "venv" / "bin" / "python"
    wanted = hashlib.sha256(f"{sys.version}\n{REQUIREMENTS.read_text()}".encode()).hexdigest()
    stamp = HOME / "installed"
    with locked(HOME / "lock"):
        if not (python.exists() and stamp.exists() and stamp.read_text() == wanted):
            print("making nbgrader's environment (once, about a minute) ...", flush=True)
            venv.create(HOME / "venv", with_pip=True, clear=True)
            _install(python)
            stamp.write_text(wanted)
        _kernel()
    return python


def _install(python: Path) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "-r", REQUIREMENTS], capture_output=True, text=True, check=False
    )
    if done.returncode:
        # What pip says when it reached no index at all.
        kind = NoPackages if "(from versions: none)" in done.stderr else RuntimeError
        raise kind(f"pip could not install {REQUIREMENTS.name}:\n{done.stderr.strip()}")


def _kernel() -> None:
    """Notebooks are run by the Python of this process, which has jax and the book's package."""
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    folder = HOME / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def nbgrader(course: Path, *arguments: str) -> str:
    """Run nbgrader in a course folder and return its log; `RuntimeError` if it fails."""
    python = environment()
    ours = {
        # comes before every other place where a kernel named python3 could be found
        "JUPYTER_PATH": HOME / "jupyter",
        "JUPYTER_CONFIG_DIR": HOME / "config",
        # nbgrader calls its neighbour `alembic` by name
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        [python, "-m", "nbgrader", *arguments],
        cwd=course,
        env={**os.environ, **{name: str(path) for name, path in ours.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"nbgrader {' '.join(arguments)} failed:\n{done.stdout[-4000:]}")
    return done.stdout


def write_source(name: str, course: Path) -> Path:
    """Write a problem set as nbgrader's source notebook, and the settings if there are none yet."""
    notebook = course / "source" / name / f"{name}.ipynb"
    notebook.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(problem_set.read(name), notebook)
    if not (course / CONFIG.name).exists():
        shutil.copy(CONFIG, course)
    return notebook


def release(name: str, course: Path) -> Path:
    """Write the students' notebook of a problem set, and enter its tests in the gradebook."""
    write_source(name, course)
    nbgrader(course, "generate_assignment", name, "--create", "--force")
    return course / "release" / name / f"{name}.ipynb"


def main(argv: list[str] | None = None) -> int:
    """Do one command; 1 with a message if it fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.course", description=__doc__.splitlines()[0]
    )
    commands = {"source": write_source, "release": release}
    parser.add_argument("command", choices=commands)
    parser.add_argument("name", metavar="PS", help=f"of {', '.join(problem_set.names())}")
    parser.add_argument("--course", type=Path, default=COURSE, help="course folder (_build/course)")
    args = parser.parse_args(argv)
    try:
        notebook = commands[args.command](args.name, args.course.resolve())
    except (ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{args.name}: {notebook}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
