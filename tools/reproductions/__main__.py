"""List the reproductions ledger, or read our numbers again.

python -m tools.reproductions            # list every row, and say what is wrong
python -m tools.reproductions --write    # read our numbers and store them
"""

import argparse
import json
import re
import sys

from tools.reproductions.check import problems
from tools.reproductions.rows import LEDGER, Row, load, read
from tools.reproductions.sources import Unreadable


def refreshed(text: str, rows: list[Row]) -> str:
    """The ledger's text with `ours` read again; a row that cannot be read keeps what it has."""
    head, *blocks = re.split(r"(?m)^(?=\[\[row\]\])", text)
    return head + "".join(_with_ours(*pair) for pair in zip(blocks, rows, strict=True))


def _with_ours(block: str, row: Row) -> str:
    if not (row.file or row.output):
        return block
    try:
        values = ", ".join(json.dumps(value) for value in read(row))
    except Unreadable:
        return block
    line = f"ours = [{values}]"
    if "\nours = " in block:
        return re.sub(r"(?m)^ours = .*$", lambda _: line, block)
    return re.sub(r"(?m)^found = ", lambda _: f"{line}\nfound = ", block, count=1)


def main(argv: list[str] | None = None) -> int:
    """List the ledger, or refresh it; 1 if a row is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.reproductions")
    parser.add_argument("--write", action="store_true", help="store our numbers as they are now")
    if parser.parse_args(argv).write:
        text = LEDGER.read_text(encoding="utf-8")
        LEDGER.write_text(refreshed(text, load()), encoding="utf-8")
    rows, wrong = load(), 0
    for row in rows:
        found = problems(row)
        wrong += bool(found)
        ours = "; ".join(found) if found else row.ours_in_words() or "-"
        verdict = "WRONG" if found else row.status
        theirs = row.published if found else row.theirs_in_words()
        print(f"{verdict:13}  {row.id:32}  {theirs}  |  {ours}")
    print(f"{len(rows)} rows, {wrong} wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
