"""Change the repository's address everywhere; it stands in pyproject.toml, [project.urls].

python -m tools.set_repository https://github.com/OWNER/NAME
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tools.chapters import ROOT

FORM = re.compile(r"https://github\.com/[\w.-]+/[\w-]+")
ENDINGS = {".md", ".ipynb", ".yml", ".toml", ".cff", ".bib", ".py", ".html", ".json", ""}
OTHERS = {".venv", ".git", "dist", "extra"}  # not ours to change


def address(root: Path = ROOT) -> str:
    """The repository's address as pyproject.toml gives it."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return project["project"]["urls"]["Repository"]


def files(root: Path = ROOT) -> Iterator[Path]:
    """The text files of the project, hidden and built ones left out."""
    for path in sorted(root.iterdir()):
        if path.name.startswith((".", "_build")) or path.name in OTHERS:
            continue
        if path.is_dir():
            yield from files(path)
        elif path.suffix in ENDINGS:
            yield path


def slug(url: str) -> str:
    """OWNER/NAME of an address; links to Colab hold only this much."""
    return url.removeprefix("https://github.com/")


def rewrite(old: str, new: str, root: Path = ROOT) -> list[Path]:
    """Replace the address in every file under `root`; return the files that changed."""
    whole = re.compile(rf"(?<![\w-]){re.escape(slug(old))}(?![\w-])")
    changed = []
    for path in files(root):
        text = path.read_text(encoding="utf-8")
        replaced = whole.sub(slug(new), text)
        if replaced != text:
            path.write_text(replaced, encoding="utf-8")
            changed.append(path)
    return changed


def main(argv: list[str] | None = None) -> int:
    """Change the address; 2 if the new one is not of the form that the book's links need."""
    parser = argparse.ArgumentParser(prog="python -m tools.set_repository")
    parser.add_argument("url", help="https://github.com/OWNER/NAME")
    new = parser.parse_args(argv).url.rstrip("/").removesuffix(".git")
    if not FORM.fullmatch(new):
        parser.error(f"got {new!r}, expected https://github.com/OWNER/NAME")
    changed = rewrite(address(), new)
    print(f"{len(changed)} files changed" if changed else "nothing to change")
    for path in changed:
        print(f"  {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
