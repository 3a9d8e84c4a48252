"""`jacobian_structure` on named cases: what it must find, and what it must not believe."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from ..helpers import INPUT, STATE

D = 4
W = jnp.asarray(np.random.default_rng(0).normal(size=(D, D)))
a = jnp.linspace(-1.0, 1.0, D)
h, x = jnp.ones(D), jnp.ones(D)

DIAGONAL = {
    "identity": lambda h, x: h,
    "no state at all": lambda h, x: jnp.tanh(x),
    "constant": lambda h, x: jnp.zeros(D),
    "affine": lambda h, x: a * h + x,
    "tanh": lambda h, x: jnp.tanh(a * h + W @ x),
    "where": lambda h, x: jnp.where(h > 0, h, 0.1 * h + x),
    "where on the input": lambda h, x: jnp.where(x > 0, h, 2 * h),
    "clip": lambda h, x: jnp.clip(h + x, -1, 1),
    "relu": lambda h, x: jax.nn.relu(h + x),
    "gelu": lambda h, x: jax.nn.gelu(h),
    "silu": lambda h, x: jax.nn.silu(h) * x,
    "softplus": lambda h, x: jax.nn.softplus(h),
    "power": lambda h, x: h**3 + jnp.abs(h) ** 1.5,
    "split and put back": lambda h, x: jnp.concatenate(
        [jnp.tanh(part) for part in jnp.split(h, 2)]
    ),
    "slices put back": lambda h, x: jnp.concatenate([h[:1] * 2, h[1:] + x[1:]]),
    "reshape": lambda h, x: (h.reshape(2, 2) * 3).reshape(-1),
    "transpose twice": lambda h, x: h.reshape(2, 2).T.T.reshape(-1),
    "reversed twice": lambda h, x: jnp.tanh(h[::-1])[::-1],
    "stack and unstack": lambda h, x: jnp.stack([h, x])[0],
    "inner jit": lambda h, x: jax.jit(lambda v: jnp.sin(v) + v)(h),
    "checkpoint": lambda h, x: jax.checkpoint(jnp.sin)(h) + x,
    "a mean of the input": lambda h, x: h * jnp.mean(x),
    "vmap": lambda h, x: jax.vmap(lambda u, v: jnp.tanh(u * v))(h, x),
    "dtype and back": lambda h, x: h.astype(jnp.float32).astype(jnp.float64),
    "branch on the input": lambda h, x: jax.lax.cond(
        x[0] > 0, lambda v: jnp.tanh(v), lambda v: 2 * v, h
    ),
}

DENSE = {
    "matrix": lambda h, x: W @ h + x,
    "saturated relu": lambda h, x: jax.nn.relu(W @ h - 50),
    "rare branch": lambda h, x: jax.lax.cond(
        x.sum() > 1e9, lambda v: W @ v, lambda v: jnp.tanh(v), h
    ),
    "rare where": lambda h, x: jnp.where(x > 1e9, W @ h, jnp.tanh(h)),
    "layer norm": lambda h, x: (h - h.mean()) / jnp.sqrt(h.var() + 1e-5),
    "softmax": lambda h, x: jax.nn.softmax(h),
    "reversal": lambda h, x: h[::-1],
    "roll": lambda h, x: jnp.roll(h, 1) + x,
    "permutation": lambda h, x: h[jnp.array([1, 0, 2, 3])],
    "transpose": lambda h, x: h.reshape(2, 2).T.reshape(-1),
    "swapped halves": lambda h, x: jnp.concatenate([h[2:], h[:2]]),
    "shifted slices": lambda h, x: jnp.concatenate([h[1:], h[:1]]),
    "neighbour": lambda h, x: h + jnp.pad(h[:-1], (1, 0)),
    "sum": lambda h, x: x + h.sum(),
    "maximum of all": lambda h, x: x * h.max(),
    "cumulative sum": lambda h, x: jnp.cumsum(h),
    "cumulative maximum": lambda h, x: jax.lax.cummax(h),
    "sort": lambda h, x: jnp.sort(h),
    "argmax": lambda h, x: h * h[jnp.argmax(h)],
    "one number for all": lambda h, x: jnp.broadcast_to(h[:1], (D,)),
    "one number too many": lambda h, x: jnp.tanh(h).at[3].add(1e-9 * h[0]),
    "convolution": lambda h, x: jnp.convolve(h, jnp.ones(3), mode="same"),
    "inner jit": lambda h, x: jax.jit(lambda v: W @ v)(h),
    "loop": lambda h, x: jax.lax.fori_loop(0, 2, lambda _, v: jnp.tanh(W @ v), h),
    "scan over channels": lambda h, x: jax.lax.scan(lambda c, v: (c + v, c), 0.0, h)[1],
    "einsum": lambda h, x: jnp.einsum("ij,j->i", W, h),
    "outer product": lambda h, x: jnp.outer(h, x).sum(0),
    "low rank": lambda h, x: h - 2 * a * (a @ h),
    "fft": lambda h, x: jnp.fft.fft(h).real,
    "times zero": lambda h, x: h + 0.0 * (W @ h),
}


@pytest.mark.parametrize("case", DIAGONAL)
def test_diagonal(case):
    assert pr.jacobian_structure(DIAGONAL[case], h, x) == "diagonal"


@pytest.mark.parametrize("case", DENSE)
def test_dense(case):
    assert pr.jacobian_structure(DENSE[case], h, x) == "dense"


FOUND = {
    "Elman": "dense",
    "GRU": "dense",
    "LSTM": "dense",
    "ParaGRU": "diagonal",
    "ParaLSTM": "block",
}


@pytest.mark.parametrize("name", FOUND)
def test_cells(name):
    cell = getattr(pr, name)(INPUT, STATE, key=jax.random.key(0))
    state, x = cell.initial_state(), jnp.ones(INPUT)
    assert pr.jacobian_structure(cell, state, x) == FOUND[name]
    assert pr.jacobian_structure(cell.step, state, cell.project(x)) == FOUND[name]
    solution = pr.solve(cell, jnp.ones((9, INPUT)))
    assert repr(FOUND[name]) in solution.method


def test_shapes_are_enough():
    cell = pr.ParaGRU(INPUT, STATE, key=jax.random.key(0))
    like = lambda n: jax.ShapeDtypeStruct((n,), jnp.float32)
    assert pr.jacobian_structure(cell, like(STATE), like(INPUT)) == "diagonal"


def test_under_jit():
    """Decided while tracing, so it can steer a traced program."""
    seen = []

    @jax.jit
    def run(h, x):
        seen.append(pr.jacobian_structure(lambda h, x: jnp.tanh(h + x), h, x))
        return h

    run(h, x)
    assert seen == ["diagonal"]


# States of two planes.

PAIRS = {
    "block: elementwise coupling": ("block", lambda s, x: (s[0] * s[1], s[0] + jnp.tanh(x))),
    "block: swapped planes": ("block", lambda s, x: (s[1], s[0])),
    "block: one way only": ("block", lambda s, x: (s[0], s[1] + s[0])),
    "diagonal: no coupling": ("diagonal", lambda s, x: (2 * s[0], jnp.sin(s[1]))),
    "dense: one plane mixes": ("dense", lambda s, x: (W @ s[0], s[1])),
    "dense: coupled across channels": ("dense", lambda s, x: (s[0] + s[1][::-1], s[1])),
    "dense: one channel leaks": ("dense", lambda s, x: (s[0].at[0].add(s[1][1]), s[1])),
    "dense: mean of the other": ("dense", lambda s, x: (s[0] * s[1].mean(), s[1])),
}


@pytest.mark.parametrize("case", PAIRS)
def test_pairs(case):
    wanted, f = PAIRS[case]
    assert pr.jacobian_structure(f, (h, h), x) == wanted


def test_three_coupled_planes_are_dense():
    f = lambda s, x: (s[0] + s[1], s[1] * s[2], s[2])
    assert pr.jacobian_structure(f, (h, h, h), x) == "dense"


def test_three_planes_on_their_own_are_diagonal():
    f = lambda s, x: tuple(jnp.tanh(p + x) for p in s)
    assert pr.jacobian_structure(f, (h, h, h), x) == "diagonal"


def test_planes_of_unlike_shape_are_no_block():
    f = lambda s, x: (s[0] + s[1][:2], jnp.tanh(s[1]))
    assert pr.jacobian_structure(f, (h[:2], h), x) == "dense"


def test_a_matrix_as_a_state():
    m = jnp.ones((2, 3))
    assert pr.jacobian_structure(lambda s, x: jnp.tanh(s) * x, m, 1.0) == "diagonal"
    assert pr.jacobian_structure(lambda s, x: s * s.mean(), m, 1.0) == "dense"


def test_a_derivative_rule_that_disagrees_with_the_program():
    """A custom rule is what Newton differentiates, so it is what must be looked at."""

    @jax.custom_jvp
    def f(h):
        return jnp.tanh(h)

    @f.defjvp
    def _(primals, tangents):
        return jnp.tanh(primals[0]), W @ tangents[0]

    assert pr.jacobian_structure(lambda h, x: f(h) + x, h, x) == "dense"


# Claims.


@pytest.mark.parametrize(
    "name, jit", [*[(name, False) for name in ("Elman", "GRU", "LSTM", "ParaLSTM")], ("LSTM", True)]
)
def test_a_false_claim_of_a_diagonal_names_the_cell(name, jit):
    cell = getattr(pr, name)(INPUT, STATE, key=jax.random.key(0))
    run = lambda xs: pr.solve(cell, xs, method=pr.Newton(jacobian="diagonal")).states
    with pytest.raises((ValueError, RuntimeError), match=f"{name}.*no diagonal Jacobian.*auto"):
        jax.block_until_ready((jax.jit(run) if jit else run)(jnp.ones((9, INPUT))))


@pytest.mark.parametrize("wrap", [pr.Damped, pr.MultipleShooting, pr.Windowed])
@pytest.mark.parametrize("claim", ["diagonal", "block"])
def test_a_false_claim_inside_another_method(wrap, claim):
    cell = pr.LSTM(INPUT, STATE, key=jax.random.key(0))
    method = wrap(method=pr.Newton(jacobian=claim))
    with pytest.raises(ValueError, match=f"LSTM.*no {claim} Jacobian"):
        pr.solve(cell, jnp.ones((9, INPUT)), method=method)


@pytest.mark.parametrize("name", ["GRU", "ParaGRU"])
def test_a_block_needs_two_planes(name):
    cell = getattr(pr, name)(INPUT, STATE, key=jax.random.key(0))
    with pytest.raises(ValueError, match=f"{name}.*block.*two.*1 lea"):
        pr.solve(cell, jnp.ones((9, INPUT)), method=pr.Newton(jacobian="block"))


def test_a_block_needs_planes_of_one_shape():
    f = lambda s, x: (s[0] + s[1][:2], jnp.tanh(s[1]))
    with pytest.raises(ValueError, match=r"block.*two planes of one shape.*\(2,\).*\(4,\)"):
        pr.solve(f, jnp.ones(9), (h[:2], h), method=pr.Newton(jacobian="block"))


def test_a_false_claim_of_a_plain_function():
    def mixing(h, x):
        return jnp.tanh(W @ h + x)

    with pytest.raises(ValueError, match=r"mixing.*diagonal"):
        pr.solve(mixing, jnp.ones((9, D)), h, method=pr.Newton(jacobian="diagonal"))


def test_a_true_claim_that_cannot_be_proved():
    """A product with a diagonal matrix looks dense; the user may know better."""
    f = lambda h, x: jnp.tanh(jnp.diag(a) @ h + x)
    xs = jnp.sin(jnp.arange(60.0)).reshape(15, D)
    assert pr.jacobian_structure(f, h, x) == "dense"
    claimed = pr.solve(f, xs, h, method=pr.Newton(jacobian="diagonal"))
    assert "diagonal" in claimed.method
    np.testing.assert_allclose(claimed.states, pr.unroll(f, xs, h), atol=1e-9)


def test_a_true_claim_of_a_block():
    def f(state, x):
        p, q = state
        return jnp.diag(a) @ q + x, jnp.tanh(p * q)

    xs = 0.3 * jnp.sin(jnp.arange(60.0)).reshape(15, D)
    claimed = pr.solve(f, xs, (h, h), method=pr.Newton(jacobian="block"), max_steps=15)
    assert "block" in claimed.method
    for got, wanted in zip(claimed.states, pr.unroll(f, xs, (h, h)), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-9)


@pytest.mark.parametrize("name", FOUND)
def test_dense_is_always_a_true_claim(name):
    cell = getattr(pr, name)(INPUT, STATE, key=jax.random.key(0))
    xs = jnp.sin(jnp.arange(27.0, dtype=jnp.float32)).reshape(9, INPUT)
    solution = pr.solve(cell, xs, method=pr.Newton(jacobian="dense"))
    assert "'dense'" in solution.method
    for got, wanted in zip(
        jax.tree.leaves(solution.states), jax.tree.leaves(pr.unroll(cell, xs)), strict=True
    ):
        np.testing.assert_allclose(got, wanted, atol=1e-4)
