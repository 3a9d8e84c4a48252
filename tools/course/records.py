"""nbgrader, which lives in an environment of its own, because it brings a notebook server."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tools.locked import locked

from . import folders
from .folders import ROOT, Course

EXERCISES = ROOT / "exercises"
REQUIREMENTS = EXERCISES / "requirements.txt"
CONFIG = EXERCISES / "nbgrader_config.py"


class NoPackages(RuntimeError):
    """pip found no package index, so nbgrader cannot be installed."""


def environment() -> Path:
    """The Python that has nbgrader; makes its environment when it is not there or out of date."""
    home = folders.HOME
    python = home / "venv" / "bin" / "python"
    wanted = hashlib.sha256(f"{sys.version}\n{REQUIREMENTS.read_text()}".encode()).hexdigest()
    stamp = home / "installed"
    with locked(home / "lock"):
        if not (python.exists() and stamp.exists() and stamp.read_text() == wanted):
            print("making nbgrader's environment (once, about a minute) ...", flush=True)
            venv.create(home / "venv", with_pip=True, clear=True)
            _install(python)
            stamp.write_text(wanted)
        _kernel(home)
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


def _kernel(home: Path) -> None:
    """Notebooks opened beside nbgrader are run by the Python of this process, which has jax."""
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    folder = home / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def _variables() -> dict[str, str]:
    """The environment in which nbgrader finds its neighbours, its settings and the right kernel."""
    ours = {
        # comes before every other place where a kernel named python3 could be found
        "JUPYTER_PATH": str(folders.HOME / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folders.HOME / "config"),
        # nbgrader calls its neighbour `alembic` by name
        "PATH": f"{folders.HOME / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    return {**os.environ, **ours}


def call(course: Course, *arguments: str | Path) -> str:
    """Run Python with nbgrader in a course folder: `-m nbgrader ...`, or a script; what it prints.

    Raises `RuntimeError` with the end of what it said if it fails.
    """
    python = environment()
    done = subprocess.run(
        [python, *arguments],
        cwd=course.root,
        env=_variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-4000:]
        raise RuntimeError(f"{' '.join(map(str, arguments))} failed in {course.root}:\n{said}")
    return done.stdout


def notebook_server(course: Course) -> None:
    """JupyterLab with nbgrader in a course folder, until it is stopped."""
    if not (course.root / "gradebook.db").exists():
        raise ValueError(f"nothing was released in {course.root}: make release")
    python = environment()
    with contextlib.suppress(KeyboardInterrupt):
        subprocess.run([python, "-m", "jupyterlab"], cwd=course.root, env=_variables(), check=False)


def settings(course: Course) -> Path:
    """Write nbgrader's settings into a course folder if there are none yet."""
    path = course.root / CONFIG.name
    if not path.exists():
        text = CONFIG.read_text(encoding="utf-8")
        text = text.replace('"/path/to/the/book"', repr(str(ROOT)))
        path.write_text(
            text.replace('"/path/to/its/python"', repr(sys.executable)), encoding="utf-8"
        )
    return path


def make_release(course: Course, name: str) -> Path:
    """Write the students' notebook, and enter the tests in the gradebook."""
    call(course, "-m", "nbgrader", "generate_assignment", name, "--create", "--force")
    return course.released(name)


def autograde(course: Course, name: str) -> None:
    """Enter what the runs gave into the gradebook; marks given by hand stay."""
    call(course, "-m", "nbgrader", "autograde", name, "--create", "--force")


def feedback(course: Course, name: str) -> list[Path]:
    """Write a page for each student; the pages. `ValueError` if nobody was graded yet."""
    if not list((course.root / "autograded").glob(f"*/{name}")):
        raise ValueError(
            f"{name} was not graded in {course.root}: make grade PS={name} SUBMISSIONS=..."
        )
    shutil.rmtree(course.root / "feedback", ignore_errors=True)
    call(course, "-m", "nbgrader", "generate_feedback", name, "--force")
    return sorted((course.root / "feedback").glob(f"*/{name}/*.html"))


def scores(course: Course, name: str) -> dict[str, dict]:
    """What the gradebook holds: see `read_gradebook.py`, which reads it."""
    script = Path(__file__).with_name("read_gradebook.py")
    return json.loads(call(course, "-P", script, name))
