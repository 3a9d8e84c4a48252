"""A pytest plugin for nbval: how long each chapter took, and a failure above the limit.

    pytest -p tools.chapter_times --nbval book/chapters

A chapter is too slow if both the time on the clock and the processor time of its kernel are above
the limit: with a second chapter, or anything else, on the same cores the clock alone is unfair.
"""

from collections import defaultdict
from pathlib import Path

import psutil
import pytest

LIMIT = 60  # seconds, from a fresh kernel, on two cores
KEY = "kernel processor time"

_clock: dict[str, float] = defaultdict(float)
_processor: dict[str, float] = defaultdict(float)


def too_slow(clock: float, processor: float) -> bool:
    """Whether a chapter is above the limit by both measures."""
    return min(clock, processor) > LIMIT


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """After each cell, note the processor time of its notebook's kernel so far."""
    try:
        return (yield)
    finally:
        if kernel := getattr(item.parent, "kernel", None):
            times = psutil.Process(kernel.km.provisioner.pid).cpu_times()
            item.user_properties.append((KEY, times.user + times.system))


def pytest_runtest_logreport(report) -> None:
    """Add up the clock, keep the last of the processor; under xdist the main process does too."""
    name = Path(report.nodeid.partition("::")[0])
    if name.suffix == ".ipynb":
        _clock[name.stem] += report.duration
        seen = dict(report.user_properties).get(KEY, 0.0)
        _processor[name.stem] = max(_processor[name.stem], seen)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus) -> None:
    """Fail a run that was otherwise well if a chapter is too slow."""
    slow = [name for name in _clock if too_slow(_clock[name], _processor[name])]
    if not hasattr(session.config, "workerinput") and exitstatus == 0 and slow:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter) -> None:
    """One line a chapter."""
    if not _clock:
        return
    terminalreporter.section(f"chapter times: clock, processor (limit {LIMIT} s)")
    for name, clock in sorted(_clock.items()):
        processor = _processor[name]
        mark = "  TOO SLOW" if too_slow(clock, processor) else ""
        terminalreporter.line(f"{clock:6.1f} s {processor:6.1f} s  {name}{mark}")
