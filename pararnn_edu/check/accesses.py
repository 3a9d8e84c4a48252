"""What a Pallas kernel does to memory: every load and store of every program, written down.

    from pararnn_edu.check import accesses

    seen = accesses.watch(kernel, out, grid, a, b)
    seen.results                # what the kernel wrote; NaN where it wrote nothing
    seen.log                    # every load and store, one after the other
    seen.times("a", "read")     # how often each place of `a` was read
    print(seen)
    seen.picture("a", "h")

Pallas's interpreter is kind: it moves an index that lies outside an array back inside, and it runs
the programs one after the other, the first one first, so that one can read what another wrote. A
GPU is not. Here an address outside is an error, and the programs run in the order that you ask for.
Each runs to its end before the next one starts, with stand-ins for references (`memory.py`), one
operation at a time. That is slow: keep arrays small.
"""

import contextlib
import inspect
import itertools
from collections.abc import Callable, Sequence
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from .memory import DONE, Access, Memory, Running, load, store


class Seen:
    """What `watch` saw. `programs` are the places in the grid, in the order in which they ran."""

    def __init__(self, memories: dict[str, Memory], programs: list, log: list[Access], results):
        self._memories, self.programs, self.log, self.results = memories, programs, log, results

    def shape(self, array: str) -> tuple[int, ...]:
        """The shape of the kernel's argument of that name."""
        return self._memories[array].shape

    def times(self, array: str, kind: str) -> np.ndarray:
        """How often each place was read (or written): whole numbers in the shape of the array."""
        counts = np.zeros(self._memories[array].values.size, int)
        for access in self.log:
            if (access.array, access.kind) == (array, kind):
                np.add.at(counts, access.places, 1)
        return counts.reshape(self.shape(array))

    @property
    def touched(self) -> list[tuple[str, str]]:
        """(array, "read" or "write") for all that happened, in the order of the arguments."""
        happened = {(access.array, access.kind) for access in self.log if access.places.size}
        return [pair for pair in itertools.product(self._memories, DONE) if pair in happened]

    @property
    def bytes(self) -> int:
        """Bytes loaded and stored, each as often as it was."""
        return sum(
            each.places.size * self._memories[each.array].dtype.itemsize for each in self.log
        )

    def __str__(self) -> str:
        lines = [f"{len(self.programs)} programs, {self.bytes:,} bytes loaded and stored"]
        for array, kind in self.touched:
            times = self.times(array, kind)
            used = times[times > 0]
            places = f"{used.size} of {times.size} places"
            lines.append(f"{array}: {DONE[kind]} {places}, {_often(used)}")
        return "\n".join(lines)

    def picture(self, *arrays: str, title: str | None = None):
        """The arrays (default: all) as grids of places, coloured by the program that was there."""
        from .memory_picture import draw  # brings matplotlib

        return draw(self, arrays, title)


def watch(
    kernel: Callable, out, grid: tuple[int, ...], *arrays, order: str | Sequence[int] = "forwards"
) -> Seen:
    """Run `kernel` as `pl.pallas_call(kernel, out, grid=grid)(*arrays)` would, and watch it.

    - `kernel`: a function of references, first those of `arrays`, then those of the results. It may
      use `pl.program_id`, `pl.num_programs`, `pl.ds`, `triton.load` and `triton.store`, by these
      names, and all of `jax.lax` and `jax.numpy`.
    - `out`: a `jax.ShapeDtypeStruct` or a tuple of them. Results are NaN until they are written,
      whole numbers -1.
    - `order`: `"forwards"`, `"backwards"`, or the numbers of the programs in the order in which
      they run, counted along the last axis of the grid first.

    **Raises** `CheckFailed` for an address outside an array, naming the program, and for a value of
    another shape or dtype than the place where it is to be stored; `ValueError` for an order that
    does not hold every program once.
    """
    running, log = Running(), []
    values = [np.array(x) for x in arrays] + [_unwritten(x) for x in jax.tree.leaves(out)]
    names = _names(kernel, len(values))
    memories = {n: Memory(n, v, running, log) for n, v in zip(names, values, strict=True)}
    programs = _ordered(list(itertools.product(*map(range, grid))), order)
    with _instead_of_pallas(running, grid), jax.disable_jit():
        for program in programs:
            running.program = program
            kernel(*memories.values())
    written = [jnp.asarray(each.values) for each in [*memories.values()][len(arrays) :]]
    results = jax.tree.unflatten(jax.tree.structure(out), written)
    return Seen(memories, programs, log, results)


def _often(times: np.ndarray) -> str:
    least, most = times.min(), times.max()
    if least < most:
        return f"{least} to {most} times"
    return "once" if most == 1 else f"{most} times"


def _unwritten(x: jax.ShapeDtypeStruct) -> np.ndarray:
    return np.full(x.shape, np.nan if jnp.issubdtype(x.dtype, jnp.inexact) else -1, x.dtype)


def _names(kernel: Callable, count: int) -> list[str]:
    """The names of the kernel's references, for the first `count` of its arguments."""
    parameters = inspect.signature(kernel).parameters.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if any(p.kind == p.VAR_POSITIONAL for p in parameters):
        names += [f"array {i}" for i in range(len(names), count)]
    if len(names) != count:
        raise ValueError(
            f"the kernel takes {len(names)} references ({', '.join(names)}), but there are {count} "
            "arrays and results"
        )
    return names


def _ordered(programs: list, order: str | Sequence[int]) -> list:
    if isinstance(order, str):
        if order not in ("forwards", "backwards"):
            raise ValueError(f"order must be 'forwards', 'backwards' or numbers, got {order!r}")
        return programs if order == "forwards" else programs[::-1]
    if sorted(order) != list(range(len(programs))):
        raise ValueError(
            f"order must hold each of the {len(programs)} programs once, got {list(order)}"
        )
    return [programs[number] for number in order]


@contextlib.contextmanager
def _instead_of_pallas(running: Running, grid: tuple[int, ...]):
    """Pallas's functions that know which program runs, and those that load and store by masks."""
    from jax.experimental import pallas
    from jax.experimental.pallas import triton

    here = {
        "program_id": lambda axis: jnp.int32(running.program[axis]),
        "num_programs": lambda axis: jnp.int32(grid[axis]),
    }
    with mock.patch.multiple(pallas, **here), mock.patch.multiple(triton, load=load, store=store):
        yield
