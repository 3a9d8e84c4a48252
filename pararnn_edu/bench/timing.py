"""Timing that can be believed: warmed up, waited for, and in turns."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import jax


class Timing(NamedTuple):
    """The times of one function, in seconds."""

    median: float
    low: float
    """The lower quartile: a quarter of the calls were faster."""
    high: float
    """The upper quartile."""
    seconds: tuple[float, ...]
    """Every call, in the order in which they were made."""


class Ratio(NamedTuple):
    """How many times as long one function takes as another."""

    median: float
    low: float
    high: float


def interleaved(
    fns: dict[str, Callable],
    *args,
    repeats: int = 15,
    warmup: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Times functions of the same arguments against each other.

    Every function is first called `warmup` times, which compiles what is under `jax.jit`. Then,
    `repeats` times, all are called in turn, each one waited for (`jax.block_until_ready`: JAX
    returns before the work is done). A machine that grows slow or hot halfway through is so to all
    of them alike. Each round starts one function later, so that none always follows the same one.

    The median is reported, which a few disturbed calls do not move, with the quartiles. Times from
    two calls of `interleaved` should not be compared: use `ratio` on those of one.

    **Raises** `ValueError` if there is nothing to time or fewer than one repeat.
    """
    if not fns:
        raise ValueError("fns must name at least one function, got none")
    if repeats < 1 or warmup < 1:
        raise ValueError(f"repeats and warmup must be at least 1, got {repeats} and {warmup}")
    for fn in fns.values():
        for _ in range(warmup):
            jax.block_until_ready(fn(*args))
    names = list(fns)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            started = clock()
            jax.block_until_ready(fns[name](*args))
            seconds[name].append(clock() - started)
    return {name: Timing(*_spread(times), tuple(times)) for name, times in seconds.items()}


def ratio(timings: dict[str, Timing], name: str, baseline: str) -> Ratio:
    """How many times as long `name` takes as `baseline`, both from one call of `interleaved`.

    The ratio is taken round by round, where the two were seconds apart at most, and its median and
    quartiles returned: what slows a whole round cancels.
    """
    pairs = zip(timings[name].seconds, timings[baseline].seconds, strict=True)
    return Ratio(*_spread([time / base for time, base in pairs]))


def _spread(values: list[float]) -> tuple[float, float, float]:
    """Median and quartiles."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return median, low, high
