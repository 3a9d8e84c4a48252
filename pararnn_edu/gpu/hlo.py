"""HLO text, the language in which XLA prints a compiled program, taken apart line by line."""

import re
from typing import NamedTuple

ENTRY = "ENTRY"

_HEADER = re.compile(r"(ENTRY )?%?([\w.\-]+) .*\{$")
_INSTRUCTION = re.compile(r"\s+(?:ROOT )?%?([\w.\-]+) = (?:\(.*?\)|\S+) ([\w\-]+)\(")
# The names that an instruction calls stand behind these words, one name or several in braces.
_CALLED = re.compile(
    r"\b(body|condition|to_apply|calls|called_computations|branch_computations"
    r"|true_computation|false_computation)=(\{[^}]*\}|%?[\w.\-]+)"
)
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"')
# Names the reader chose, such as f.<locals>.body, stand in the metadata and mean nothing here.
_METADATA = re.compile(r"metadata=\{[^}]*\}")


class Instruction(NamedTuple):
    """One line of HLO."""

    name: str
    opcode: str
    called: dict[str, tuple[str, ...]]
    """The computations it calls, by role: `body` and `condition` of a loop, `calls`, ..."""
    trips: int | None
    """How often a loop's body runs, if XLA found out and wrote it there."""


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
    attributes = _METADATA.sub("", line[match.end() :])
    called = {
        role: tuple(re.findall(r"[\w.\-]+", names)) for role, names in _CALLED.findall(attributes)
    }
    trips = _TRIPS.search(attributes)
    return Instruction(match[1], match[2], called, int(trips[1]) if trips else None)
