"""How busy the rest of the machine is, the part of a measurement that nobody sees."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

STAT = Path("/proc/stat")


class Snapshot(NamedTuple):
    """Seconds since some moment: on the wall, of all processors at work, of this process."""

    wall: float
    busy: float
    own: float


def snapshot() -> Snapshot | None:
    """The clocks as they stand; None where the system does not tell, as on macOS and Windows."""
    if not STAT.exists():
        return None
    user, nice, system, _, _, irq, softirq, steal, *_ = STAT.read_text().split("\n")[0].split()[1:]
    ticks = sum(map(int, (user, nice, system, irq, softirq, steal)))
    times = os.times()
    busy = ticks / os.sysconf("SC_CLK_TCK")
    return Snapshot(time.monotonic(), busy, times.user + times.system)


def share(before: Snapshot | None, after: Snapshot | None) -> float | None:
    """The share of all cores, 0 to 1, that went to other processes between two snapshots."""
    if before is None or after is None:
        return None
    wall, busy, own = (a - b for a, b in zip(after, before, strict=True))
    # The clocks tick in hundredths of a second, so a short span can come out below zero.
    return max(0.0, (busy - own) / (wall * (os.cpu_count() or 1)))


def quietest(make: Callable[[], list], limit: float, deadline: float) -> tuple[list, float | None]:
    """Calls `make` until other processes took at most `limit`, or until the monotonic `deadline`.

    Returns what the quietest call made, and the share that others took meanwhile. The choice looks
    at the neighbours alone, never at what was measured.
    """
    best: tuple[list, float | None] = ([], None)
    while True:
        wait_until_quiet(limit, deadline)
        before = snapshot()
        made = make()
        others = share(before, snapshot())
        if best[1] is None or others < best[1]:
            best = made, others
        if others is None or others <= limit or time.monotonic() >= deadline:
            return best


def wait_until_quiet(limit: float, deadline: float, every: float = 2.0) -> None:
    """Sleeps until others took at most `limit` of the machine for `every` seconds."""
    while time.monotonic() < deadline:
        before = snapshot()
        time.sleep(every)
        others = share(before, snapshot())
        if others is None or others <= limit:
            return
