"""Count what DEER's benchmark asks of a GPU, and write pararnn_edu/gpu/deer.json.

    python -m tools.count_deer

Lim et al. (2024) published the times of a GRU run by `lax.scan` and by DEER on a V100. Here the
same two programs are written anew, compiled, and counted: launches and bytes, for every size
that they report. How many iterations DEER takes is found by running it, on this machine, with
their stopping rule. `pararnn_edu/gpu/model.py` turns the counts into times, a test compares these
with the published ones. No GPU is needed. Takes about five minutes.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import jax.numpy as jnp

from tools import cuda

RESULT = Path(__file__).parents[1] / "pararnn_edu" / "gpu" / "deer.json"
BATCH = 16
# Size, length -> seconds by lax.scan and by DEER: the mean of five seeds in the authors' log.
PUBLISHED = {
    (1, 1_000): (8.89e-3, 5.73e-4),
    (1, 10_000): (8.77e-2, 7.81e-4),
    (1, 100_000): (8.64e-1, 2.827e-3),
    (1, 1_000_000): (8.82, 1.7246e-2),
    (2, 1_000): (2.597e-2, 1.067e-3),
    (2, 10_000): (2.595e-1, 3.459e-3),
    (2, 100_000): (2.559, 3.544e-2),
    (2, 1_000_000): (2.600e1, 3.5012e-1),
    (4, 1_000): (2.654e-2, 1.202e-3),
    (4, 10_000): (2.589e-1, 5.572e-3),
    (4, 100_000): (2.582, 4.968e-2),
    (4, 1_000_000): (2.588e1, 5.0644e-1),
    (8, 1_000): (2.677e-2, 1.824e-3),
    (8, 10_000): (2.619e-1, 1.1974e-2),
    (8, 100_000): (2.632, 1.046e-1),
    (16, 1_000): (2.626e-2, 3.710e-3),
    (16, 10_000): (2.593e-1, 2.9158e-2),
    (16, 100_000): (2.599, 2.748e-1),
    (32, 1_000): (2.680e-2, 7.227e-3),
    (32, 10_000): (2.619e-1, 6.2966e-2),
    (64, 1_000): (2.699e-2, 2.1008e-2),
    (64, 10_000): (2.611e-1, 2.0596e-1),
}
SOURCE = {
    "paper": "lim2024deer",
    "log": "https://github.com/machine-discovery/deer/blob/"
    "9fd0aec4bcc22a52eda558879ca8422dc48c3272/deer/_benchmarks/speedup/report-v100-16.txt",
    "what": "mean of five seeds; GRU, float32, batch 16, forward, NVIDIA V100",
}
NOTE = (
    "Launches and bytes are of these programs compiled for an A100 by the jax named here, not for "
    "a V100 by that of 2023. Nothing was run on a GPU. Iterations are the most that three seeds "
    "took on a CPU, over the batch, at the first length of each size, with DEER's stopping rule."
)


def weights(n: int, key) -> tuple[list, list]:
    """A GRU as the benchmark makes it: Lecun-normal for the input, orthogonal for the state."""
    keys = jax.random.split(key, 6)
    draw = jax.nn.initializers.lecun_normal(), jax.nn.initializers.orthogonal()
    return [draw[0](k, (n, n)) for k in keys[:3]], [draw[1](k, (n, n)) for k in keys[3:]]


def gru(params, h, x):
    """One step, with all six products in it."""
    W, U = params
    r = jax.nn.sigmoid(x @ W[0] + h @ U[0])
    z = jax.nn.sigmoid(x @ W[1] + h @ U[1])
    c = jnp.tanh(x @ W[2] + r * (h @ U[2]))
    return (1 - z) * c + z * h


def sequential(params, h0, xs):
    """`lax.scan` over `(T, batch, n)`: what DEER is compared with."""

    def step(h, x):
        h = gru(params, h, x)
        return h, h

    return jax.lax.scan(step, h0, xs)[1]


def deer(params, h0, xs):
    """DEER for one sequence, as the benchmark ran it: from 0, until no state moves by 1e-4.

    Returns the states and the number of iterations.
    """
    step = lambda h, x: gru(params, h, x)

    def iteration(carry):
        ys, _, count = carry
        before = jnp.concatenate([h0[None], ys[:-1]])
        J = jax.vmap(jax.jacfwd(step))(before, xs)
        offset = jax.vmap(step)(before, xs) - jnp.einsum("tij,tj->ti", J, before)
        elements = (
            jnp.concatenate([jnp.eye(h0.size)[None], J]),
            jnp.concatenate([h0[None], offset]),
        )
        new = jax.lax.associative_scan(combine, elements)[1][1:]
        return new, jnp.max(jnp.abs(new - ys)), count + 1

    start = jnp.zeros_like(xs), jnp.array(1e10), 0
    ys, _, count = jax.lax.while_loop(lambda s: (s[1] > 1e-4) & (s[2] < 100), iteration, start)
    return ys, count


def combine(left, right):
    """Two affine maps to one."""
    return right[0] @ left[0], jnp.einsum("...ij,...j->...i", right[0], left[1]) + right[1]


def iterations(n: int, T: int) -> int:
    """The most iterations that a batch needs, over three seeds, on this machine."""
    run = jax.jit(jax.vmap(deer, (None, 0, 1)))

    def count(seed: int) -> int:
        key_params, key_xs = jax.random.split(jax.random.key(seed))
        xs = jax.random.normal(key_xs, (T, BATCH, n))
        return int(run(weights(n, key_params), jnp.zeros((BATCH, n)), xs)[1].max())

    return max(count(seed) for seed in range(3))


def point(n: int, T: int, steps: int) -> dict:
    """Counts of both programs at one size, next to the published times."""
    from pararnn_edu import gpu

    struct = lambda *shape: jax.ShapeDtypeStruct(shape, jnp.float32)
    args = weights(n, jax.random.key(0)), struct(BATCH, n), struct(T, BATCH, n)
    scan = gpu.report(sequential, *args)
    batched = lambda *args: jax.vmap(deer, (None, 0, 1), (1, 0))(*args)[0]
    newton = gpu.report(batched, *args, trips=steps)
    seconds = PUBLISHED[n, T]
    print(f"n={n} T={T}: {scan.launches} and {newton.launches} launches", flush=True)
    return {
        "n": n,
        "T": T,
        "iterations": steps,
        "scan": {"launches": scan.launches, "bytes": scan.bytes, "published": seconds[0]},
        "deer": {"launches": newton.launches, "bytes": newton.bytes, "published": seconds[1]},
    }


def main() -> int:
    """Count all points and write the file."""
    cuda.provide()
    first = {n: min(T for m, T in PUBLISHED if m == n) for n, _ in PUBLISHED}
    steps = {n: iterations(n, T) for n, T in first.items()}
    print("iterations:", steps, flush=True)
    with ThreadPoolExecutor(2) as pool:
        points = list(pool.map(lambda size: point(*size, steps[size[0]]), PUBLISHED))
    lines = ",\n".join("    " + json.dumps(each) for each in points)
    about = {"source": SOURCE, "jax": jax.__version__, "batch": BATCH, "bandwidth": 900e9}
    about |= {"card": "NVIDIA V100 (900 GB/s by its data sheet)", "note": NOTE}
    head = json.dumps(about, indent=2)[:-2]
    RESULT.write_text(f'{head},\n  "points": [\n{lines}\n  ]\n}}\n')
    print(f"wrote {RESULT.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
