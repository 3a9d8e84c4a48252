"""What students hand in to the tiny set: right, wrong, odd and hostile notebooks."""

import copy
import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools.course.cells import kind, name

RIGHT = {
    "half": "def half(x):\n    return x / 2",
    "times": "def times(x):\n    return 2 * x",
    "why": "Because I think so.",
}
BELIEF = "def half(x):\n    return x // 2"  # right for even numbers

# Answers to the first problem that do harm; the second problem is right, and keeps its points.
HOSTILE = {
    "endless": "while True:\n    pass",
    "stubborn": """import time
while True:
    try:
        time.sleep(9)
    except BaseException:
        pass""",
    "forks": "import os\nwhile True:\n    os.fork()",
    "prints": "while True:\n    print('spam ' * 1000)",
    "one-huge-line": "print('x' * 10**8)",
    "crashes": "import os\nos.abort()",
    "exits": "import os\nos._exit(0)",
    "quits": "exit()",
    "hoards": "hoard = []\nwhile True:\n    hoard.append(b'x' * 10**7)",
    "fills-the-disk": "for i in range(10**6):\n    open(f'{i}', 'wb').write(b'x' * 10**7)",
}

# Looks for the tests and for a way out; says what it found in an answer that is otherwise right.
SPY = """
import glob, os, socket, subprocess, threading
found = []
def attempt(what):
    try:
        found.append(f"{what()}")
    except BaseException as error:
        found.append(type(error).__name__)
attempt(lambda: open("@COURSE@/source/ps1/ps1.ipynb").read())
attempt(lambda: os.listdir("@COURSE@"))
attempt(lambda: open("@OUTSIDE@", "w").write("I was here"))
attempt(lambda: open("@PACKAGE@/spy.py", "w").write("x = 1"))
attempt(lambda: os.listdir(os.path.expanduser("~@USER@")))
attempt(lambda: socket.create_connection(("127.0.0.1", @PORT@), 2).sendall(b"I got out"))
attempt(lambda: os.kill(os.getppid(), 9))
attempt(lambda: [open(p).read() for p in glob.glob("/proc/[0-9]*/environ")])
attempt(lambda: subprocess.Popen(["sleep", "@SLEEP@"], start_new_session=True))
attempt(lambda: sorted(os.environ))

def half(x):
    import gc
    print("seen in", [text for text in In if "secret" + "_number" in text])
    raise RuntimeError("sto" + "len: " + repr(In[-1]))
def times(x):
    return 2 * x
"""
# Runs in the browser of whoever opens the page, and that is someone who may give marks.
SCRIPT = "<script>alert('mine')</script>"
SCRIPTS = {
    "half": f"import IPython.display as i\ni.display(i.HTML({SCRIPT!r}))\n{RIGHT['half']}",
    "why": f"{SCRIPT} $\\href{{javascript:alert('mine')}}{{x}}$ <img src=x onerror=alert('mine')>",
}
SPY_LATER = "print(found, [text for text in In if 'HIDDEN' in text])\n" + RIGHT["times"]


def filled(released: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    """The released notebook with these answers."""
    notebook = copy.deepcopy(released)
    for cell in notebook.cells:
        cell.source = answers.get(name(cell), cell.source)
    return notebook


def tampered(notebook: NotebookNode) -> NotebookNode:
    """A public test edited, and the hidden cell deleted, around a wrong answer."""
    notebook.cells = [cell for cell in notebook.cells if name(cell) != "half-hidden"]
    for cell in notebook.cells:
        if name(cell) == "half-shown":
            cell.source = "assert True"
        if name(cell) == "half":
            cell.source = "def half(x):\n    return 7"
    return notebook


def saved_by_colab(notebook: NotebookNode) -> NotebookNode:
    """As Colab writes it: an older format, ids in the metadata, an accelerator, outputs."""
    notebook.nbformat_minor = 0
    notebook.metadata |= {
        "accelerator": "GPU",
        "colab": {"provenance": [], "gpuType": "T4"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata |= {"id": cell.pop("id"), "colab": {"base_uri": "https://localhost:8080/"}}
        if cell.cell_type == "code":
            cell.metadata["executionInfo"] = {"status": "ok", "elapsed": 5, "user": {}}
            cell.metadata["outputId"] = "abc"
            cell.source += "\n"
    return notebook


def without_metadata(notebook: NotebookNode) -> NotebookNode:
    """All that nbgrader needs is gone, as after a conversion to a script and back."""
    notebook.metadata = {}
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def beyond_recognition(notebook: NotebookNode) -> NotebookNode:
    """The answers alone, in one cell of a new notebook."""
    answers = [cell.source for cell in notebook.cells if kind(cell) == "solution"]
    notebook = without_metadata(notebook)
    notebook.cells = [new_code_cell("\n\n".join(answers))]
    return notebook


def of_another_release(notebook: NotebookNode) -> NotebookNode:
    """Last year's."""
    notebook.metadata["course"]["release"] = "000000000000"
    return notebook


def helped(notebook: NotebookNode) -> NotebookNode:
    """The answers stand in cells of the student's own; those for answers were deleted."""
    cells = []
    for cell in notebook.cells:
        cells.append(new_code_cell(cell.source) if kind(cell) == "solution" else cell)
    notebook.cells = cells
    return notebook


def save(notebook: NotebookNode, path: Path) -> None:
    """Write it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


def hand_in(released: NotebookNode, folder: Path, places: dict[str, str]) -> None:
    """All of them, in the forms in which Canvas, Moodle, nbgrader and people deliver them."""
    full = lambda: filled(released, RIGHT)
    spy = SPY
    for place, value in places.items():
        spy = spy.replace(place, value)
    notebooks = {
        "lovelaceada_1001_555_ps1.ipynb": full(),
        "hopper_LATE_1002_556_ps1-2.ipynb": filled(released, {**RIGHT, "half": BELIEF}),
        "Emmy Noether_77_assignsubmission_file/ps1.ipynb": full(),
        "untouched/ps1/ps1.ipynb": copy.deepcopy(released),
        "tampering.ipynb": tampered(full()),
        "colab/Copy of ps1.ipynb": saved_by_colab(full()),
        "lost.ipynb": without_metadata(full()),
        "beyond.ipynb": beyond_recognition(full()),
        "last-year.ipynb": of_another_release(full()),
        "own-cells.ipynb": helped(full()),
        "spy.ipynb": filled(released, {**RIGHT, "half": spy, "times": SPY_LATER}),
        "scripts.ipynb": filled(released, {**RIGHT, **SCRIPTS}),
        "twice/ps1.ipynb": full(),
        "twice/scratch.ipynb": beyond_recognition(full()),
        **{f"{who}.ipynb": filled(released, {**RIGHT, "half": do}) for who, do in HOSTILE.items()},
    }
    for place, notebook in notebooks.items():
        save(notebook, folder / place)
    (folder / "page.ipynb").write_text("<!DOCTYPE html><title>Colab</title>")
    (folder / "empty.ipynb").write_text("")
    (folder / "broken.ipynb").write_text(json.dumps(released)[:500])
    (folder / "script").mkdir()
    (folder / "script" / "ps1.py").write_text("print('my answers')")
