"""A training step on a CPU: parallel recurrences against `lax.scan` and automatic differentiation.

    python -m pararnn_edu.bench.training_speed [--out FILE] [--note TEXT] [--quick]

The whole model is timed, from tokens to gradients, and only the recurrences differ. Takes about
five minutes on two cores, most of it compiling.

A training step needs large arrays for a short time. glibc gives such memory back to the system
after each step, and getting it again can take longer than the arithmetic. This keeps it:

    export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_MMAP_THRESHOLD_=4294967296
"""

import argparse
import functools
import json
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

import pararnn_edu as pr

from ..cells import LSTMState
from ..train.cores import Core, Recurrent
from ..train.cores.recurrent import projected
from ..train.mode import Health, Mode, healthy
from .files import as_json
from .machine import environment, machine
from .neighbours import share, snapshot
from .programs import Program, compiled
from .timing import interleaved, ratio

VOCABULARY, WIDTH, LAYERS, HEADS = 84, 64, 2, 4
BASELINE = "autodiff"
COMMAND = "python -m pararnn_edu.bench.training_speed --out FILE"

METHOD = (
    "One call of the loss (forward) or of the loss and its gradient in all weights (step), without "
    f"the optimiser, of a language model with {LAYERS} layers of width {WIDTH} in {HEADS} heads, "
    "float32, at its first weights, on random tokens; compiled before, on all cores. The baseline "
    "is the same model with its recurrences as plain lax.scan and the gradient by automatic "
    "differentiation. All variants of one problem are called in turn, each waited for; medians "
    "over the rounds. ratio: time of a variant divided by that of the baseline, round by round, "
    "median and quartiles: below 1 is faster. megabytes: what the compiled program needs beside "
    "its arguments and results, by XLA's own account. steps: iterations of the slowest layer and "
    "sequence. deviation: largest difference from the baseline's gradient, relative to the "
    "largest entry of the same array. elsewhere: share of the machine's processor time that other "
    "processes took meanwhile."
)


class Unrolled(Core):
    """A recurrence as everybody writes it: `lax.scan`, differentiated through its steps."""

    core: Recurrent

    def __call__(self, x: Array, state: PyTree | None, mode: Mode) -> tuple[Array, None, Health]:
        del mode
        cell = self.core.cell
        h0 = cell.initial_state() if state is None else state
        states = pr.unroll(cell.step, projected(cell, x), h0)
        out = states.h if isinstance(states, LSTMState) else states
        return out.astype(x.dtype), None, healthy()

    def initial_state(self, length: int) -> PyTree:
        return self.core.initial_state(length)


def unrolled(model: pr.train.LanguageModel) -> pr.train.LanguageModel:
    """The same model with the same weights, its recurrences as plain loops."""
    return eqx.tree_at(lambda m: m.blocks.mixer.core, model, replace_fn=Unrolled)


class Problem(NamedTuple):
    """What is trained on what."""

    core: str
    T: int
    batch: int
    repeats: int


PROBLEMS = (
    Problem("paragru", 128, 16, 31),
    Problem("paragru", 1024, 1, 31),
    Problem("paragru", 1024, 16, 11),
    Problem("paragru", 8192, 1, 15),
    Problem("paralstm", 1024, 16, 11),
)


def variants(T: int) -> dict[str, tuple[str, Mode | None]]:
    """variant -> (label, mode); None for the baseline."""
    segments = max(1, round(T**0.5))
    return {
        BASELINE: ("lax.scan, autodiff", None),
        "loop": ("lax.scan, implicit gradient", Mode(method=pr.Sequential())),
        "newton": ("Newton", Mode(method=pr.Newton())),
        "shooting": (
            f"Newton over {segments} segments",
            Mode(method=pr.MultipleShooting(segments=segments)),
        ),
    }


def program(function: Callable, model, *args) -> Program:
    """`function(model, *args)` compiled for these shapes; its call takes `args` alone."""
    arrays, static = eqx.partition(model, eqx.is_array)
    whole = lambda arrays, *args: function(eqx.combine(arrays, static), *args)
    made = compiled(whole, arrays, *args)
    return made._replace(call=functools.partial(made.call, arrays))


