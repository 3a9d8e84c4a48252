"""Check that the built site has its front page and a page for every file named in `_toc.yml`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tools.chapters import ROOT

SITE = ROOT / "_build" / "html"


def pages(toc: Path = ROOT / "_toc.yml") -> list[str]:
    """The pages named in a table of contents, root first, without endings."""
    return list(_walk(yaml.safe_load(toc.read_text(encoding="utf-8"))))


def _walk(entry: dict) -> Iterator[str]:
    for key in ("root", "file"):
        if key in entry:
            yield entry[key]
    for key in ("parts", "chapters", "sections"):
        for inner in entry.get(key, []):
            yield from _walk(inner)


def missing(site: Path, names: list[str]) -> list[str]:
    """The pages that the site lacks."""
    wanted = ["index.html", *(f"{name}.html" for name in names)]
    return [page for page in wanted if not (site / page).is_file()]


def main() -> int:
    """Check the site; print where to open it, or what is missing."""
    lacking = missing(SITE, pages())
    if lacking:
        print(f"the site at {SITE} lacks: {', '.join(lacking)}", file=sys.stderr)
        return 1
    print(f"The book is built: open {(SITE / 'index.html').as_uri()}")
    print("or run `make serve` and open the address it prints.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
