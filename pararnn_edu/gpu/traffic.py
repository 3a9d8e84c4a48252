"""Bytes that the launches of a compiled program read from and write to the GPU's memory.

Counted from the HLO text, by four rules. A launch reads each of its arguments once, as far as it
needs them, and writes its results once. Memory comes in sectors of 32 bytes: who takes every
second number of an array reads all of it. Nothing stays in a cache from one launch to the next. A
Pallas kernel, a library call and a sort need all of each argument, once. So the number is what a
program asks for; a kernel that reads twice asks for more, and what a cache still holds costs less.
"""

import math
import re

from .hlo import ENTRY, Instruction

SECTOR = 32
_ARRAY = re.compile(r"\b(pred|token|opaque|[a-z]+\d+\w*)\[([\d,<=]*)\]")
# What these need of their first operand is what is wanted of their result.
_PARTS = ("slice", "dynamic-slice", "gather")
# What these make needs all of every operand, however little of it is wanted.
_MIXES = "reduce-window dot convolution sort custom-call fft fusion call scatter".split()
_UPDATES = {"dynamic-update-slice": 1, "scatter": 2}  # which operand is written into the first
_RENAMES = ("bitcast", "reshape", "copy", "convert")


def size(shape: str) -> int:
    """Bytes of an array, or of all arrays of a tuple: `size("f32[8,4]{1,0}") == 128`."""
    return sum(_elements(dims) * _bits(dtype) // 8 for dtype, dims in _ARRAY.findall(shape))


def _bits(dtype: str) -> int:
    if dtype in ("token", "opaque"):
        return 0
    return 8 if dtype == "pred" else int(re.search(r"\d+", dtype)[0])


def _elements(dims: str) -> int:
    return math.prod(int(each.lstrip("<=")) for each in dims.split(",") if each)


class Traffic:
    """Bytes of every instruction of a program, given its computations."""

    def __init__(self, found: dict[str, list[Instruction]]):
        self.found = found
        self.sizes = {
            (computation, each.name): size(each.shape)
            for computation, body in found.items()
            for each in body
        }

    def least(self) -> int:
        """Bytes of the program's arguments and results: no program for the task moves fewer."""
        entry = self.found[ENTRY]
        ends = [each for each in entry if each.opcode == "parameter" or each.root]
        return sum(size(each.shape) for each in ends)

    def bytes(self, computation: str, each: Instruction) -> int:
        """What one run of an instruction reads and writes."""
        result = size(each.shape)
        operands = [self.sizes.get((computation, name), 0) for name in each.operands]
        body = self.found.get((each.called.get("calls") or ("",))[0])
        if body and each.opcode.startswith("fusion"):
            return sum(_read(body)) + _written(body)
        if each.opcode in _PARTS:
            return 2 * result
        if each.opcode in _UPDATES:
            return 2 * operands[_UPDATES[each.opcode]]
        if each.opcode.endswith("-start"):  # its shape holds the operands once more
            return 2 * sum(operands)
        if each.target.startswith("__cublas"):  # its last result is scratch space
            result = size(re.sub(r", s8\[\d+\]\S*\)$", ")", each.shape))
        return sum(operands) + result


def _read(body: list[Instruction]) -> list[float]:
    """Bytes that a fusion reads of each of its parameters.

    Goes backwards from the result: what is wanted of an instruction decides what is wanted of
    its operands. A pair of slices of one array, as `associative_scan` takes them, is half of it
    each; what is wanted more than once is read once.
    """
    by_name = {each.name: each for each in body}
    wanted = {each.name: 0.0 for each in body}  # how much of each, from 0 to 1
    for each in reversed(body):
        if each.root:
            wanted[each.name] = 1.0
        for place, name in enumerate(each.operands):
            if wanted[each.name] and name in wanted:
                share = _share(each, place, by_name[name])
                part = 1.0 if each.opcode in _MIXES and share else wanted[each.name]
                wanted[name] = min(1.0, wanted[name] + share * part)
    return [wanted[x.name] * size(x.shape) for x in body if x.opcode == "parameter"]


def _share(each: Instruction, place: int, operand: Instruction) -> float:
    """How much of an operand must be read for all of a result."""
    if each.opcode in _UPDATES and place == 0:
        return 0.0  # written in place
    if each.opcode in _PARTS and place == 0:
        made, there = size(each.shape), max(size(operand.shape), 1)
        run = _run(each.limits, operand.shape) if each.limits else made
        return min(1.0, made / there * math.ceil(run / SECTOR) * SECTOR / max(run, 1))
    return 1.0


def _run(limits: tuple[range, ...], shape: str) -> int:
    """Bytes that a slice takes in one piece."""
    (dtype, dims), layout = _ARRAY.search(shape).groups(), re.search(r"\]\{([\d,]+)", shape)
    sizes = [int(each) for each in dims.split(",")]
    order = map(int, layout[1].split(",")) if layout else reversed(range(len(sizes)))
    run = _bits(dtype) // 8
    for axis in order:
        taken = limits[axis]
        if len(taken) > 1 and taken.step > 1:
            break
        run *= len(taken)
        if len(taken) < sizes[axis]:
            break
    return run


def _written(body: list[Instruction]) -> int:
    """Bytes that a fusion writes: its result, or what it writes into one of its parameters."""
    by_name = {each.name: each for each in body}

    def source(name: str) -> Instruction | None:
        each = by_name.get(name)
        while each and each.opcode in _RENAMES and each.operands:
            each = by_name.get(each.operands[0])
        return each

    def written(name: str) -> int:
        each = source(name)
        if each is None:
            return 0
        if each.opcode == "tuple":
            return sum(written(operand) for operand in each.operands)
        if each.opcode in _UPDATES:
            into = source(each.operands[0])
            if into is not None and into.opcode == "parameter":
                return size(by_name[each.operands[_UPDATES[each.opcode]]].shape)
        return size(by_name[name].shape)

    return sum(written(each.name) for each in body if each.root)
