"""PTX, NVIDIA's assembly language, and what the assembler says of it.

Registers and spilled bytes come from `ptxas -v`, the program that turns PTX into the machine code
of one card. How wide a kernel's loads and stores are stands in the PTX itself.
"""

import itertools
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

_ENTRY = re.compile(r"\.entry\s+([\w$]+)")
_ACCESS = re.compile(r"\b(ld|st)((?:\.[\w:]+)*?)\.global((?:\.[\w:]+)*)")
_ASYNC = re.compile(
    r"\bcp\.async\.c[ag]\.shared(?:::cta)?\.global\S*\s+\[.*?\],\s*\[.*?\],\s*(\w+)"
)
_PROPERTIES = re.compile(
    r"Compiling entry function '([^']+)'.*?(\d+) bytes spill stores, (\d+) bytes spill loads"
    r".*?Used (\d+) registers([^\n]*)",
    re.DOTALL,
)


class Assembled(NamedTuple):
    """What the assembler says of one kernel."""

    registers: int
    """Registers that each thread holds."""
    spill_bytes: int
    """Bytes that each thread stores to and loads from memory for want of registers."""
    shared_bytes: int
    """Shared memory of a block, as far as the program fixes it."""


def split(text: str) -> dict[str, str]:
    """The kernels in a PTX file: name -> its text."""
    starts = [match.start() for match in re.finditer(r"^.*\.entry", text, re.MULTILINE)]
    pieces = [text[a:b] for a, b in itertools.pairwise([*starts, len(text)])]
    return {_ENTRY.search(piece)[1]: piece for piece in pieces}


def widths(text: str) -> tuple[dict[int, int], dict[int, int]]:
    """Global loads and stores of a kernel: width in bits -> how many instructions of that width.

    Instructions are counted as they stand in the text, not as often as they run. `{128: 4}` is
    the best that there is: four numbers of 32 bits in one instruction.
    """
    found = {"ld": Counter(), "st": Counter()}
    for kind, _, words in _ACCESS.findall(text):
        numbers = re.search(r"\.v(\d)\b", words)
        bits = re.search(r"\.[bfsu](\d+)\b", words)
        if bits:
            found[kind][int(bits[1]) * int(numbers[1] if numbers else 1)] += 1
    for count in _ASYNC.findall(text):
        found["ld"][8 * int(count, 0)] += 1
    return tuple(dict(sorted(each.items(), reverse=True)) for each in found.values())


def assemble(path: Path, assembler: Path) -> dict[str, Assembled]:
    """Runs the assembler on a PTX file, for the architecture that the file names."""
    arch = re.search(r"\.target\s+(\w+)", path.read_text())
    if not arch:
        return {}
    command = [assembler, f"-arch={arch[1]}", "-v", path, "-o", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the assembler refused {path.name}: {done.stderr.strip()[:500]}")
    return {
        name: Assembled(int(registers), int(stores) + int(loads), _shared(rest))
        for name, stores, loads, registers, rest in _PROPERTIES.findall(done.stderr)
    }


def _shared(words: str) -> int:
    found = re.search(r"(\d+) bytes smem", words)
    return int(found[1]) if found else 0
