"""`report`: what a function asks of a GPU, read from the compiled program."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from . import aot, kernels, packages, ptx, show
from .cards import Card, card
from .count import Loop, launches, runs
from .hlo import computations
from .model import LAUNCH_SECONDS, modelled_seconds
from .traffic import Traffic


@dataclass(frozen=True)
class Kernel:
    """One kernel of a program, or its copies, or its calls of one library function."""

    name: str
    kind: str
    """"kernel", "copy" or "library call"; only of kernels more is known than launches, bytes."""
    launches: int | None
    """Launches in one run of the program; None if the program does not fix them."""
    bytes: int | None
    """Bytes that all these launches read and write; see `traffic.py` for the rules."""
    registers: int | None = None
    """Registers that a thread holds. An SM has 65,536 for up to 2,048 threads (a T4 1,024)."""
    spill_bytes: int | None = None
    """Bytes that a thread moves to memory and back for want of registers."""
    shared_bytes: int | None = None
    """Shared memory of a block."""
    blocks: int | None = None
    threads: int | None = None
    """Threads in a block."""
    load_widths: dict[int, int] = field(default_factory=dict)
    """Loads from global memory: width in bits -> how many instructions; 128 is the widest."""
    store_widths: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What a program asks of a GPU. Prints as text, shows as a table, draws with `plot()`."""

    function: str
    card: Card
    launches: int | None
    """Kernels, copies and library calls of one run, loops multiplied out; None if `unknown`."""
    bytes: int | None
    """Bytes that all launches read and write."""
    least_bytes: int
    """Bytes of arguments and results: no program for the task moves fewer."""
    kernels: tuple[Kernel, ...]
    """The most launched first."""
    loops: tuple[Loop, ...]
    unknown: tuple[str, ...]
    """Why `launches` is None, a sentence per cause; empty if it is known."""
    launch_seconds: float
    hlo: str = field(repr=False)
    """The compiled program, as XLA prints it."""
    texts: dict[str, str] = field(repr=False)

    @property
    def target(self) -> str:
        """The name of the card that the program was compiled for, such as `"A100"`."""
        return self.card.target

    @property
    def modelled_seconds(self) -> float | None:
        """A model of the time, no measurement: `launches` x `launch_seconds` + `bytes` /
        bandwidth. See `model.py` for what it leaves out and how far off it was."""
        if self.launches is None:
            return None
        return modelled_seconds(self.launches, self.bytes, self.card.bandwidth, self.launch_seconds)

    def ptx(self, name: str) -> str:
        """The PTX of the kernel of that name, NVIDIA's assembly language."""
        if name not in self.texts:
            raise ValueError(f"no PTX of a kernel {name!r}; there are {sorted(self.texts)}")
        return self.texts[name]

    def as_dict(self) -> dict:
        """All numbers, for JSON; without the program's texts."""
        whole = {"function": self.function, "target": self.target, "card": self.card.name}
        for name in ("launches", "bytes", "least_bytes", "modelled_seconds", "launch_seconds"):
            whole[name] = getattr(self, name)
        return whole | {"kernels": [asdict(each) for each in self.kernels]}

    def plot(self, title: str | None = None):
        """A picture of launches, bytes and registers, a row per kernel."""
        from ..figures.gpu import report

        return report(self, title=title)

    def __str__(self) -> str:
        return show.text(self)

    def _repr_html_(self) -> str:
        return show.html(self)


def report(
    fn: Callable,
    *args,
    target: str = "A100",
    trips: int | None = None,
    launch_seconds: float = LAUNCH_SECONDS,
) -> Report:
    """Compiles `fn(*args)` for a GPU that need not be there, and says what the program asks of it.

    - `fn`: any function of arrays that JAX can compile, also one that holds arrays itself.
    - `args`: arrays, trees of arrays, or `jax.ShapeDtypeStruct`s in their place.
    - `target`: `"A100"`, `"H100"`, `"L4"` or `"T4"`.
    - `trips`: what to assume for a loop whose length is not in the program, such as that of a
      solver that stops at a tolerance. Without it the launches of such a program are None.
    - `launch_seconds`: what the modelled time takes for a launch.

        rep = pr.gpu.report(jnp.cumsum, jax.ShapeDtypeStruct((1_000_000,), "float32"))
        print(rep)
        rep.launches, rep.bytes, [(k.name, k.registers, k.spill_bytes) for k in rep.kernels]

    Nothing runs on a GPU, and no time is measured. Pallas kernels need compute capability 8.0, so
    not the T4. Counted as `launches` does, whose docstring says what a launch is.

    **Raises** `MissingPlugin` with the command that fetches the compiler (about 220 MB) if it is
    not there, `CompileError` if the program does not compile for the target, `ValueError` for
    an unknown target, no arrays, or a program that calls back into Python.
    """
    with aot.compiled(fn, *args, target=target) as folder:
        files = aot.read(folder)
        found = kernels.read(folder, files, packages.find().assembler)
    count = launches(files["hlo"], trips)
    program = computations(files["hlo"])
    traffic = Traffic(program)
    rows = _rows(runs(program, trips), traffic, found)
    rows = _with_answers(rows, count.total)
    total = None if count.total is None else sum(each.bytes for each in rows)
    return Report(
        function=getattr(fn, "__name__", type(fn).__name__),
        card=card(target),
        launches=count.total,
        bytes=total,
        least_bytes=traffic.least(),
        kernels=tuple(rows),
        loops=count.loops,
        unknown=count.unknown,
        launch_seconds=launch_seconds,
        hlo=files["hlo"],
        texts=found.texts,
    )


def _rows(launched, traffic: Traffic, found: kernels.Compiled) -> list[Kernel]:
    """One row per kernel, the most launched first."""
    times, moved = defaultdict(list), defaultdict(list)
    for computation, each, number in launched:
        key = found.of(each)
        times[key].append(number)
        each_bytes = traffic.bytes(computation, each)
        moved[key].append(None if number is None else number * each_bytes)
    rows = [_row(*key, _sum(times[key]), _sum(moved[key]), found) for key in times]
    return sorted(rows, key=lambda row: (-(row.launches or 0), -(row.bytes or 0)))


def _row(kind: str, name: str, times, moved, found: kernels.Compiled) -> Kernel:
    row = {"name": name, "kind": kind, "launches": times, "bytes": moved}
    if kind == "kernel" and name in found.assembled:
        row |= found.assembled[name]._asdict()
    if kind == "kernel" and name in found.grids:
        row |= found.grids[name]._asdict()
    if kind == "kernel" and name in found.texts:
        row["load_widths"], row["store_widths"] = ptx.widths(found.texts[name])
    return Kernel(**row)


def _with_answers(rows: list[Kernel], total: int | None) -> list[Kernel]:
    """Adds the copies by which the CPU learns how a test came out; they are in no instruction."""
    counted = _sum([each.launches for each in rows])
    if total is None or total == counted:
        return rows
    return [*rows, Kernel("answers of tests", "copy", total - counted, total - counted)]


def _sum(numbers: list[int | None]) -> int | None:
    return None if None in numbers else round(sum(numbers))
