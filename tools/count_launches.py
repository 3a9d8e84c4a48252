"""Count what the book's programs ask of a GPU, and write pararnn_edu/gpu/launches.json.

    python -m tools.count_launches

Compiles every program for an A100, an H100 and a T4, and counts. NVIDIA's compiler is fetched the
first time (about 220 MB). Nothing runs on a GPU, none is needed, and nothing is timed. Every count
is checked against the list of operations that XLA itself writes while compiling.
"""

import argparse
import datetime
import json
import re
import sys
from pathlib import Path

from tools import cuda

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "pararnn_edu" / "gpu" / "launches.json"
TARGETS = ("A100", "H100", "T4")
LENGTHS = (1024, 4096)
INPUT = 32

NOTE = (
    "Compiled and counted on a machine without a GPU; nothing was run or timed. A launch is one "
    "kernel, copy or library call of the compiled program. Weights and inputs are arguments; the "
    "inputs are projected once, outside all loops, and that is counted. For matrix products XLA "
    "tries several kernels if the card is there, and may then choose another number of them. "
    "submissions counts the calls of the driver: XLA bundles runs of launches into one CUDA graph, "
    "whose kernels still wait for each other as before. Where known is false the program does not "
    "fix the number of trips, and trips is an assumption."
)


def main(argv: list[str] | None = None) -> int:
    """Count, and say where the result went."""
    parser = argparse.ArgumentParser(prog="python -m tools.count_launches", description=__doc__)
    parser.parse_args(argv)
    cuda.provide()
    write()
    print(f"wrote {RESULT.relative_to(ROOT)}")
    return 0


def programs():
    """name -> (label, state size, how to make (function, arguments) for a length T)."""
    import jax
    import jax.numpy as jnp

    import pararnn_edu as pr

    key = jax.random.key(0)
    cells = {
        "elman": ("an Elman network", 32, pr.Elman(INPUT, 32, key=key)),
        "gru": ("a GRU", 32, pr.GRU(INPUT, 32, key=key)),
        "paragru": ("a ParaGRU", 64, pr.ParaGRU(INPUT, 64, key=key)),
    }

    def array(*shape):
        return jax.ShapeDtypeStruct(shape, jnp.float32)

    def with_inputs(function, cell):
        return lambda T: (function, (cell, array(T, INPUT)))

    def with_states(function, cell, d):
        return lambda T: (function, (cell, array(T, INPUT), array(T, d)))

    def recurrence(backend):
        return lambda a, b: pr.linear_recurrence(a, b, backend=backend)

    def vectors(function):
        return lambda T: (function, (array(T, 64), array(T, 64)))

    found = {}
    for name, (label, d, cell) in cells.items():
        found[f"scan_{name}"] = f"lax.scan over {label}", d, with_inputs(pr.unroll, cell)
    for name, (label, d, cell) in cells.items():
        what = f"one Jacobi iteration, {label}"
        found[f"jacobi_step_{name}"] = what, d, with_states(jacobi_step, cell, d)
    for name in ("gru", "paragru"):
        label, d, cell = cells[name]
        found[f"newton3_{name}"] = f"3 Newton iterations, {label}", d, with_inputs(newton3, cell)
    for name in ("gru", "paragru"):
        label, d, cell = cells[name]
        found[f"solve_{name}"] = f"pr.solve, Newton, {label}", d, with_inputs(solve, cell)
    for backend in ("sequential", "associative", "chunked"):
        what = f"diagonal linear recurrence, {backend}"
        found[f"linear_{backend}"] = what, 64, vectors(recurrence(backend))
    return found


def jacobi_step(cell, xs, states):
    """h_t(new) = f(h_{t-1}, x_t) for all t at once, from h_0 = 0."""
    import jax
    import jax.numpy as jnp

    previous = jnp.concatenate([cell.initial_state()[None], states[:-1]])
    return jax.vmap(cell)(previous, xs)


def newton3(cell, xs, iterations: int = 3):
    """A fixed number of Newton iterations, without the test for convergence."""
    import jax
    import jax.numpy as jnp

    import pararnn_edu as pr

    h0, inputs = cell.initial_state(), jax.vmap(cell.project)(xs)
    diagonal = pr.jacobian_structure(cell, h0, xs[0]) == "diagonal"

    def with_jacobian(h, u):
        step = lambda h: cell.step(h, u)
        if diagonal:
            return jax.jvp(step, (h,), (jnp.ones_like(h),))
        return step(h), jax.jacfwd(step)(h)

    def iteration(_, states):
        previous = jnp.concatenate([h0[None], states[:-1]])
        image, jacobians = jax.vmap(with_jacobian)(previous, inputs)
        return states + pr.linear_recurrence(jacobians, image - states, backend="associative")

    guess = jax.vmap(cell.step, (None, 0))(h0, inputs)
    return jax.lax.fori_loop(0, iterations, iteration, guess)


def solve(cell, xs):
    """The library's solver, whose loop stops at a tolerance."""
    import pararnn_edu as pr

    method = pr.Newton(scan="associative")
    return pr.solve(cell, xs, method=method, on_failure="return").states


def write() -> None:
    """Count every program for every target and length."""
    import jax

    from pararnn_edu.gpu.cards import target_config

    records = [
        record(name, label, d, make, target, T)
        for name, (label, d, make) in programs().items()
        for target in TARGETS
        for T in LENGTHS
    ]
    names = {t: re.search(r'description_str: "(.*)"', target_config(t))[1] for t in TARGETS}
    provenance = {
        "jax": jax.__version__,
        "date": datetime.date.today().isoformat(),
        "targets": names,
        "dtype": "float32",
        "input_size": INPUT,
        "command": "python -m tools.count_launches",
        "note": NOTE,
    }
    lines = ",\n".join("    " + json.dumps(each) for each in records)
    head = json.dumps({"provenance": provenance}, indent=2)[:-2]
    RESULT.write_text(f'{head},\n  "records": [\n{lines}\n  ]\n}}\n')


def record(name: str, label: str, d: int, make, target: str, T: int) -> dict:
    """One program, compiled for one target and counted from two sources."""
    from pararnn_edu.gpu import launches
    from pararnn_edu.gpu.aot import compiled_files
    from pararnn_edu.gpu.thunks import operations, thunks

    function, args = make(T)
    files = compiled_files(function, *args, target=target)
    count = launches(files["hlo"], trips=3 if name.startswith("solve") else None)
    listed = operations(thunks(files["thunks"]), count.loops)
    if listed != count.total:
        raise AssertionError(f"{name}, {target}, T={T}: {count} but XLA lists {listed}")
    # Without a second list nothing was bundled.
    submissions = operations(thunks(files.get("bundled", files["thunks"])), count.loops)
    return {
        "program": name,
        "label": label,
        "target": target,
        "T": T,
        "d": d,
        "total": count.total,
        "outside": count.outside,
        "loops": [as_dict(loop) for loop in count.loops],
        "submissions": submissions,
    }


def as_dict(loop) -> dict:
    """A loop and those inside it, for JSON."""
    return loop._asdict() | {"inner": [as_dict(each) for each in loop.inner]}


if __name__ == "__main__":
    sys.exit(main())
