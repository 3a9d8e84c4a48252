"""Small language models that differ in their core alone: equal weights, equal text, some seeds.

    python -m pararnn_edu.bench.language [rates] [compare] [without] [long] --out FILE [--quick]

`rates` tries five learning rates for each core on a seed of its own, `compare` trains every core
at its best one on three seeds, `without` leaves out parts of the block around ParaGRU or the clip
of its recurrent weights, and `long` trains a larger ParaGRU for longer. A command that finds FILE
goes on where it stopped.
"""

import argparse
import functools
import json
import math
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.random as jr
import numpy as np

import pararnn_edu as pr

from ..train.batches import Windows
from ..train.config import OptimiserConfig
from ..train.evaluate import mean_loss
from ..train.ladder import ladder
from ..train.loop import updates
from ..train.mode import Mode
from ..train.optimise import adamw
from ..train.sample import generate
from ..train.step import initial_state, make_step
from ..train.tokens import Characters
from .files import as_json
from .machine import environment, machine

CORES = ("paragru", "paralstm", "mingru", "selective", "attention")
RATES = (2e-3, 5e-3, 1.25e-2, 3e-2, 7.5e-2)
RATE_SEED, SEEDS = 100, (0, 1, 2)
LONG_RATE = 1e-2  # by hand: a wider model, trained for longer, wants less than the small ones
VALIDATION = 0.05
COMMAND = "python -m pararnn_edu.bench.language --out FILE"
PROMPT, SAMPLE = "\n\nHAMLET.\n", 400

METHOD = (
    "Characters of the corpus; the last 5 % are kept for validation. Windows of `length` "
    "characters, each read once from a state at rest, in an order that the seed decides: fewer "
    "than one epoch, but for `long`. AdamW, warm-up over a tenth of the updates, then a cosine to "
    "zero; gradients clipped to 1, weight decay 0.1 on matrices. float32. All cores stand in the "
    "same block, and the MLP (without it the width) makes up for the weights that a core does not "
    "use. Recurrences that are not linear are solved by pr.Newton() in training; retries counts "
    "the batches whose solves failed at first. train: mean over the updates since the last "
    "point, in bits per character. valid: the same few windows each time. bits: 512 validation "
    "windows, at the end. steps: the most Newton steps of any layer and sequence since the last "
    "point. seconds: processor time of the training on one thread, without compiling."
)


class Setting(NamedTuple):
    """A size of model and of training."""

    width: int
    length: int
    batch: int
    updates: int
    layers: int = 2
    heads: int = 4

    def of_model(self) -> dict:
        """What `LanguageModel` has to know of it."""
        return {name: getattr(self, name) for name in ("width", "layers", "heads")}


SETTINGS = {
    "rates": Setting(64, 128, 16, 250),
    "compare": Setting(64, 128, 16, 800),
    "without": Setting(64, 128, 16, 800),
    "long": Setting(128, 256, 16, 2500),
}
QUICK = {part: Setting(16, 16, 2, 6) for part in SETTINGS}

# What is left out, and how the model is made instead. Where the MLP is not there to make up for
# the weights, the width is.
WITHOUT = {
    "": {},
    "convolution": {"conv": 0},
    "gate": {"gate": False},
    "clip": {"max_norm": None},
    "mlp": {"mlp": 0, "width": 108},
    "block": {"bare": True, "width": 216},
}


class Text(NamedTuple):
    """The corpus as tokens, cut in two."""

    characters: Characters
    train: np.ndarray
    valid: np.ndarray


@functools.cache
def corpus() -> Text:
    """The corpus by characters; the last twentieth is for validation."""
    text = pr.train.shakespeare()
    characters = Characters(text)
    tokens = characters.encode(text)
    cut = round(len(tokens) * (1 - VALIDATION))
    return Text(characters, tokens[:cut], tokens[cut:])


def make_model(core: str, setting: Setting, without: str, key) -> pr.train.LanguageModel:
    """A model with that core and as many weights as the whole one with ParaGRU."""
    vocabulary, whole = corpus().characters.size, setting.of_model() | {"core": "paragru"}
    like = eqx.filter_eval_shape(pr.train.LanguageModel, vocabulary, **whole, key=key)
    chosen = whole | {"core": core} | WITHOUT[without]
    if "mlp" not in chosen and "bare" not in chosen:
        chosen["mlp"] = pr.train.matching_mlp(pr.train.count(like), vocabulary, **chosen)
    return pr.train.LanguageModel(vocabulary, **chosen, key=key)


def bits(model, length: int, batches: int) -> float:
    """The mean of -log2 p(next character) over `batches` times 64 windows for validation."""
    windows = Windows(corpus().valid, length, 64, 0)
    found = mean_loss(model, (pr.train.next_token(windows[k]) for k in range(batches)))
    return found.loss / math.log(2)


class Run(NamedTuple):
    """What is trained, and on what."""

    part: str
    core: str
    seed: int
    rate: float
    setting: Setting
    without: str = ""

    def model(self) -> pr.train.LanguageModel:
        """Its weights before training."""
        return make_model(self.core, self.setting, self.without, jr.key(self.seed))

    def windows(self, tokens: np.ndarray) -> Windows:
        """The text it reads."""
        return Windows(tokens, self.setting.length, self.setting.batch, self.seed)


