"""A Jupyter kernel in a jail, watched while it runs: too long, too large, too much, or gone."""

import queue
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field

import psutil
import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg

from .isolation import Cell as Jail
from .watch import Stopped, descendants, look

PATIENCE = 2.0  # seconds between the answer to a cell and the news that it is idle, or back
LARGEST_MESSAGE = 2**26  # bytes; at a larger one the socket closes
WATCH = 0.5  # seconds between two looks at the processes


@dataclass
class Done:
    """What became of a cell: its outputs, and why it was cut short if it was."""

    outputs: list[NotebookNode] = field(default_factory=list)
    cut: str = ""

    @property
    def failed(self) -> bool:
        """Whether there was an error."""
        return bool(self.cut) or any(o.output_type == "error" for o in self.outputs)


class Kernel:
    """`with Kernel(jail) as kernel: kernel.run(code, seconds)`."""

    def __init__(self, jail: Jail) -> None:
        self.jail = jail
        self.worked = 0.0  # seconds of the processor, all processes together

    def __enter__(self) -> "Kernel":
        file = str(self.jail.sockets / "c.json")
        # Sockets are files here: they work without a network, and only we may open them.
        write_connection_file(file, transport="ipc", ip=str(self.jail.sockets / "k"))
        quiet = ("--IPKernelApp.log_level=50", "--HistoryManager.enabled=False")
        command = (self.jail.python, "-m", "ipykernel_launcher", *quiet, "-f", file)
        self.process = subprocess.Popen(
            self.jail.command(*command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.context = zmq.Context()
        self.context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        self.context.setsockopt(zmq.LINGER, 0)
        self.client = BlockingKernelClient(context=self.context)
        self.client.load_connection_file(file)
        self.client.start_channels(stdin=False, hb=False)
        try:
            self._wait_until_ready(self.jail.limits.start)
        except BaseException:
            self.__exit__()  # `with` does not call it when this fails
            raise
        return self

    def __exit__(self, *_) -> None:
        with suppress(Stopped):
            self.worked = look(self.process, self.jail)
        self._kill()
        self.client.stop_channels()
        self.context.destroy(linger=0)
        self.process.stderr.close()

    def run(self, code: str, seconds: float, silent: bool = False) -> Done:
        """Run a cell; `Stopped` if the kernel did not survive it.

        It gets `seconds` of the processor, so that a busy machine costs no one their points, and a
        few times as many by the clock, for cells that wait.
        """
        cell = _Running(self, self.client.execute(code, silent=silent, store_history=not silent))
        started = looked = time.monotonic()
        worked_before = None
        while not cell.over():
            cell.take()
            now = time.monotonic()
            if now - looked > WATCH:
                looked, self.worked = now, look(self.process, self.jail)
                worked_before = self.worked if worked_before is None else worked_before
                if self.worked - worked_before > seconds:
                    cell.stop(f"stopped after {seconds:.0f} s of work")
            if now - started > seconds * self.jail.limits.waiting:
                cell.stop(f"stopped after {now - started:.0f} s by the clock")
        if not cell.idle:  # its output was too large for the socket, which is closed now
            self._listen_again()
            cell.done.cut = cell.done.cut or "printed more than can be read"
        return cell.done

    def _listen_again(self) -> None:
        self.client.iopub_channel.stop()
        self.client._iopub_channel = None  # made anew when it is asked for
        self.client.iopub_channel.start()
        self._wait_until_ready(self.jail.limits.cell)

    def _kill(self) -> None:
        found = descendants(self.process)
        self.process.kill()  # in a namespace of their own all others end with it
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    def _wait_until_ready(self, seconds: float) -> None:
        """Until it answers and we hear what it prints; the first messages may reach no one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            self.client.kernel_info()
            with suppress(queue.Empty):
                self.client.get_shell_msg(timeout=1)
                self.client.get_iopub_msg(timeout=1)
                return
        self.process.kill()
        said = self.process.stderr.read().decode(errors="replace")[-500:]
        raise Stopped(f"the kernel gives no answer: {said.strip() or 'it said nothing'}")


class _Running:
    """One cell that runs: what it prints is taken as it comes."""

    def __init__(self, kernel: Kernel, message: str) -> None:
        self.kernel, self.message, self.done = kernel, message, Done()
        self.became_idle = self.replied = self.stopped_at = 0.0  # when, or not yet
        self.size = 0

    @property
    def idle(self) -> bool:
        """Whether the kernel has said that the cell is over."""
        return bool(self.became_idle)

    def over(self) -> bool:
        """Whether it has answered and is idle, or answered and its outputs are lost."""
        now = time.monotonic()
        if self.idle and not self.replied and now - self.became_idle > PATIENCE:
            raise Stopped("the kernel gave no answer that can be read")
        return bool(self.replied) and (self.idle or now - self.replied > PATIENCE)

    def take(self) -> None:
        """Take one message of each kind, or wait a moment for it."""
        client = self.kernel.client
        with suppress(queue.Empty):
            self._output(client.get_iopub_msg(timeout=0.01 if self.idle else 0.1))
        with suppress(queue.Empty):
            reply = client.get_shell_msg(timeout=0)
            if reply["parent_header"].get("msg_id") == self.message:
                self.replied = self.replied or time.monotonic()
                self._reply(reply["content"])

    def stop(self, reason: str) -> None:
        """Interrupt the cell; `Stopped` if it does not listen."""
        if not self.stopped_at:
            self.stopped_at = time.monotonic()
            self.done.cut = reason
            client = self.kernel.client
            client.control_channel.send(client.session.msg("interrupt_request", {}))
        elif time.monotonic() - self.stopped_at > self.kernel.jail.limits.grace:
            raise Stopped(reason)

    def _output(self, message: dict) -> None:
        if message["parent_header"].get("msg_id") != self.message:
            return  # of an earlier cell, which has ended
        kind, content = message["msg_type"], message["content"]
        if kind == "status":
            self.became_idle = time.monotonic() if content["execution_state"] == "idle" else 0.0
        elif kind in ("stream", "display_data", "execute_result", "error"):
            self._keep(output_from_msg(message))

    def _keep(self, output: NotebookNode) -> None:
        limit = self.kernel.jail.limits.output
        self.size += len(str(output))
        if self.size > limit and output.output_type != "error":
            self.stop(f"printed more than {limit} characters")
            return
        last = self.done.outputs[-1] if self.done.outputs else None
        if last and last.output_type == output.output_type == "stream" and last.name == output.name:
            last.text += output.text
        else:
            self.done.outputs.append(output)

    def _reply(self, content: dict) -> None:
        """An error that is told in the reply alone, such as a student's own traceback printer."""
        if content["status"] != "ok" and not self.done.failed:
            self.done.outputs.append(
                error(content.get("ename", content["status"]), content.get("evalue", ""))
            )


def error(name: str, message: str) -> NotebookNode:
    """An error output that is ours."""
    return NotebookNode(
        output_type="error", ename=name, evalue=message, traceback=[f"{name}: {message}"]
    )
