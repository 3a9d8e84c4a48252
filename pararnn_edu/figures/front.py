"""The error front: time by iteration, with a slider over the gain."""

import numpy as np

from . import style
from .data import iterations_needed, outcome, pack, pool
from .heat import heatmap
from .interactive import Interactive, choice, slider

COLUMNS = 128  # a phone shows no more


def iteration_heatmap(
    name: str,
    gains,
    errors,
    *,
    tol: float = 1e-6,
    floor: float = 1e-12,
    start: int = 0,
    prefix: int = 0,
    title: str | None = None,
    gain_label: str = "gain",
    method_label: str = "method",
    xlabel: str = "time t",
    ylabel: str = "iteration",
) -> Interactive:
    """The error of every state after every iteration, with a slider over the gain.

    `gains` (G,); `errors` a list of G arrays (iterations + 1, T), row 0 the guess, or a dictionary
    method -> such a list, which adds a choice of method. `start` is the gain shown first. The stair
    promises k + `prefix` exact states after k iterations; `tol` decides when a run counts as done.
    """
    methods = style.labelled(errors) if isinstance(errors, dict) else {"": errors}
    gains = [style.short(gain) for gain in style.numbers("gains", gains, 1)]
    if not 0 <= start < len(gains):
        raise ValueError(f"start must lie in 0..{len(gains) - 1}, got {start}")
    runs = {label: _runs(label, each, len(gains)) for label, each in methods.items()}
    steps = _common_length(runs)
    pictures = [
        [
            _picture(run, f"{label}, {gain_label} {gain}".removeprefix(", "), tol, floor)
            for gain, run in zip(gains, each, strict=True)
        ]
        for label, each in runs.items()
    ]
    every = [run for each in runs.values() for run in each]
    first = next(iter(runs.values()))[start]
    return Interactive(
        name,
        "heatmap",
        title=title or "The error of every state after every iteration",
        sentence=pictures[0][start]["sentence"],
        picture=heatmap(
            first, tol=tol, floor=floor, prefix=prefix, title=title, xlabel=xlabel, ylabel=ylabel
        ),
        data={
            "gains": gains,
            "gain": start,
            "method": 0,
            "steps": steps,
            "prefix": prefix,
            "columns": min(steps, COLUMNS),
            "rows": max(map(len, every)),
            "xlabel": xlabel,
            "ylabel": ylabel,
            "below": f"below {style.short(tol)} from {ylabel} ",
            "pictures": pictures,
        },
        choice=choice(name, "method", method_label, list(runs), 0),
        slider=slider(name, "gain", gain_label, gains[start], last=len(gains) - 1, value=start),
        describe=f"Heat map of the error: {xlabel} to the right, {ylabel} downwards",
        low=style.short(floor),
        overflow="" if all(np.isfinite(run).all() for run in every) else _OVERFLOW,
        promise="proved exact to the left",
    )


_OVERFLOW = '<span class="prf-overflow"><i></i>not finite</span>\n'


def _runs(label, errors, count):
    name = f"errors[{label!r}]" if label else "errors"
    if len(errors) != count:
        raise ValueError(f"{name} has {len(errors)} arrays for {count} gains")
    return [style.numbers(f"{name}[{i}]", array, 2) for i, array in enumerate(errors)]


def _common_length(runs):
    lengths = {run.shape[1] for each in runs.values() for run in each}
    if len(lengths) > 1:
        raise ValueError(f"all errors must have the same number of time steps, got {lengths}")
    return lengths.pop()


def _picture(errors, words, tol, floor):
    return {
        "rows": len(errors),
        "cells": pack(pool(errors, COLUMNS), floor),
        "needed": iterations_needed(errors, tol),
        "sentence": f"{words}: {outcome(errors, tol)}",
    }
