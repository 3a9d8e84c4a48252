"""Which problems there are, the most telling first: a budget cuts off the end."""

import fnmatch

from .platforms import has_cudnn, on_cpu
from .spec import Problem

SIZES = ("quick", "full")
LENGTHS = (1024, 16_384, 131_072, 1_048_576)  # for the growth over T

# Sizes of a training step that the book speaks of: T, d, batch.
STEPS = ((65_536, 16, 1), (65_536, 64, 1), (2048, 2048, 1), (65_536, 1, 1), (2048, 256, 8))


def problems(size: str) -> list[Problem]:
    """The problems of a size for this machine's device, without repetition.

    Those with XLA's flag for CPUs are for CPUs, an LSTM by cuDNN for NVIDIA's GPUs.
    """
    found = dict.fromkeys(quick() if size == "quick" else full())
    fits = {"flagged": on_cpu(), "LSTM": has_cudnn()}
    return [p for p in found if fits.get("flagged" if p.flagged else p.kind, True)]


def select(some: list[Problem], patterns: list[str]) -> list[Problem]:
    """Those that fit one of the patterns; all of them for none.

    A pattern is a name, or part of one, or has * and ? in it. **Raises** `ValueError` for one that
    fits nothing.
    """
    names = {each.name for each in some}

    def fits(each: Problem, pattern: str) -> bool:
        if pattern in names:
            return each.name == pattern
        return pattern in each.name or fnmatch.fnmatch(each.name, pattern)

    for pattern in patterns:
        if not any(fits(each, pattern) for each in some):
            raise ValueError(f"no problem's name fits {pattern!r}; --list shows them")
    return [each for each in some if not patterns or any(fits(each, p) for p in patterns)]


def quick() -> list[Problem]:
    """A little of everything, in a minute and a half on two quiet cores."""
    return [
        Problem("step", "ParaGRU", 65_536, 16),
        Problem("linear", "diagonal", 65_536, 16),
        Problem("forward", "ParaGRU", 16_384, 16),
        Problem("step", "ParaGRU", 65_536, 16, flagged=True),
        Problem("step", "ParaLSTM", 16_384, 16),
        Problem("linear", "diagonal", 65_536, 16, dtype="bfloat16"),
        *[Problem("linear", "diagonal", T, 16) for T in (1024, 8192)],
        *[Problem("forward", "ParaGRU", T, 16) for T in (1024, 4096)],
        Problem("forward", "GRU", 4096, 8),
        Problem("linear", "block", 16_384, 16),
        Problem("linear", "dense", 16_384, 4),
        Problem("step", "GRU", 4096, 8),
        Problem("forward", "ParaGRU", 512, 64, batch=8),
        Problem("step", "LSTM", 1024, 128, batch=16),
    ]


def full() -> list[Problem]:
    """Everything that the book speaks of, in about a quarter of an hour on two quiet cores."""
    return [*_steps(), *_linear(), *_forward(), *_growing_steps(), *_other_steps()]


def _steps() -> list[Problem]:
    paragru = [Problem("step", "ParaGRU", *size) for size in STEPS]
    flagged = [each._replace(flagged=True) for each in paragru]
    return [*paragru, *flagged, *[Problem("step", "ParaLSTM", *size) for size in STEPS]]


def _linear() -> list[Problem]:
    sizes = ((65_536, 1), (65_536, 16), (65_536, 64), (16_384, 256), (2048, 2048))
    wide = [Problem("linear", "diagonal", *size) for size in sizes]
    halves = [each._replace(dtype="bfloat16") for each in wide]
    long = [Problem("linear", "diagonal", T, 16) for T in LENGTHS]
    block = [Problem("linear", "block", T, 16) for T in LENGTHS]
    dense = [Problem("linear", "dense", T, 4) for T in LENGTHS]
    larger = [Problem("linear", "block", 65_536, 64), Problem("linear", "block", 2048, 1024)]
    matrices = [Problem("linear", "dense", 16_384, d) for d in (2, 8, 16)]
    return [*wide, *halves, *long, *block, *dense, *larger, *matrices]


def _forward() -> list[Problem]:
    paragru = [Problem("forward", "ParaGRU", *size) for size in STEPS]
    long = [Problem("forward", "ParaGRU", T, 16) for T in LENGTHS]
    wide = [Problem("forward", "ParaGRU", 16_384, d) for d in (1, 4, 64, 256)]
    batches = [Problem("forward", "ParaGRU", 2048, 16, batch) for batch in (1, 8, 64)]
    lstm = [Problem("forward", "ParaLSTM", T, 16) for T in LENGTHS]
    dense = [Problem("forward", "GRU", T, 8) for T in (1024, 4096, 16_384, 65_536)]
    matrices = [Problem("forward", "GRU", 4096, d) for d in (2, 4, 16, 64)]
    remember = [Problem("forward", cell, 16_384, 16, memory="long") for cell in LONG_MEMORY]
    return [*paragru, *long, *wide, *batches, *lstm, *dense, *matrices, *remember]


def _growing_steps() -> list[Problem]:
    long = [Problem("step", "ParaGRU", T, 16) for T in LENGTHS]
    wide = [Problem("step", "ParaGRU", 16_384, d) for d in (1, 4, 64, 256)]
    return [*long, *wide, *[Problem("step", "ParaGRU", 2048, 16, batch) for batch in (1, 8, 64)]]


def _other_steps() -> list[Problem]:
    dense = [Problem("step", "GRU", 4096, d) for d in (2, 8, 16, 64)]
    remember = [Problem("step", cell, 16_384, 16, memory="long") for cell in LONG_MEMORY]
    lstm = [Problem(group, "LSTM", 2048, 256, batch=16) for group in ("forward", "step")]
    return [*dense, *remember, *lstm]


LONG_MEMORY = ("ParaGRU", "ParaLSTM")
