"""Each layer of the jail by itself, and what is left when there is none."""

import json
import subprocess
import sys

import pytest

from tools.course.isolation import TASKS, Cell, Isolation, Limits, available
from tools.course.jail import TOO_MANY
from tools.course.kernel import Kernel

PROBE = """
import json, os, socket
def attempt(what):
    try:
        return str(what())
    except OSError as error:
        return type(error).__name__
print(json.dumps({
    "own": attempt(lambda: open("mine", "w").write("hello")),
    "secret": attempt(lambda: open("@SECRET@/answers").read()),
    "outside": attempt(lambda: open("@OUTSIDE@/left", "w").write("hello")),
    "network": attempt(lambda: socket.create_connection(("127.0.0.1", @PORT@), 2)),
    "processes": sum(name.isdigit() for name in os.listdir("/proc")),
    "large": attempt(lambda: open("large", "wb").write(bytes(10**6))),
    "home": os.environ["HOME"],
}))
"""


def probe(isolation: Isolation, tmp_path, port: int) -> dict:
    """What the probe found in a jail with these layers."""
    for name in ("secret", "outside"):
        (tmp_path / name).mkdir()
    (tmp_path / "secret" / "answers").write_text("42")
    text = PROBE.replace("@SECRET@", str(tmp_path / "secret"))
    text = text.replace("@OUTSIDE@", str(tmp_path / "outside")).replace("@PORT@", str(port))
    secret, limits = (tmp_path / "secret",), Limits(file=10**5)
    cell = Cell(sys.executable, limits=limits, isolation=isolation, secret=secret)
    try:
        command = cell.command(sys.executable, "-c", text)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)
    finally:
        cell.remove()
        assert not cell.folder.exists()


FORKS = """
import os, signal
children = []
try:
    while len(children) < 3000:
        child = os.fork()
        if not child:
            signal.pause()
        children.append(child)
except OSError:
    pass
print(len(children))
"""


def needs(layer: str):
    """Skip, loudly, where the machine does not have a layer."""
    missing = not getattr(available(sys.executable), layer)
    return pytest.mark.skipif(
        missing, reason=f"this machine lacks {layer}, see exercises/README.md"
    )


@needs("namespaces")
def test_namespaces_alone(tmp_path, port):
    found = probe(Isolation(namespaces=True, landlock=False), tmp_path, port)
    assert found["own"] == "5"
    assert found["secret"] == "FileNotFoundError"  # its folder is an empty one now
    assert found["outside"] in ("OSError", "FileNotFoundError")
    assert "Error" in found["network"] and found["processes"] <= 3


@needs("namespaces")
def test_tasks_are_few_for_root_too():
    """Here the watcher lets everything pass; what is left when it comes late is tested."""
    cell = Cell(sys.executable, limits=Limits(processes=10**6), isolation=available(sys.executable))
    try:
        done = subprocess.run(
            cell.command(sys.executable, "-I", "-S", "-c", FORKS),
            capture_output=True,
            text=True,
            check=True,
        )
        assert 20 < int(done.stdout) <= TASKS + 300
    finally:
        cell.remove()


def test_more_processes_than_allowed_end_everything():
    cell = Cell(sys.executable, limits=Limits(processes=10), isolation=available(sys.executable))
    try:
        command = cell.command(sys.executable, "-I", "-S", "-c", FORKS)
        assert subprocess.run(command, capture_output=True, check=False).returncode == TOO_MANY
    finally:
        cell.remove()


@needs("landlock")
def test_landlock_alone(tmp_path, port):
    found = probe(Isolation(namespaces=False, landlock=True), tmp_path, port)
    assert found["own"] == "5"
    assert found["secret"] == found["outside"] == "PermissionError"


def test_limits_hold_without_any_layer(tmp_path, port):
    found = probe(Isolation(namespaces=False, landlock=False), tmp_path, port)
    assert found["own"] == "5" and found["large"] == "OSError"
    assert found["home"].startswith("/tmp/ps-")


def test_what_is_not_in_force_is_said():
    lines = Isolation(namespaces=False, landlock=True).lines()
    assert "NO   no network" in lines and "yes  no other file of yours can be read" in lines


def test_a_layer_that_fails_stops_the_command(tmp_path):
    cell = Cell(sys.executable, isolation=Isolation(namespaces=True, landlock=True))
    try:
        spec = json.loads(cell.command("/bin/true")[-1])
        spec["folder"] = str(tmp_path / "nowhere")
        command = [*cell.command("/bin/true")[:-1], json.dumps(spec)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 125 and done.stderr.startswith("jail: ")
    finally:
        cell.remove()


def test_a_flood_of_output_is_stopped_and_the_kernel_goes_on():
    """Long before any limit on time: 1000 lines are allowed 100 seconds, and take none."""
    jail = Cell(sys.executable, limits=Limits(output=10_000))
    try:
        with Kernel(jail) as kernel:
            flood = kernel.run("for _ in range(1000): print('spam ' * 10, flush=True)", 100)
            assert flood.failed and flood.cut == "printed more than 10000 characters"
            after = kernel.run("print(6 * 7)", 100)
            assert not after.failed and after.outputs[0].text == "42\n"
    finally:
        jail.remove()
