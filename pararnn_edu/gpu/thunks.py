"""XLA's own list of what it will run on a GPU: a second, independent count.

While it compiles, XLA writes the operations ("thunks") that the CPU works through at run time,
once as they are and once after it has bundled runs of them into CUDA graphs ("command buffers").
The first list must agree with what is counted from the HLO text; the second says how often the CPU
really calls the driver. The format is that of jax 0.10 to 0.12.
"""

import re
from typing import NamedTuple

from .count import Loop

_LINE = re.compile(r"( *)\d+: k(\w+)")
_ONE = {"Kernel", "CustomKernel", "Copy", "Memzero", "Memset32BitValue", "Gemm", "CublasLtMatmul"}
_ONE |= {"CommandBuffer", "DynamicSliceFusion", "DynamicSlice", "CustomCall", "CubSort"}


class Thunk(NamedTuple):
    """One operation of the list, with those inside it."""

    kind: str
    inside: list["Thunk"]
    condition: list["Thunk"]
    """The test of a loop, whose body is `inside`."""


def thunks(listing: str) -> list[Thunk]:
    """The operations in a `thunk_sequence` file, as a tree."""
    top: list[Thunk] = []
    open_lists = [(-1, top)]  # (indentation of the owner, where what is inside it goes)
    untested: list[tuple[int, Thunk]] = []  # loops whose body is still to come
    for line in listing.splitlines():
        if line.strip() == "body:":
            indent, loop = untested.pop()
            open_lists = [each for each in open_lists if each[0] < indent] + [(indent, loop.inside)]
        elif match := _LINE.match(line):
            indent, thunk = len(match[1]), Thunk(match[2], [], [])
            open_lists = [each for each in open_lists if each[0] < indent]
            open_lists[-1][1].append(thunk)
            is_loop = thunk.kind == "While"
            open_lists.append((indent, thunk.condition if is_loop else thunk.inside))
            untested += [(indent, thunk)] if is_loop else []
    if not top:
        raise ValueError(f"this is not a list of thunks: {listing[:60]!r}")
    return top


def operations(found: list[Thunk], loops: tuple[Loop, ...]) -> int:
    """How many operations one run submits, with the trips of `loops` as counted from the HLO."""
    left = iter(loops)
    return sum(_operations(thunk, left) for thunk in found)


def _operations(thunk: Thunk, loops) -> int:
    if thunk.kind in _ONE:
        return 1
    if thunk.kind == "AsyncStart":
        return sum(_operations(each, loops) for each in thunk.inside)
    if thunk.kind == "AsyncDone":
        return 0
    if thunk.kind == "While":
        loop = next(loops)
        body = operations(thunk.inside, loop.inner)
        test = 0 if loop.known else operations(thunk.condition, ()) + 1
        return loop.trips * (body + test) + test
    raise ValueError(f"cannot say what the operation k{thunk.kind} submits")
