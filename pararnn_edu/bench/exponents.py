"""Newton's iterations against the Lyapunov exponent, over the gain of a random network.

    python -m pararnn_edu.bench.exponents [--out FILE] [--quick]

h_t = W tanh(h_{t-1}), W Gaussian with variance gain^2 / d and no diagonal, as in figure 2 of
Gonzalez et al. (2025): d = 100, T = 1000, three draws. Takes about ten minutes on two cores.
"""

import argparse
import functools
import json
import sys
from importlib import resources
from pathlib import Path

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array

import pararnn_edu as pr

from ..solvers.lyapunov import growth
from ..solvers.problem import pose
from .files import as_json
from .machine import machine

SIZE, LENGTH, SEEDS = 100, 1000, (0, 1, 2)
GAINS = (0.5, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 1.75, 2.0, 2.5)
COMMAND = "python -m pararnn_edu.bench.exponents --out FILE"
METHOD = (
    "float64, pr.Newton() from the library's own guess, residual 1e-10, at most T iterations. "
    "exponent: largest Lyapunov exponent per step along the T states, from tangent vectors "
    "(pararnn_edu.solvers.lyapunov). growth: natural logarithm of the largest growth of a small "
    "error over any stretch, from below. error: largest difference from the states of the loop."
)


def step(h: Array, W: Array) -> Array:
    """The network, its weights as input: one program for all gains and draws."""
    return W @ jnp.tanh(h)


def draw(gain: float, size: int, seed: int) -> tuple[Array, Array]:
    """`(W, h0)` of one network."""
    key_W, key_h = jr.split(jr.key(seed))
    W = gain * jr.normal(key_W, (size, size)) / size**0.5
    return W * (1 - jnp.eye(size)), jr.normal(key_h, (size,))


def record(gain: float, size: int, length: int, seed: int) -> dict:
    """Exponent, growth and iterations of one network."""
    W, h0 = draw(gain, size, seed)
    cell, xs = lambda h, _: step(h, W), jnp.arange(length)
    solution = pr.solve(cell, xs, h0, max_steps=length, on_failure="return")
    states = pr.unroll(cell, xs, h0)
    problem = pose(cell, xs, h0).problem
    found = growth(problem, problem.previous(states), seed)
    return {
        "gain": gain,
        "seed": seed,
        "d": size,
        "T": length,
        "exponent": round(found.exponent, 4),
        "growth": round(found.log_growth, 2),
        "steps": int(solution.steps),
        "converged": bool(solution.converged),
        "error": float(f"{float(jnp.max(jnp.abs(solution.states - states))):.2g}"),
    }


@functools.cache
def table() -> dict:
    """The stored sweep: `["machine"]`, `["method"]` in words, and `["records"]`."""
    return json.loads((resources.files(__package__) / "results" / "exponents.json").read_text())


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and write the JSON file if asked to."""
    parser = argparse.ArgumentParser(prog="python -m pararnn_edu.bench.exponents")
    parser.add_argument("--out", type=Path, help="write the result to this file")
    parser.add_argument("--note", default="", help="anything worth knowing about the machine")
    parser.add_argument("--quick", action="store_true", help="d = 16, T = 100, one draw")
    options = parser.parse_args(argv)
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    size, length, seeds = (16, 100, (0,)) if options.quick else (SIZE, LENGTH, SEEDS)
    found = []
    for seed in seeds:
        for gain in GAINS:
            found.append(record(gain, size, length, seed))
            print(found[-1], flush=True)
    if options.out:
        head = {"machine": machine(options.note), "method": METHOD, "command": COMMAND}
        options.out.write_text(as_json(head | {"records": found}))
        print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
