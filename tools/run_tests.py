"""Run every test of the project, job after job, and end with a summary and all that was skipped.

python -m tools.run_tests              # everything
python -m tools.run_tests unit book    # these jobs only
"""

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tools.chapters import CHAPTERS, ROOT, twins

REPORTS = ROOT / ".cache" / "reports"
WORKERS = ["-n", os.environ.get("JOBS", "2")]
NBVAL = [
    "--nbval",
    "--nbval-current-env",
    "--nbval-cell-timeout=300",
    "--nbval-sanitize-with=tests/nbval_sanitize.cfg",
    "--dist=loadfile",
    "-p",
    "tools.chapter_times",
]

# In this order: the quickest to tell that something is wrong comes first.
JOBS: dict[str, list[str]] = {
    "unit": [*WORKERS, "tests", "--ignore=tests/book", "--ignore=tests/install"],
    "book": [*WORKERS, "--dist=loadfile", "tests/book"],
    "chapters": [*WORKERS, *NBVAL, str(CHAPTERS.relative_to(ROOT))],
    "install": [*WORKERS, "tests/install"],
}


@dataclass
class Result:
    """What one job came to."""

    name: str
    code: int
    seconds: float
    counts: Counter = field(default_factory=Counter)
    skipped: Counter = field(default_factory=Counter)  # reason -> how often

    def line(self) -> str:
        """One line of the summary."""
        verdict = "ok" if self.code == 0 else "FAILED"
        counts = ", ".join(f"{n} {what}" for what, n in self.counts.items() if n)
        return f"{verdict:7} {self.name:9} {self.seconds:5.0f} s   {counts or 'no tests'}"


def read_report(path: Path) -> tuple[Counter, Counter]:
    """Counts and reasons for skipping from a JUnit report of pytest."""
    counts: Counter = Counter(passed=0, failed=0, skipped=0)
    reasons: Counter = Counter()
    for case in ElementTree.parse(path).iter("testcase"):
        skip = case.find("skipped")
        failed = case.find("failure") is not None or case.find("error") is not None
        kind = "failed" if failed else "passed" if skip is None else "skipped"
        counts[kind] += 1
        if kind == "skipped":
            reasons[skip.get("message", "no reason given")] += 1
    return counts, reasons


def run(name: str, arguments: list[str]) -> Result:
    """Run one job, its output going straight to the terminal."""
    print(f"\n===== {name} =====", flush=True)
    report = REPORTS / f"{name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
    started = time.monotonic()
    environment = {"JAX_PLATFORMS": "cpu", "PYTHONHASHSEED": "0", **os.environ}
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    seconds = time.monotonic() - started
    counts, skipped = read_report(report) if report.exists() else (Counter(), Counter())
    return Result(name, code, seconds, counts, skipped)


def summarise(results: list[Result]) -> str:
    """The last thing on the screen: each job, then loudly what did not run."""
    total = sum((result.counts for result in results), Counter())
    lines = ["", "===== summary =====", *(result.line() for result in results)]
    lines += [
        f"total: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped"
    ]
    for result in results:
        for reason, times in result.skipped.items():
            lines.append(f"!!! SKIPPED ({result.name}, {times} tests): {reason}")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Run the jobs named, or all; 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.run_tests", description=__doc__)
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"of {', '.join(JOBS)}; all if none")
    names = parser.parse_args(argv).jobs or list(JOBS)
    unknown = [name for name in names if name not in JOBS]
    if unknown:
        parser.error(f"no such job: {', '.join(unknown)}; the jobs are {', '.join(JOBS)}")
    if "chapters" in names and not twins():
        parser.error("no chapters found in book/chapters: run `make notebooks`")
    results = [run(name, JOBS[name]) for name in names]
    print(summarise(results))
    return int(any(result.code for result in results))


if __name__ == "__main__":
    sys.exit(main())
