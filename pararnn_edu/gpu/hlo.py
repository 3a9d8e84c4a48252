"""HLO text, the language in which XLA prints a compiled program, taken apart line by line."""

import re
from typing import NamedTuple

ENTRY = "ENTRY"

_HEADER = re.compile(r"(ENTRY )?%?([\w.\-]+) .*\{$")
_INSTRUCTION = re.compile(r"\s+(ROOT )?%?([\w.\-]+) = (\(.*?\)|\S+) ([\w\-]+)\(")
# The names that an instruction calls stand behind these words, one name or several in braces.
_CALLED = re.compile(
    r"\b(body|condition|to_apply|calls|called_computations|branch_computations"
    r"|true_computation|false_computation)=(\{[^}]*\}|%?[\w.\-]+)"
)
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"')
# Names the reader chose, such as f.<locals>.body, stand in the metadata and mean nothing here.
_METADATA = re.compile(r"metadata=\{[^}]*\}")
_SLICE = re.compile(r"\bslice=\{(.*?)\}")
_COMMENT = re.compile(r"/\*.*?\*/")
_TARGET = re.compile(r'custom_call_target="([^"]*)"')
_KERNEL = re.compile(r'backend_config=\{.*?\bname = "(\w+)"')


class Instruction(NamedTuple):
    """One line of HLO."""

    name: str
    opcode: str
    called: dict[str, tuple[str, ...]]
    """The computations it calls, by role: `body` and `condition` of a loop, `calls`, ..."""
    trips: int | None
    """How often a loop's body runs, if XLA found out and wrote it there."""
    shape: str = ""
    """What it makes, such as `f32[8,4]{1,0}` or a tuple of those."""
    operands: tuple[str, ...] = ()
    """The instructions it reads; of a parameter its number."""
    root: bool = False
    """Whether it is the result of its computation."""
    target: str = ""
    """Of a `custom-call`: whom it calls, such as `__cublas$gemm`."""
    kernel: str = ""
    """Of a `custom-call` made by Pallas: the kernel's name."""
    limits: tuple[range, ...] = ()
    """Of a `slice`: the places it takes along each axis."""


def computations(text: str) -> dict[str, list[Instruction]]:
    """The instructions of every computation in HLO text; the entry's name is `ENTRY`.

    **Raises** `TypeError` if `text` is no string, `ValueError` if it is not HLO text.
    """
    if not isinstance(text, str):
        raise TypeError(
            "expected the HLO text of a compiled program, as from "
            f"`jax.jit(f).lower(*args).compile().as_text()`; got {type(text).__name__}"
        )
    found: dict[str, list[Instruction]] = {}
    for line in text.splitlines():
        if header := _HEADER.match(line):
            current = found.setdefault(ENTRY if header[1] else header[2], [])
        elif found and (match := _INSTRUCTION.match(line)):
            current.append(_instruction(line, match))
    if ENTRY not in found:
        raise ValueError(
            "this is not the text of a compiled program, no line starts with ENTRY; expected "
            f"`jax.jit(f).lower(*args).compile().as_text()`, got {text[:60]!r}"
        )
    return found


def _instruction(line: str, match: re.Match) -> Instruction:
    root, name, shape, opcode = match.groups()
    operands, rest = _operands(line[match.end() :])
    attributes = _METADATA.sub("", rest)
    called = {
        role: tuple(re.findall(r"[\w.\-]+", names)) for role, names in _CALLED.findall(attributes)
    }
    rules = _TRIPS, _TARGET, _KERNEL, _SLICE
    trips, target, kernel, limits = (rule.search(attributes) for rule in rules)
    return Instruction(
        name,
        opcode,
        called,
        trips=int(trips[1]) if trips else None,
        shape=_COMMENT.sub("", shape),
        operands=operands,
        root=root is not None,
        target=target[1] if target else "",
        kernel=kernel[1] if kernel else "",
        limits=_limits(limits[1]) if limits else (),
    )


def _limits(text: str) -> tuple[range, ...]:
    """`[0:8], [3:8:2]` as ranges."""
    return tuple(
        range(*map(int, numbers.split(":"))) for numbers in re.findall(r"\[([\d:]+)\]", text)
    )


def _operands(text: str) -> tuple[tuple[str, ...], str]:
    """What stands between an instruction's parentheses, and what comes after them."""
    inside, _, rest = text.partition(")")
    # Some versions write an operand's shape before its name, `f32[8]{0} %x`.
    words = [part.split() for part in _COMMENT.sub("", inside).split(",")]
    return tuple(each[-1].lstrip("%") for each in words if each), rest
