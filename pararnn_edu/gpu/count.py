"""What a compiled program asks a GPU to do, counted without running it.

In a program that XLA compiled for a GPU nearly every instruction outside a fusion is one launch:
one kernel, or one copy, that the CPU puts on the GPU's queue. A loop over time stays a `while`
instruction, and XLA writes beside it how often its body runs, if it could find out.
"""

from collections.abc import Iterator
from typing import NamedTuple

from .hlo import ENTRY, Instruction, computations

# These name or rearrange buffers and put nothing on the GPU's queue.
FREE = frozenset(
    "parameter constant tuple get-tuple-element bitcast after-all add-dependency opt-barrier "
    "domain partition-id replica-id".split()
)
# copy-start, fusion-start and the like are counted; these only wait for what they began.
WAITS = ("-done", "-update")
_CALLS = ("call", "call-start", "async-start")


class Loop(NamedTuple):
    """One `while` instruction of a compiled program."""

    trips: int | None
    """How often its body runs; None if the program does not say and nothing was assumed."""
    launches: int | None
    """Launches per trip, those of inner loops included; None if that cannot be known."""
    inner: tuple["Loop", ...] = ()
    """The loops inside its body."""
    known: bool = True
    """Whether `trips` stands in the program; if not, it is None or what the caller assumed."""


class Launches(NamedTuple):
    """The launches of one run of a program: `total = outside + sum(trips * launches)`."""

    total: int | None
    """All launches; None if a loop or a branch makes the number unknown."""
    loops: tuple[Loop, ...]
    """The outermost loops, in the order of the program."""
    outside: int | None
    """Launches outside all loops, and the last test of every loop of unknown length."""
    unknown: tuple[str, ...] = ()
    """Why `total` is None, a sentence per cause; empty if it is known."""


def launches(text: str, trips: int | None = None) -> Launches:
    """Counts the launches that one run of a compiled program makes.

    - `text`: optimised HLO, from `jax.jit(f).lower(*args).compile().as_text()` or `compile_for`.
    - `trips`: what to assume for a loop whose trip count is not in the program, such as that of
      a solver that stops at a tolerance. Without it the total of such a program is None.

    Each fusion, library call, copy and sort counts as one launch. One library call or sort may
    launch several kernels, so the number is a lower bound. XLA may hand several launches to the
    driver at once, as a CUDA graph; kernels that must wait for each other still do.

    A loop of unknown length tests its condition on the GPU before every trip and copies the
    answer to the CPU; both are counted. A branch counts if all its sides have equally many
    launches, and is unknown otherwise.

    In a program compiled for a CPU, loops and trip counts mean the same, and launches are the
    instructions that run: a CPU has nothing to launch.

    **Raises** `TypeError` or `ValueError` for a text that is no compiled program.
    """
    if trips is not None and (isinstance(trips, bool) or not isinstance(trips, int) or trips < 0):
        raise ValueError(f"trips must be None or a whole number >= 0, got {trips!r}")
    counter = _Counter(computations(text), trips)
    count = counter.count(ENTRY)
    return Launches(count.total, count.loops, count.outside, tuple(counter.unknown))


def runs(
    found: dict[str, list[Instruction]], trips: int | None = None
) -> Iterator[tuple[str, Instruction, int | None]]:
    """Every instruction that launches, with its computation and how often one run launches it.

    Takes the computations of a program; `trips` as for `launches`, whose total is the sum of the
    numbers here and of the copies that bring a test's answer to the CPU. A number is None where it
    depends on data. Of a branch whose sides launch equally often, the first stands for all.
    """
    return _runs(_Counter(found, trips), ENTRY, 1)


def _runs(counter: "_Counter", computation: str, times: int | None):
    for each in counter.found[computation]:
        if each.opcode == "while":
            known = each.trips is not None
            number = each.trips if known else counter.assumed
            yield from _runs(counter, *each.called["body"], _product(number, times))
            if not known:
                tests = None if number is None else number + 1
                yield from _runs(counter, *each.called["condition"], _product(tests, times))
        elif each.opcode == "conditional":
            sides = _called(each)
            equal = counter.instruction(each).outside is not None
            for side in sides[:1] if equal else sides:
                yield from _runs(counter, side, times if equal else None)
        elif each.opcode in _CALLS:
            for name in _called(each):
                yield from _runs(counter, name, times)
        elif counter.instruction(each).outside:
            yield computation, each, times


def loops(text: str) -> list[Loop]:
    """Every `while` loop of a compiled program, a loop before those inside it.

    `lax.scan` over T >= 2 steps is one loop of T trips, on a CPU as on a GPU. For a single step
    XLA drops the loop, and the list is empty.
    """

    def with_inner(loop: Loop) -> list[Loop]:
        return [loop, *(deep for inner in loop.inner for deep in with_inner(inner))]

    return [each for loop in launches(text).loops for each in with_inner(loop)]


class _Count(NamedTuple):
    """What one computation launches, outside its loops and in them."""

    outside: int | None
    loops: tuple[Loop, ...] = ()

    @property
    def total(self) -> int | None:
        return _sum([self.outside, *(_product(loop.trips, loop.launches) for loop in self.loops)])


class _Counter:
    """Counts a computation by counting each of its instructions."""

    def __init__(self, found: dict[str, list[Instruction]], assumed: int | None):
        self.found, self.assumed = found, assumed
        self.unknown: list[str] = []

    def count(self, computation: str) -> _Count:
        return _together([self.instruction(each) for each in self.found[computation]])

    def instruction(self, each: Instruction) -> _Count:
        if each.opcode in FREE or each.opcode.endswith(WAITS):
            return _Count(0)
        if each.opcode == "while":
            return self.loop(each)
        if each.opcode == "conditional":
            return self.branch(each)
        if each.opcode in _CALLS:
            return _together([self.count(name) for name in _called(each)])
        return _Count(1)

    def loop(self, each: Instruction) -> _Count:
        """XLA runs the body `trips` times without a test, or tests the condition every time."""
        body = self.count(*each.called["body"])
        if each.trips is not None:
            return _Count(0, (Loop(each.trips, body.total, body.loops),))
        if self.assumed is None:
            self.say(f"how often the loop {each.name} runs is not in the program")
        test = _sum([self.count(*each.called["condition"]).total, 1])  # 1: the answer's copy
        loop = Loop(self.assumed, _sum([test, body.total]), body.loops, known=False)
        return _Count(test, (loop,))

    def branch(self, each: Instruction) -> _Count:
        sides = [self.count(name) for name in _called(each)]
        totals = [side.total for side in sides]
        if len(set(totals)) == 1 and totals[0] is not None:
            # Whichever side is taken; 1: the copy to the CPU that tells which.
            return _Count(sides[0].outside + 1, sides[0].loops)
        said = " or ".join("an unknown number" if n is None else str(n) for n in totals)
        self.say(f"the branch {each.name} makes {said} launches, depending on data")
        return _Count(None, tuple(loop for side in sides for loop in side.loops))

    def say(self, reason: str) -> None:
        if reason not in self.unknown:
            self.unknown.append(reason)


def _called(each: Instruction) -> list[str]:
    return [name for names in each.called.values() for name in names]


def _together(counts: list[_Count]) -> _Count:
    loops = tuple(loop for count in counts for loop in count.loops)
    return _Count(_sum([count.outside for count in counts]), loops)


def _sum(numbers: list[int | None]) -> int | None:
    return None if None in numbers else sum(numbers)


def _product(trips: int | None, each: int | None) -> int | None:
    if trips == 0:
        return 0
    return None if trips is None or each is None else trips * each
