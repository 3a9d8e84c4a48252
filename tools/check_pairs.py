"""Check a chapter's two forms: the same cells, executed in order, with outputs fit to publish."""

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from tools.chapters import (
    SETUP_CELL,
    cell_keys,
    code_cells,
    read_source,
    read_twin,
    sources,
    twins,
)

MAX_BYTES = 1_500_000
RAISES = {"raises-exception", "nbval-raises-exception"}
# A path of the machine that ran the chapter, or a memory address, means nothing to a reader.
LOCAL = re.compile(
    r"(?<![\w.:/])/(?:home|root|Users|tmp|private|usr|opt|var)/\w|[A-Z]:\\Users|site-packages"
    r"|\bat 0x[0-9a-f]{6,}"
)
BASE64 = re.compile(r"base64,[\w+/=]+")
IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
ALT = re.compile(r"""\balt\s*=\s*(?:"[^"]*\w[^"]*"|'[^']*\w[^']*')""", re.IGNORECASE)


def differences(source: NotebookNode, twin: NotebookNode) -> Iterator[str]:
    """The first cell in which the two differ, in type, text or metadata (where tags are)."""
    pairs = itertools.zip_longest(cell_keys(source), cell_keys(twin))
    for number, (ours, theirs) in enumerate(pairs, 1):
        if ours != theirs:
            shown = (ours or theirs)[1].partition("\n")[0]
            yield f"cell {number} differs from its source ({shown!r}): run `make notebooks`"
            return


def disorder(twin: NotebookNode) -> Iterator[str]:
    """A complaint unless the code cells were executed once each, in order, from a fresh kernel."""
    counts = [cell.execution_count for cell in code_cells(twin)]
    if counts != [*range(1, len(counts) + 1)]:
        yield f"execution counts are {counts}, expected 1 to {len(counts)}: `make notebooks ALL=1`"


def errors(twin: NotebookNode) -> Iterator[str]:
    """Outputs that hold an error the cell does not announce by a tag, or anything on stderr."""
    for number, cell in enumerate(twin.cells, 1):
        expected = RAISES & set(cell.metadata.get("tags", []))
        for output in cell.get("outputs", []):
            if output.output_type == "error" and not expected:
                yield f"cell {number} raised {output.ename}: {output.evalue}"
            if output.get("name") == "stderr":
                yield f"cell {number} printed to stderr: {output.text.strip()[:200]!r}"


def local_traces(twin: NotebookNode) -> Iterator[str]:
    """Outputs that show a path or a memory address of the machine that ran them."""
    for number, text in _texts(twin):
        for found in LOCAL.finditer(BASE64.sub("", text)):
            yield f"cell {number} shows something of the machine: {found.group()!r}"


def images_without_alt(twin: NotebookNode) -> Iterator[str]:
    """Pictures that a screen reader cannot describe."""
    for number, cell in enumerate(twin.cells, 1):
        described = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "").strip()
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            # Beside HTML a picture is only the form for paper.
            shown = "text/html" not in data and any(mime.startswith("image/") for mime in data)
            if shown and not described:
                yield f"cell {number}: a picture without alt text; set mystnb.image.alt"
    for number, text in _texts(twin):
        for tag in IMG.findall(text):
            if not ALT.search(tag):
                yield f"cell {number}: <img> without alt text: {tag[:80]}"


def foreign_setup(twin: NotebookNode) -> Iterator[str]:
    """A complaint unless the first code cell is the book's set-up cell."""
    first, wanted = code_cells(twin)[0], code_cells(read_source(SETUP_CELL))[0]
    if (first.source, first.metadata) != (wanted.source, wanted.metadata):
        yield f"the first code cell is not the one of tools/{SETUP_CELL.name}"


def _texts(twin: NotebookNode) -> Iterator[tuple[int, str]]:
    """(cell number, text) for every stream, and every text output, of a notebook."""
    for number, cell in enumerate(twin.cells, 1):
        for output in cell.get("outputs", []):
            yield number, output.get("text", "")
            for mime, data in output.get("data", {}).items():
                if mime.startswith("text/"):
                    yield number, data


def problems(source: Path, twin: Path) -> list[str]:
    """All that is wrong with a chapter, in words; empty when it is fit to publish."""
    if not twin.exists():
        return ["it has no executed twin: run `make notebooks`"]
    ours, theirs = read_source(source), read_twin(twin)
    checks = (disorder, errors, local_traces, images_without_alt, foreign_setup)
    found = [*differences(ours, theirs), *itertools.chain(*(check(theirs) for check in checks))]
    if twin.stat().st_size > MAX_BYTES:
        found.append(
            f"its twin is {twin.stat().st_size:,} bytes, at most {MAX_BYTES:,} are allowed"
        )
    return found


def strays() -> list[str]:
    """Twins that have no source."""
    return [path.name for path in twins() if not path.with_suffix(".md").exists()]


def main() -> int:
    """Check every chapter; 1 if anything is wrong."""
    chapters = [(path, path.with_suffix(".ipynb")) for path in sources()]
    found = [(path.name, text) for path, twin in chapters for text in problems(path, twin)]
    found += [(name, "has no source") for name in strays()]
    for name, text in found:
        print(f"{name}: {text}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
