"""Grade one submission, or a folder of them side by side."""

import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from . import collect
from .cells import by_machine
from .folders import ROOT, Course, compiled, write
from .isolation import Cell as Jail
from .isolation import Isolation, Limits, available
from .marks import Marks, marks, total
from .restore import NotGradable, restore
from .run import run
from .suspicious import suspicious

SECRET = (ROOT / "exercises", ROOT / "tests", ROOT / "_build", ROOT / ".git")


@dataclass
class Result:
    """What became of one submission. Without marks it was not graded, which is not a 0."""

    student: str
    marks: Marks | None = None
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0  # by the clock
    worked: float = 0.0  # of the processor, in the last kernel and those before it
    canvas: str = ""
    moodle: str = ""
    full_name: str = ""


@dataclass(frozen=True)
class Grader:
    """What is the same for all submissions to one set."""

    source: NotebookNode
    python: str = sys.executable
    limits: Limits = field(default_factory=Limits)
    isolation: Isolation | None = None  # all that this machine has
    secret: tuple[Path, ...] = SECRET

    def jail(self, **options) -> Jail:
        """A jail for one kernel; `options` replace what it is made with."""
        cache = compiled()
        settings = {
            "limits": self.limits,
            "isolation": self.isolation or available(self.python),
            "secret": self.secret,
            "compiled": cache if cache.is_dir() else None,
            **options,
        }
        return Jail(self.python, **settings)

    def grade(self, submitted: NotebookNode, result: Result) -> NotebookNode:
        """Fill in `result`, and return the executed notebook; `NotGradable` if that cannot be."""
        restored = restore(submitted, self.source)
        ran = run(restored.notebook, self.jail)
        result.notes += [*restored.notes, *ran.notes, *suspicious(submitted, self.source)]
        result.marks = marks(restored.notebook)
        result.seconds, result.worked = ran.seconds, ran.worked
        return restored.notebook


def grade_folder(
    name: str,
    submissions: Path,
    course: Course,
    jobs: int,
    limits: Limits | None = None,
    say: Callable[[str], None] = print,
) -> list[Result]:
    """Grade all that is in a folder or a zip file; one submission never stops the others."""
    source = course.read_source(name)
    grader = Grader(source, limits=limits or Limits(), secret=(*SECRET, course.root, submissions))
    with tempfile.TemporaryDirectory() as unpacked:
        handed = collect.find(collect.unpack(submissions, Path(unpacked)))
        if not handed:
            raise ValueError(f"nothing was handed in: {submissions} is empty")
        say("\n".join(["students' code runs in a jail:", *available(grader.python).lines()]))
        progress = _Progress(len(handed), jobs, sum(by_machine(source).values()), say)
        with ThreadPoolExecutor(jobs) as pool:
            work = [pool.submit(_one, name, one, course, grader) for one in handed]
            results = [progress.after(done.result()) for done in as_completed(work)]
    return sorted(results, key=lambda result: result.student)


def _one(name: str, handed: collect.Handed, course: Course, grader: Grader) -> Result:
    """Grade what one student handed in. Whatever goes wrong is told in the result."""
    who = {key: getattr(handed, key) for key in ("student", "canvas", "moodle", "full_name")}
    result = Result(**who)
    ours = course.submitted(name, handed.student), course.run(name, handed.student)
    try:
        path, result.notes = collect.choose(handed, name)
        others = [file for file in handed.files if file != path]
        keep_beside(others, course.beside(name, handed.student))
        kept = _keep(path, course.handed_in(name, handed.student))
        for earlier in ours:  # after that, because it may be one of them that is to be graded
            earlier.unlink(missing_ok=True)
        executed = grader.grade(collect.read(kept), result)
        write(executed, course.run(name, handed.student))
        write(_without_outputs(executed), course.submitted(name, handed.student))
    except NotGradable as reason:
        result.notes.append(str(reason))
    except Exception as error:  # a mistake of the kit's own must not stop the others either
        result.marks = None
        result.notes.append(f"the grader failed: {type(error).__name__}: {error}")
    return result


def _keep(path: Path, place: Path) -> Path:
    """Copy what was handed in to its place; the place."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if path != place:
        shutil.copy(path, place)
    return place


def keep_beside(others: list[Path], folder: Path) -> None:
    """Copy what was handed in beside the notebook; `2-report.pdf` is the second of that name."""
    given = [file for file in others if file.parent != folder]  # else it was kept before
    for i, file in enumerate(given):
        number = [other.name for other in given[:i]].count(file.name)
        _keep(file, folder / (f"{number + 1}-{file.name}" if number else file.name))


def _without_outputs(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


class _Progress:
    """A line for each submission: how many, who, points, and about how long it will take."""

    def __init__(self, count: int, jobs: int, points: float, say: Callable[[str], None]) -> None:
        self.count, self.jobs, self.points, self.say = count, jobs, points, say
        self.done, self.started = 0, time.monotonic()

    def after(self, result: Result) -> Result:
        """Say what became of one submission."""
        self.done += 1
        each = (time.monotonic() - self.started) / self.done
        left = f"about {each * (self.count - self.done) / 60:.0f} min left"
        what = "NOT GRADED" if result.marks is None else f"{total(result.marks):g}/{self.points:g}"
        flag = "  see the report" if result.notes else ""
        self.say(
            f"[{self.done:{len(str(self.count))}}/{self.count}] {result.student:24} {what:>10} "
            f"{result.seconds:5.0f} s  {left}{flag}"
        )
        return result


def as_dict(result: Result) -> dict:
    """For JSON."""
    return dataclasses.asdict(result)
