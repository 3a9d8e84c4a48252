"""Small trainings on word problems: which recurrence learns to follow which group?

    python -m pararnn_edu.theory.experiments --out FILE [--only TASK ...]

Every cell is trained on words of length 16 and tested on words up to 256, several seeds at once.
A run that finds FILE goes on where it stopped. About twelve minutes on two cores; needs optax.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ..bench.machine import machine
from ..cells import GRU, ParaGRU
from ..cells.linear import LinearDiagonal, LinearDPLR, LinearPD
from ..solvers import unroll
from .groups import swap

SEEDS = 5
UPDATES = 2000
LENGTH = 16  # of the words trained on
LENGTHS = (16, 32, 64, 128, 256)  # of the words tested on
TEST_WORDS = 256
COMMAND = "python -m pararnn_edu.theory.experiments --out FILE"

METHOD = (
    "Each input letter is a permutation of n places; after every letter the model says where each "
    "of the n places has gone. Loss: cross-entropy, averaged over places and over the 16 letters "
    "of a training word. Accuracy at length L: the share of 256 fresh random words of which all n "
    "places are right after the last of L letters. 64 numbers of state (diagonal, ParaGRU, GRU: 64 "
    "channels; permutation-diagonal and DeltaNet: 8 x 8, eight states under the same matrix), a "
    "learned start, and a readout with one hidden layer of 64. Adam with a cosine schedule, fresh "
    "random words in every batch; the learning rates were chosen by hand on other seeds. "
    "Accuracies are listed seed by seed."
)


class Task(NamedTuple):
    """A word problem: `letters` (m, n), the permutation that each letter stands for."""

    label: str
    letters: tuple[tuple[int, ...], ...]


def _swaps(n: int) -> tuple[tuple[int, ...], ...]:
    """The identity and the n - 1 exchanges of neighbours, which generate S_n."""
    return (tuple(range(n)), *(swap(n, i, i + 1) for i in range(n - 1)))


_CYCLE = (1, 2, 0)
_ALL_OF_S3 = (*_swaps(3), swap(3, 0, 2), _CYCLE, (2, 0, 1))

TASKS = {
    "parity": Task("parity (Z2)", _swaps(2)),
    "S3": Task("S3, letters are swaps", _swaps(3)),
    "S3_all": Task("S3, all six letters", _ALL_OF_S3),
    "S5": Task("S5, letters are swaps", _swaps(5)),
}


class Kind(NamedTuple):
    """One row of the comparison: how to make the cell, and how it was trained."""

    label: str
    make: Callable
    lanes: int
    rate: float
    repeats: int = 1  # steps of the cell per letter


KINDS = {
    "diagonal_positive": Kind(
        "diagonal, gates in (0, 1)", partial(LinearDiagonal, low=0.0), 1, 1e-2
    ),
    "diagonal_signed": Kind(
        "diagonal, gates in (-1, 1)", partial(LinearDiagonal, low=-1.0), 1, 1e-2
    ),
    "delta_1": Kind(
        "DeltaNet, beta in (0, 1)", partial(LinearDPLR, max_beta=1.0, write=False), 8, 1e-2
    ),
    "delta_2": Kind(
        "DeltaNet, beta in (0, 2)", partial(LinearDPLR, max_beta=2.0, write=False), 8, 1e-2
    ),
    "delta_2_twice": Kind(
        "DeltaNet, beta in (0, 2), two steps a letter",
        partial(LinearDPLR, max_beta=2.0, write=False),
        8,
        1e-2,
        2,
    ),
    "pd": Kind("permutation-diagonal", partial(LinearPD, write=False), 8, 1e-2),
    "paragru": Kind("ParaGRU (nonlinear, diagonal)", partial(ParaGRU, max_norm=None), 1, 1e-2),
    "gru": Kind("GRU (nonlinear)", GRU, 1, 5e-3),
}
WIDTH = 64  # numbers of state

_ALL = ("diagonal_positive", "diagonal_signed", "pd", "delta_1", "delta_2", "paragru", "gru")
PLAN = {
    "parity": _ALL,
    "S3": _ALL,
    "S5": _ALL,
    "S3_all": ("delta_2", "delta_2_twice", "pd", "gru"),
}


class Tracker(eqx.Module):
    """A recurrence, its start, and a readout: where has each place gone?"""

    cell: eqx.Module
    start: Float[Array, "lanes d"]
    hidden: Float[Array, "h w"]
    out: Float[Array, "o h"]
    repeats: int = eqx.field(static=True)
    places: int = eqx.field(static=True)

    def __init__(self, kind: Kind, task: Task, *, key: PRNGKeyArray):
        cell_key, start_key, hidden_key, out_key = jr.split(key, 4)
        letters, self.places = len(task.letters), len(task.letters[0])
        self.repeats = kind.repeats
        d = WIDTH // kind.lanes
        self.cell = kind.make(letters * kind.repeats, d, key=cell_key)
        self.start = jr.normal(start_key, (kind.lanes, d)) / d**0.5
        self.hidden = jr.normal(hidden_key, (WIDTH, WIDTH)) / WIDTH**0.5
        self.out = jr.normal(out_key, (self.places**2, WIDTH)) / WIDTH**0.5

    def __call__(self, word: Int[Array, " T"]) -> Float[Array, "T n n"]:
        """After every letter, scores [i, j]: has place i gone to j?"""
        times = self.repeats
        inputs = (word[:, None] * times + jnp.arange(times)[None]).ravel()
        xs = jax.nn.one_hot(inputs, self.cell.input_size)
        states = jax.vmap(lambda h0: unroll(self.cell, xs, h0), out_axes=1)(self.start)
        states = states[times - 1 :: times].reshape(len(word), WIDTH)
        scores = jax.nn.relu(states @ self.hidden.T) @ self.out.T
        return scores.reshape(len(word), self.places, self.places)


def destinations(task: Task, words: Int[Array, "B T"]) -> Int[Array, "B T n"]:
    """Where each place is after every letter: the loop that a model is compared with."""
    letters = jnp.array(task.letters)

    def follow(word):
        move = lambda where, letter: (letters[letter][where],) * 2
        return jax.lax.scan(move, jnp.arange(letters.shape[1]), word)[1]

    return jax.vmap(follow)(words)


def loss(model: Tracker, task: Task, words: Int[Array, "B T"]) -> Array:
    """Cross-entropy of the destinations, averaged over words, letters and places."""
    wanted = destinations(task, words)
    log_p = jax.nn.log_softmax(jax.vmap(model)(words))
    return -jnp.mean(jnp.take_along_axis(log_p, wanted[..., None], axis=-1))


def right(model: Tracker, task: Task, words: Int[Array, "B T"]) -> Array:
    """The share of words with every place right, after each letter: `(T,)`."""
    guess = jnp.argmax(jax.vmap(model)(words), axis=-1)
    return jnp.mean(jnp.all(guess == destinations(task, words), axis=-1), axis=0)


def fit(kind: Kind, task: Task, key: PRNGKeyArray, updates: int, batch: int = 64):
    """One model, trained; and its loss after every update."""
    import optax

    first, words_key = jr.split(key)
    model = Tracker(kind, task, key=first)
    schedule = optax.cosine_decay_schedule(kind.rate, updates)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))
    state = optimiser.init(eqx.filter(model, eqx.is_inexact_array))

    def update(carry, key):
        model, state = carry
        words = jr.randint(key, (batch, LENGTH), 0, len(task.letters))
        value, gradient = eqx.filter_value_and_grad(loss)(model, task, words)
        change, state = optimiser.update(gradient, state)
        return (eqx.apply_updates(model, change), state), value

    (model, _), losses = jax.lax.scan(update, (model, state), jr.split(words_key, updates))
    return model, losses


def saturated(model: Tracker) -> Tracker | None:
    """The model with every sigmoid gate of a linear cell pushed to its nearer end; else None.

    A gate in (0, 2) that has learned 1.99 becomes 2: what training can only approach.
    """
    names = {LinearDiagonal: ("W_a", "b_a"), LinearDPLR: ("W_beta", "b_beta")}.get(type(model.cell))
    if names is None:
        return None
    fields = lambda m: [getattr(m.cell, name) for name in names]
    return eqx.tree_at(fields, model, [1e3 * value for value in fields(model)])


def train(kind: Kind, task: Task, seeds: int = SEEDS, updates: int = UPDATES) -> dict:
    """`seeds` models at once: the last losses, and accuracies at every length, seed by seed."""
    keys = jr.split(jr.key(7), seeds)
    test = jr.randint(jr.key(1), (TEST_WORDS, max(LENGTHS)), 0, len(task.letters))

    @jax.jit
    @jax.vmap
    def run(key):
        model, losses = fit(kind, task, key, updates)
        ends = saturated(model)
        pushed = None if ends is None else right(ends, task, test)
        return jnp.mean(losses[-20:]), right(model, task, test), pushed

    final, share, pushed = run(keys)
    return {
        "loss": [float(f"{x:.2g}") for x in final.tolist()],
        "accuracy": _at_lengths(share),
        "saturated": None if pushed is None else _at_lengths(pushed),
    }


def _at_lengths(shares: Float[Array, "seeds T"]) -> list[list[float]]:
    return [[round(float(row[n - 1]), 3) for n in LENGTHS] for row in shares]


def results() -> dict:
    """The stored comparison: `["machine"]`, `["method"]` in words, `["records"]` one per run."""
    folder = resources.files(__package__) / "results"
    return json.loads((folder / "word_problems.json").read_text())


def main(argv: list[str] | None = None) -> int:
    """Train whatever FILE lacks, writing it after every run."""
    parser = argparse.ArgumentParser(prog="python -m pararnn_edu.theory.experiments")
    parser.add_argument("--out", type=Path, required=True, help="write, or complete, this file")
    parser.add_argument("--only", nargs="*", choices=PLAN, default=list(PLAN), help="tasks to do")
    parser.add_argument("--note", default="", help="what else was going on on the machine")
    options = parser.parse_args(argv)
    jax.config.update("jax_platforms", "cpu")
    result = _started(options.out, options.note)
    known = {(r["task"], r["kind"]) for r in result["records"]}
    todo = [(t, k) for t in options.only for k in PLAN[t] if (t, k) not in known]
    for count, (task, kind) in enumerate(todo, start=1):
        began = time.monotonic()
        about = {"task": task, "kind": kind, "label": KINDS[kind].label}
        result["records"].append(about | train(KINDS[kind], TASKS[task]))
        options.out.write_text(as_json(result))
        means = [
            f"{sum(column) / SEEDS:.2f}"
            for column in zip(*result["records"][-1]["accuracy"], strict=True)
        ]
        took = time.monotonic() - began
        print(f"{count}/{len(todo)} {task} {kind}: {' '.join(means)}  ({took:.0f} s)", flush=True)
    return 0


def as_json(result: dict) -> str:
    """JSON with one run to a line, so that two results can be compared."""
    head = json.dumps({k: v for k, v in result.items() if k != "records"}, indent=2)[:-2]
    lines = ",\n".join("    " + json.dumps(each) for each in result["records"])
    return f'{head},\n  "records": [\n{lines}\n  ]\n}}\n'


def _started(path: Path, note: str) -> dict:
    """What `path` holds, if it was made with the settings of this file; or an empty result."""
    settings = {"updates": UPDATES, "seeds": SEEDS, "trained": LENGTH, "lengths": list(LENGTHS)}
    if path.exists():
        result = json.loads(path.read_text())
        stale = [name for name, value in settings.items() if result.get(name) != value]
        if not stale:
            return result
        raise SystemExit(f"{path} was made with other {', '.join(stale)}; move it away first")
    about = machine(note) | {"optax": version("optax")}
    head = {"machine": about, "method": METHOD, "command": COMMAND}
    return head | settings | {"records": []}


if __name__ == "__main__":
    sys.exit(main())
