"""Fetch again the scripts and fonts the site serves itself, at the versions and hashes named here.

The result, `book/extra/vendor`, is committed: building the book needs no network. Needs npm.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.chapters import ROOT

VENDOR = ROOT / "book" / "extra" / "vendor"

# package: version, sha512 of its archive, and what is kept of it
PACKAGES = {
    "mathjax": (
        "3.2.2",
        "Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
        {
            "LICENSE": "mathjax/LICENSE",  # Apache 2.0
            "es5/tex-chtml-full.js": "mathjax/tex-chtml-full.js",
            "es5/output/chtml/fonts/woff-v2": "mathjax/output/chtml/fonts/woff-v2",
        },
    ),
}


def fetch(name: str, version: str, sha512: str, folder: Path) -> Path:
    """Download one package's archive with npm, check its hash, unpack it, and return its folder."""
    command = ["npm", "pack", "--silent", f"{name}@{version}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    archive = folder / f"{name}-{version}.tgz"
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != sha512:
        raise ValueError(f"{name} {version}: sha512 is {found}, expected {sha512}")
    with tarfile.open(archive) as tar:
        tar.extractall(folder / name, filter="data")
    return folder / name / "package"


def keep(package: Path, files: dict[str, str], vendor: Path) -> None:
    """Copy the files and folders named from an unpacked package."""
    for source, target in files.items():
        place = vendor / target
        place.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (package / source).is_dir() else shutil.copyfile
        copy(package / source, place)


def main() -> int:
    """Make the vendor folder afresh."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, (version, sha512, files) in PACKAGES.items():
            keep(fetch(name, version, sha512, Path(folder)), files, VENDOR)
    versions = {name: version for name, (version, *_) in PACKAGES.items()}
    (VENDOR / "versions.json").write_text(json.dumps(versions, indent=1) + "\n", encoding="utf-8")
    print(f"{VENDOR.relative_to(ROOT)}: {versions}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
