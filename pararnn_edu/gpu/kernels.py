"""Which kernel each instruction of a compiled program launches, from what XLA wrote of it."""

import re
from pathlib import Path
from typing import NamedTuple

from . import ptx
from .hlo import Instruction

# The two forms of XLA's list of operations: from jax 0.10 on, and before.
_NUMBERED = re.compile(r" *(\d+): k(\w+) *(?:\[[^\]]*\])? *(.*)")
_PLAIN = re.compile(r"kernel = ([\w$]+), launch dimensions = blocks: \{(.*?)\}, .*?: \{(.*?)\}")
_GRID = re.compile(r"([\w$]+) grid: \[(.*?)\] threads: \[(.*?)\]")
_ANNOTATION = re.compile(r'profile_annotation: "([^"]*)"\s+thunk_id: (\d+)')
_COPIES = {"Copy", "Memzero", "Memset32BitValue", "DynamicSliceFusion", "DynamicSlice"}


class Grid(NamedTuple):
    """How a kernel is launched."""

    blocks: int
    threads: int
    """Threads in a block."""


class Compiled(NamedTuple):
    """The kernels of a compiled program."""

    names: dict[str, tuple[str, str]]
    """Instruction -> (kind, kernel), where XLA wrote it down."""
    grids: dict[str, Grid]
    assembled: dict[str, ptx.Assembled]
    texts: dict[str, str]
    """The PTX of each kernel."""

    def of(self, each: Instruction) -> tuple[str, str]:
        """What an instruction launches: "kernel", "copy" or "library call", and its name."""
        if each.name in self.names:
            return self.names[each.name]
        name = re.sub(r"\W", "_", each.kernel or each.name)
        versions = [text for text in self.texts if re.fullmatch(rf"{name}(__\d+)?", text)]
        if versions:
            return "kernel", versions[0]
        if each.opcode.startswith(("copy", "fusion", "slice", "dynamic")):
            return "copy", "copy"
        return "library call", each.target or each.opcode


def read(folder: Path, files: dict[str, str], assembler: Path | None) -> Compiled:
    """The kernels in a folder that XLA wrote; `files` as from `aot.read`."""
    texts, assembled = {}, {}
    for path in sorted(folder.glob("*.ptx")):
        texts |= ptx.split(path.read_text())
        assembled |= ptx.assemble(path, assembler) if assembler else {}
    listing = files.get("thunks", "")
    grids = {
        name: Grid(_product(blocks), _product(threads))
        for name, blocks, threads in (*_GRID.findall(listing), *_PLAIN.findall(listing))
    }
    return Compiled(_names(listing, files.get("annotations", "")), grids, assembled, texts)


def _names(listing: str, annotations: str) -> dict[str, tuple[str, str]]:
    of_id = {int(number): name for name, number in _ANNOTATION.findall(annotations)}
    found = {}
    for number, kind, rest in _NUMBERED.findall(listing):
        instruction, grid = of_id.get(int(number)), _GRID.match(rest)
        if instruction and grid:
            found[instruction] = "kernel", grid[1]
        elif instruction and kind in _COPIES:
            found[instruction] = "copy", "copy"
    return found


def _product(numbers: str) -> int:
    x, y, z = (int(each) for each in numbers.split(","))
    return x * y * z
