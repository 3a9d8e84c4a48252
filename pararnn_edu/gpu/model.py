"""A model of how long a program takes on a GPU: so much a launch, and so much a byte.

    seconds = launches x 3 us + bytes / bandwidth

It is a model: nothing is measured. 3 us is a usual cost of a small kernel that waits for the one
before, bandwidth is the data sheet's, and both were fixed before anything was compared. Left out:
arithmetic, what a cache keeps, launches that run at the same time or are handed over together as
a CUDA graph, and memory traffic that reaches only part of the bandwidth.

**How far off it is.** Lim et al. (2024) published times of a GRU on a V100, run by `lax.scan` and
by DEER, for 22 sizes. `deer.json` holds what both programs ask for, as compiled today for an A100,
and `errors()` sets the model against the times. Root mean square of the log10 of the ratio, with
nothing fitted: 0.06 for the time of `lax.scan`, 0.32 for DEER's, 0.31 for the speed-up, a factor
of 2.0. The error is not random: the model is too kind to the parallel program, most of all for two
and four channels and long sequences (by more than 4 times), and within 1.5 times from 32 channels
on.
"""

import functools
import json
import math
from importlib import resources

LAUNCH_SECONDS = 3e-6


def modelled_seconds(
    launches: int, bytes: float, bandwidth: float, launch_seconds: float = LAUNCH_SECONDS
) -> float:
    """Launches and bytes to seconds, by the model."""
    return launches * launch_seconds + bytes / bandwidth


@functools.cache
def published() -> dict:
    """DEER's published times, and the counts of the same programs. Made by `tools/count_deer.py`.

    `["points"]` is a list with, for each state size `n` and length `T`: `iterations`, and for
    `scan` and `deer` the `launches`, the `bytes` and the `published` seconds.
    """
    return json.loads((resources.files(__package__) / "deer.json").read_text())


def errors() -> dict[str, list[float]]:
    """log10 of modelled over published, point by point, for `scan`, `deer` and `speedup`."""
    found = {"scan": [], "deer": [], "speedup": []}
    for point in published()["points"]:
        scan, deer = (_error(point[program]) for program in ("scan", "deer"))
        for name, error in zip(found, (scan, deer, scan - deer), strict=True):
            found[name].append(error)
    return found


def _error(program: dict) -> float:
    seconds = modelled_seconds(program["launches"], program["bytes"], published()["bandwidth"])
    return math.log10(seconds / program["published"])


def rms(values: list[float]) -> float:
    """Root mean square."""
    return math.sqrt(sum(value**2 for value in values) / len(values))