def make_model(core: str) -> pr.train.LanguageModel:
    """The model that is timed."""
    sizes = {"layers": LAYERS, "heads": HEADS, "key": jax.random.key(0)}
    return pr.train.LanguageModel(VOCABULARY, WIDTH, core=core, **sizes)


def measure(problem: Problem, model: pr.train.LanguageModel) -> Iterator[dict]:
    """Records of one problem: every variant, forward and as a step."""
    _, T, batch, repeats = problem
    tokens = jax.random.randint(jax.random.key(1), (batch, T + 1), 0, len(model.head.weight))
    examples = pr.train.next_token(tokens)
    for what in ("forward", "step"):
        programs = {}
        for name, (_, mode) in variants(T).items():
            call = _call(what, mode or Mode())
            programs[name] = program(call, model if mode else unrolled(model), examples)
        results = {name: each.call(examples) for name, each in programs.items()}
        before = snapshot()
        timings = interleaved(
            {name: each.call for name, each in programs.items()}, examples, repeats=repeats
        )
        elsewhere = share(before, snapshot())
        for name, (label, mode) in variants(T).items():
            (_, health), grads = results[name]
            times = ratio(timings, name, BASELINE)
            yield {
                **problem._asdict(),
                "what": what,
                "variant": name,
                "label": label,
                "tokens_per_second": _short(batch * T / timings[name].median),
                "median_ms": _short(1e3 * timings[name].median),
                "ratio": _short(times.median),
                "ratio_low": _short(times.low),
                "ratio_high": _short(times.high),
                "megabytes": _short(programs[name].megabytes),
                "steps": int(health.steps) if mode else T,
                "converged": bool(health.converged),
                "deviation": _short(_deviation(grads, results[BASELINE][1])),
                "elsewhere": None if elsewhere is None else round(elsewhere, 2),
            }


def _call(what: str, mode: Mode) -> Callable:
    loss = lambda model, examples: pr.train.cross_entropy(model, examples, mode)
    if what == "step":
        return eqx.filter_value_and_grad(loss, has_aux=True)
    return lambda model, examples: (loss(model, examples), ())


def _deviation(got: PyTree, wanted: PyTree) -> float:
    pairs = zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True)
    return max((float(jnp.abs(a - b).max() / jnp.abs(b).max()) for a, b in pairs), default=0.0)


@functools.cache
def table() -> dict:
    """The stored measurement: `["machine"]`, `["method"]` in words, and `["records"]`."""
    results = resources.files(__package__) / "results"
    return json.loads((results / "training_speed.json").read_text())


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and write the JSON file if asked to."""
    parser = argparse.ArgumentParser(prog="python -m pararnn_edu.bench.training_speed")
    parser.add_argument("--out", type=Path, help="write the result to this file")
    parser.add_argument("--note", default="", help="what else was going on on the machine")
    parser.add_argument("--quick", action="store_true", help="one small problem")
    options = parser.parse_args(argv)
    jax.config.update("jax_platforms", "cpu")
    found = []
    for problem in (Problem("paragru", 128, 1, 5),) if options.quick else PROBLEMS:
        for made in measure(problem, make_model(problem.core)):
            found.append(made)
            print(line(made), flush=True)
    if options.out:
        about = {"machine": machine(options.note), "environment": environment()}
        head = {**about, "method": METHOD, "command": COMMAND}
        options.out.write_text(as_json(head | {"records": found}))
        print(f"wrote {options.out}")
    return 0


def line(record: dict) -> str:
    """One line of the printed table."""
    return (
        f"{record['core']:9} T={record['T']:<5} batch {record['batch']:<3} {record['what']:8}"
        f"{record['label']:30} {record['tokens_per_second']:9,.0f} tokens/s "
        f"{record['ratio']:6.2f} x {record['megabytes']:7.1f} MB  {record['steps']} steps"
    )


def _short(value: float) -> float:
    return float(f"{value:.3g}")


if __name__ == "__main__":
    sys.exit(main())