def train(run: Run) -> tuple[pr.train.LanguageModel, dict]:
    """The trained model, and its curve: a point for every fortieth of the updates."""
    stop, windows = run.setting.updates, run.windows(corpus().train)
    transform = adamw(OptimiserConfig(learning_rate=run.rate), stop)
    step, rungs = make_step(transform), ladder(Mode(pr.Newton()), run.setting.length)
    go = lambda stop: updates(initial_state(run.model(), transform), windows, step, rungs, stop)
    next(go(1))  # compiles

    every, since, points, retries = max(1, stop // 40), [], [], 0
    seconds, started = 0.0, time.process_time()
    for state, made in go(stop):
        since.append(made)
        if made.step % every and made.step < stop:
            continue
        jax.block_until_ready(state)
        seconds += time.process_time() - started
        retries += sum(bool(r.retry) for r in since)
        points.append(
            {
                "update": made.step,
                "train": _short(np.mean([r.loss for r in since]) / math.log(2)),
                "valid": _short(bits(state.model, run.setting.length, 1)),
                "steps": max(r.solver_steps for r in since),
            }
        )
        since, started = [], time.process_time()
    curve = {name: [point[name] for point in points] for name in points[0]}
    return state.model, {"retries": retries, "seconds": round(seconds, 1), "curve": curve}


def record(run: Run) -> dict:
    """One training and what came of it."""
    model, about = train(run)
    characters = corpus().characters
    written = generate(
        model, characters.encode(PROMPT), SAMPLE, temperature=0.8, key=jr.key(run.seed)
    )
    setting = run.setting
    return {
        **{name: getattr(run, name) for name in _KEY},
        **setting._asdict(),
        "width": model.head.weight.shape[-1],
        "weights": pr.train.count(model),
        "characters": setting.updates * setting.batch * setting.length,
        "bits": _short(bits(model, setting.length, 8)),
        **about,
        "sample": PROMPT + characters.decode(written),
    }


def runs(part: str, done: list[dict], settings: dict[str, Setting]) -> list[Run]:
    """The trainings of one part of the experiment; `done` holds the records so far."""
    setting = settings[part]
    if part == "rates":
        return [Run(part, core, RATE_SEED, rate, setting) for core in CORES for rate in RATES]
    if part == "compare":
        return [
            Run(part, core, seed, best_rate(done, core), setting)
            for seed in SEEDS
            for core in CORES
        ]
    if part == "without":
        rate = best_rate(done, "paragru")
        return [Run(part, "paragru", SEEDS[0], rate, setting, out) for out in WITHOUT if out]
    return [Run(part, "paragru", SEEDS[0], LONG_RATE, setting)]


def best_rate(records: list[dict], core: str) -> float:
    """The learning rate with the lowest validation loss in the part `rates`."""
    tried = [r for r in records if r["part"] == "rates" and r["core"] == core]
    if len(tried) < len(RATES):
        raise ValueError(f"no learning rate for {core!r} yet: run the part `rates` first")
    return min(tried, key=lambda r: r["bits"])["rate"]


def measure(part: str, done: list[dict], settings: dict[str, Setting]) -> Iterator[dict]:
    """The records of one part that are not among those `done`, one by one."""
    known = {_key(r) for r in done}
    for run in runs(part, done, settings):
        if _key(run._asdict()) not in known:
            yield record(run)


_KEY = ("part", "core", "seed", "rate", "without")


def _key(record: dict) -> tuple:
    return tuple(record[name] for name in _KEY)


@functools.cache
def table() -> dict:
    """The stored trainings: `["machine"]`, `["method"]` in words, and `["records"]`."""
    return json.loads((resources.files(__package__) / "results" / "language.json").read_text())


def main(argv: list[str] | None = None) -> int:
    """Train what is not in the file yet, print, and write it."""
    parser = argparse.ArgumentParser(prog="python -m pararnn_edu.bench.language")
    parser.add_argument("parts", nargs="*", help=f"any of {', '.join(SETTINGS)}; all")
    parser.add_argument("--out", type=Path, required=True, help="the file of results")
    parser.add_argument("--note", default="", help="anything worth knowing about the machine")
    parser.add_argument("--quick", action="store_true", help="tiny models, a few updates")
    options = parser.parse_args(argv)
    if unknown := set(options.parts) - set(SETTINGS):
        parser.error(f"the parts are {', '.join(SETTINGS)}; got {', '.join(sorted(unknown))}")
    jax.config.update("jax_platforms", "cpu")
    settings = QUICK if options.quick else SETTINGS
    done = json.loads(options.out.read_text())["records"] if options.out.exists() else []
    about = {"machine": machine(options.note), "environment": environment()}
    head = {**about, "method": METHOD, "command": COMMAND}
    for part in options.parts or SETTINGS:
        for made in measure(part, done, settings):
            done.append(made)
            options.out.write_text(as_json(head | {"records": done}))
            print(line(made), flush=True)
    return 0


def line(record: dict) -> str:
    """One line of the printed table."""
    return (
        f"{record['part']:8} {record['core']:10} {record['without']:12} seed {record['seed']:<4} "
        f"rate {record['rate']:<7} {record['weights']:8,} weights  "
        f"{record['bits']:.3f} bits  {record['seconds']:.0f} s"
    )


def _short(value) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    sys.exit(main())
