"""An LSTM by cuDNN, where JAX offers it, against the same LSTM by `lax.scan`. For NVIDIA GPUs.

cuDNN takes inputs before their projection and the batch in front, and knows no other cell that the
book uses. So here everybody starts from such inputs, in the layout that they like.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.nn import sigmoid

import pararnn_edu as pr

from . import exact
from .spec import Built, Outcome, Problem, Variant

HIGHEST = lax.Precision.HIGHEST


def build(problem: Problem) -> Built:
    """The scan first; `weights` is cuDNN's one vector for all."""
    rng, d = np.random.default_rng(0), problem.d
    draw = lambda *shape: jnp.asarray(rng.standard_normal(shape, np.float32))
    weights = draw(8 * d * d + 8 * d) / d**0.5 / 2
    xs, sent = (draw(problem.T, problem.batch, d) for _ in range(2))
    step = problem.group == "step"
    makers = {
        "autodiff" if step else "scan": ("lax.scan, autodiff" if step else "lax.scan", scan, False),
        "loop": ("lax.scan, implicit gradient", solved, False),
        "cudnn": ("cuDNN", cudnn, True),
    }
    if not step:
        del makers["loop"]  # the same loop, where no gradient is asked for
    made = {
        name: _variant(label, call, step, batch_first, weights, xs, sent)
        for name, (label, call, batch_first) in makers.items()
    }
    made["copy"] = Variant("copying as many bytes", _copy(step), (xs, sent), [])
    return Built(made, {}, _exact(step, weights, xs, sent))


def _variant(label, call: Callable, step: bool, batch_first: bool, weights, xs, sent) -> Variant:
    turn = (lambda x: jnp.swapaxes(x, 0, 1)) if batch_first else (lambda x: x)
    run = exact.with_gradient(call)

    def both(weights, xs, sent):
        h, (d_weights, d_xs) = run(weights, xs, sent)
        return Outcome(turn(h), (d_weights, turn(d_xs)))

    def states(weights, xs):
        return Outcome(turn(call(weights, xs)))

    arguments = (weights, turn(xs), turn(sent))
    return Variant(label, both if step else states, arguments if step else arguments[:2], [])


def _exact(step: bool, weights, xs, sent) -> Outcome:
    with exact.in_float64():
        wide = [jnp.asarray(np.asarray(x, np.float64)) for x in (weights, xs, sent)]
        if step:
            found = Outcome(*jax.jit(exact.with_gradient(scan))(*wide))
        else:
            found = Outcome(jax.jit(scan)(*wide[:2]))
        return jax.tree.map(np.asarray, found)


def matrices(weights: jax.Array, d: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """W (4d, d) for inputs, U (4d, d) for states, b (4d,): the gates i, f, g, o, one below another.

    cuDNN's vector is W, U and two biases, which are added.
    """
    size = 4 * d * d
    W, U = weights[:size].reshape(4 * d, d), weights[size : 2 * size].reshape(4 * d, d)
    return W, U, weights[2 * size :].reshape(2, 4 * d).sum(0)


def scan(weights: jax.Array, xs: jax.Array) -> jax.Array:
    """h (T, batch, d) by a loop with one product a step, all gates together."""
    d = xs.shape[-1]
    W, U, b = matrices(weights, d)
    projected = jnp.matmul(xs, W.T, precision=HIGHEST) + jnp.expand_dims(b, (0, 1))

    def step(state, u):
        c, h = state
        i, f, g, o = jnp.split(u + jnp.matmul(h, U.T, precision=HIGHEST), 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
        h = sigmoid(o) * jnp.tanh(c)
        return (c, h), h

    zero = jnp.zeros_like(xs[0])
    return lax.scan(step, (zero, zero), projected)[1]


def solved(weights: jax.Array, xs: jax.Array) -> jax.Array:
    """The same by the library's loop, whose gradient is implicit."""
    cell = lstm(weights, xs.shape[-1])
    one = lambda xs: pr.solve(cell, xs, method=pr.Sequential(), on_failure="return").states.h
    return jax.vmap(one, in_axes=1, out_axes=1)(xs)


def lstm(weights: jax.Array, d: int) -> pr.LSTM:
    """The library's cell with cuDNN's weights."""
    W, U, b = (jnp.split(x, 4) for x in matrices(weights, d))
    fields = lambda cell: [getattr(cell, f"{letter}_{gate}") for letter in "WUb" for gate in "ifgo"]
    return eqx.tree_at(fields, pr.LSTM(d, d, key=jax.random.key(0)), [*W, *U, *b])


def cudnn(weights: jax.Array, xs: jax.Array) -> jax.Array:
    """The same by cuDNN; `xs` and h are (batch, T, d)."""
    from jax.experimental import rnn

    batch, length, d = xs.shape
    zero, lengths = jnp.zeros((1, batch, d), xs.dtype), jnp.full((batch,), length, jnp.int32)
    return rnn.lstm(xs, zero, zero, weights, lengths, d, d, 1, 0.0, False, HIGHEST)[0]


def _copy(step: bool) -> Callable:
    def copy(xs, sent):
        return Outcome(None, [xs + sent, 2 * xs + sent] if step else [2 * xs])

    return copy
