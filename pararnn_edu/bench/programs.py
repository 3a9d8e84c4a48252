"""Compiled programs: what compiling took, and what they need."""

import time
from collections.abc import Callable
from typing import NamedTuple

import jax


class Program(NamedTuple):
    """A compiled call, and what it needs."""

    call: Callable
    """Takes the arguments that it was compiled for."""
    seconds: float
    """Tracing, lowering and compiling."""
    megabytes: float | None
    """Memory beside arguments and results, by XLA's own account; None if it gives none."""


def compiled(function: Callable, *args, clock: Callable[[], float] = time.perf_counter) -> Program:
    """`function` compiled for these arguments, arrays or trees of them."""
    started = clock()
    made = jax.jit(function).lower(*args).compile()
    seconds = clock() - started
    about = made.memory_analysis()
    megabytes = None if about is None else about.temp_size_in_bytes / 1e6
    return Program(made, seconds, megabytes)
