"""Random small programs: whenever the structure found is sparse, the numbers agree."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import pararnn_edu as pr

D = 4
W = np.random.default_rng(0).normal(size=(D, D))
x = jnp.asarray([0.3, -1.2, 0.7, 2.0])

# Functions of two vectors to one; a program applies a handful of them to a growing list.
OPERATIONS = {
    "add": lambda u, v: u + v,
    "multiply": lambda u, v: u * v,
    "tanh": lambda u, v: jnp.tanh(u),
    "square": lambda u, v: u**2,
    "relu": lambda u, v: jax.nn.relu(u - 0.5),
    "where": lambda u, v: jnp.where(u > 0, u, v),
    "maximum": lambda u, v: jnp.maximum(u, v),
    "clip": lambda u, v: jnp.clip(u, -1.0, 1.0),
    "sign": lambda u, v: jnp.sign(u) * v,
    "constant": lambda u, v: jnp.full(D, 0.5),
    "matrix": lambda u, v: W @ u,
    "triangle": lambda u, v: np.tril(W) @ u,
    "reverse": lambda u, v: u[::-1],
    "roll": lambda u, v: jnp.roll(u, 1),
    "take": lambda u, v: u[np.array([2, 0, 1, 3])],
    "swap halves": lambda u, v: jnp.concatenate([u[2:], v[:2]]),
    "own halves": lambda u, v: jnp.concatenate([u[:2], v[2:]]),
    "interleave": lambda u, v: jnp.stack([u[:2], v[2:]], axis=1).reshape(-1),
    "transpose": lambda u, v: u.reshape(2, 2).T.reshape(-1),
    "squeeze": lambda u, v: u[None, :, None].squeeze((0, 2)),
    "sum": lambda u, v: v + u.sum(),
    "row sums": lambda u, v: jnp.repeat(u.reshape(2, 2).sum(1), 2),
    "maximum of all": lambda u, v: v * u.max(),
    "dot": lambda u, v: u * (u @ v),
    "cumsum": lambda u, v: jnp.cumsum(u),
    "cumulative product": lambda u, v: jnp.cumprod(u),
    "sort": lambda u, v: jnp.sort(u),
    "broadcast": lambda u, v: jnp.broadcast_to(u[1], (D,)) * v,
    "pad": lambda u, v: jnp.pad(u[1:], (1, 0)),
    "pad inside": lambda u, v: jax.lax.pad(u[:2], 0.0, [(0, 1, 1)]),
    "scatter": lambda u, v: u.at[2].set(v[1]),
    "scatter own": lambda u, v: u.at[2].set(v[2]),
    "gather by state": lambda u, v: v[jnp.argmax(u)] * u,
    "dynamic slice": lambda u, v: jax.lax.dynamic_slice(jnp.concatenate([u, v]), (1,), (D,)),
    "branch": lambda u, v: jax.lax.cond(u[0] > 0, lambda: u, lambda: v),
    "branch on input": lambda u, v: jax.lax.cond(x[0] > 0, lambda: u, lambda: v[::-1]),
    "loop": lambda u, v: jax.lax.fori_loop(0, 2, lambda _, w: jnp.roll(w, 1) + v, u),
    "own loop": lambda u, v: jax.lax.fori_loop(0, 2, lambda _, w: w * v, u),
    "scan": lambda u, v: jax.lax.scan(lambda c, w: (c * w + 1, c), 0.0, u)[1],
    "jit": lambda u, v: jax.jit(lambda w: w[::-1] + w)(u),
    "own jit": lambda u, v: jax.jit(lambda w: jnp.sin(w))(u),
    "vmap": lambda u, v: jax.vmap(lambda s, t: jnp.sin(s * t))(u, v),
    "batched dot": lambda u, v: jnp.einsum("i,i->i", u, v),
    "outer": lambda u, v: jnp.outer(u, v)[:, 0],
    "diagonal of outer": lambda u, v: jnp.diagonal(jnp.outer(u, v)),
    "checkpoint": lambda u, v: jax.checkpoint(lambda w: jnp.cos(w) * w)(u),
    "stop": lambda u, v: jax.lax.stop_gradient(u) * v,
}
instruction = st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 9), st.integers(0, 9))
# Half of the programs use only what may keep channels apart, else nearly all would be dense.
GENTLE = sorted(
    set(OPERATIONS)
    - {"matrix", "triangle", "sum", "cumsum", "cumulative product", "sort", "dot", "scan"}
    - {"maximum of all", "gather by state", "branch", "loop", "jit", "outer", "broadcast"}
)
gentle = st.tuples(st.sampled_from(GENTLE), st.integers(0, 9), st.integers(0, 9))
program = st.lists(instruction, min_size=1, max_size=5) | st.lists(gentle, min_size=1, max_size=5)
points = st.lists(st.integers(0, 2**31), min_size=3, max_size=3)


def run(program, *start):
    values = list(start)
    for name, i, j in program:
        values.append(OPERATIONS[name](values[-1 - i % len(values)], values[-1 - j % len(values)]))
    return values


def off_diagonal(matrix):
    return matrix[~np.eye(D, dtype=bool)]


@settings(max_examples=80)
@given(program=program, seeds=points)
def test_one_plane(program, seeds):
    f = lambda h, x: run(program, x, h)[-1]
    found = pr.jacobian_structure(f, jnp.zeros(D), x)
    assert found in ("diagonal", "dense")
    if found == "diagonal":
        for seed in seeds:
            h = jnp.asarray(np.random.default_rng(seed).normal(size=D) * 2)
            assert not np.any(off_diagonal(np.asarray(jax.jacfwd(f)(h, x))))


@settings(max_examples=50)
@given(program=program, seeds=points)
def test_two_planes(program, seeds):
    def f(state, x):
        values = run(program, x, *state)
        return values[-1], values[-2]

    found = pr.jacobian_structure(f, (jnp.zeros(D), jnp.zeros(D)), x)
    for seed in seeds:
        p, q = np.random.default_rng(seed).normal(size=(2, D)) * 2
        blocks = jax.jacfwd(f)((jnp.asarray(p), jnp.asarray(q)), x)
        for i, row in enumerate(blocks):
            for j, block in enumerate(row):
                if found in ("diagonal", "block"):
                    assert not np.any(off_diagonal(np.asarray(block)))
                if found == "diagonal" and i != j:
                    assert not np.any(block)


def test_each_operation_alone():
    """Every operation of the grammar on (h, h) and (h, x): sound, and not always 'dense'."""
    keeps = set()
    for name in OPERATIONS:
        for other in (0, 1):
            f = lambda h, x, n=name, o=other: OPERATIONS[n](h, (h, x)[o])
            if pr.jacobian_structure(f, jnp.zeros(D), x) == "diagonal":
                keeps.add(name)
                for h in np.random.default_rng(1).normal(size=(3, D)):
                    assert not np.any(off_diagonal(np.asarray(jax.jacfwd(f)(jnp.asarray(h), x))))
    elementwise = {"add", "multiply", "tanh", "square", "relu", "where", "maximum", "clip"}
    assert elementwise | {"own halves", "squeeze", "own jit", "vmap", "checkpoint"} <= keeps
