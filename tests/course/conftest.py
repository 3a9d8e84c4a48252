"""One course for the tests of grading: a tiny set, handed in by all sorts of students, graded."""

import json
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

import pararnn_edu
from tests.course import students
from tools.course import records, sources
from tools.course.cells import by_machine
from tools.course.folders import Course
from tools.course.grade import Result, grade_folder
from tools.course.grades import write_grades
from tools.course.isolation import Limits
from tools.course.release import release
from tools.course.report import write_report
from tools.locked import locked

HERE = Path(__file__).parent
LIMITS = Limits(
    cell=3, start=300, grace=2, total=300, memory=2**30, folder=2**25, processes=20, output=10**5
)
SLEEP = "86473"  # seconds; a number to know the process by
SETUP = "```{code-cell} ipython3\nimport math\n```\n"


@dataclass
class Graded:
    """The course after `make grade`, `make feedback` and `make grades`."""

    course: Course
    results: dict[str, Result]
    heard: bytes  # on the port that the spy knows

    def text(self, *place: str) -> str:
        """What a file of the course says."""
        return self.course.root.joinpath(*place).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def worker_id(request) -> str:
    """The name of this process under pytest-xdist, also when that is not in use."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id) -> Path:
    """A folder that all processes of this test run have."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def tiny(shared):
    """`sources` reads the tiny set instead of the problem sets."""
    folder = shared / "exercises"
    with locked(shared / "exercises.lock"):
        (folder / "ps1").mkdir(parents=True, exist_ok=True)
        (folder / "ps1" / "ps1.md").write_text((HERE / "tiny.md").read_text())
        header = (HERE / "tiny.md").read_text().split("\n# ")[0]
        (folder / "setup.md").write_text(f"{header}\n{SETUP}")

    def patch(to: pytest.MonkeyPatch) -> None:
        to.setattr(sources, "EXERCISES", folder)
        to.setattr(sources, "SETUP_CELL", folder / "setup.md")

    return patch


@pytest.fixture(scope="session")
def graded(shared, tiny) -> Graded:
    """Graded once, even when several processes run the tests."""
    folder = shared / "course"
    done = folder / "done.json"
    with locked(folder.with_suffix(".lock")):
        if not done.exists():
            with pytest.MonkeyPatch.context() as patch:
                tiny(patch)
                done.write_text(json.dumps(teach(Course(folder))))
    said = json.loads(done.read_text())
    report = json.loads((folder / "reports" / "ps1.json").read_text())
    results = {one["student"]: Result(**one) for one in report}
    return Graded(Course(folder), results, said["heard"].encode())


def teach(course: Course) -> dict:
    """Release, hand in, grade, give feedback, export."""
    course.root.mkdir()
    try:
        release("ps1", course)
    except records.NoPackages as error:
        pytest.skip(f"nbgrader could not be installed, pip reaches no package index: {error}")
    released = nbformat.read(course.released("ps1"), as_version=4)
    handed = course.root.parent / "handed in"
    with listening() as (port, heard):
        students.hand_in(released, handed, places(course, port))
        results = grade_folder("ps1", handed, course, 2, LIMITS, say=lambda line: None)
    points = sum(by_machine(course.read_source("ps1")).values())
    write_report("ps1", results, course, points)
    records.autograde(course, "ps1")
    records.feedback(course, "ps1")
    write_grades("ps1", course)
    return {"heard": b"".join(heard).decode()}


def places(course: Course, port: int) -> dict[str, str]:
    """What the spy knows."""
    return {
        "@COURSE@": str(course.root),
        "@OUTSIDE@": str(course.root.parent / "outside"),
        "@PACKAGE@": str(Path(pararnn_edu.__file__).parent),
        "@USER@": os.environ.get("USER", "root"),
        "@PORT@": str(port),
        "@SLEEP@": SLEEP,
    }


@pytest.fixture
def port():
    """A port on this machine at which someone listens."""
    with listening() as (number, _):
        yield number


class listening:
    """A port on this machine, and what came in there."""

    def __enter__(self) -> tuple[int, list[bytes]]:
        self.heard: list[bytes] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._listen, daemon=True).start()
        return self.server.getsockname()[1], self.heard

    def _listen(self) -> None:
        try:
            while True:
                self.heard.append(self.server.accept()[0].recv(100))
        except OSError:
            return

    def __exit__(self, *_) -> None:
        self.server.close()
