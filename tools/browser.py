"""Find the system's Chromium and its driver, or install Debian's where that can work."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.locked import locked

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "chromium-driver")


def find() -> tuple[str, str] | None:
    """Paths of Chromium and of its driver, or None if either is missing."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


def find_or_install() -> tuple[str, str] | None:
    """As `find`; where nothing is found and apt-get can be used, install first."""
    with locked(Path(tempfile.gettempdir()) / f"chromium-install-{os.getuid()}.lock"):
        return find() or (_install() and find()) or None


def _install() -> bool:
    if os.getuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES],
    )
    done = (subprocess.run(c, env=environment, capture_output=True, check=False) for c in commands)
    return all(result.returncode == 0 for result in done)


if __name__ == "__main__":
    found = find_or_install()
    print(
        "browser tests use " + found[0] if found else "no Chromium with driver: see CONTRIBUTING.md"
    )
    sys.exit(0 if found else 1)
