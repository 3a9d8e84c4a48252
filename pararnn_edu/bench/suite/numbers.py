"""The numbers of every problem: seeded, the same on every machine."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import PyTree

import pararnn_edu as pr

from ...cells import Cell
from ...scans import Block2
from .spec import Problem

# The gate that lets a cell forget, as the place of its projected input, and the way to shut it.
FORGETTING = {"ParaGRU": (0, -4.0), "GRU": (0, -4.0), "ParaLSTM": (0, 4.0)}


def matrices(problem: Problem) -> tuple[PyTree, PyTree]:
    """`(A, b)` of a linear recurrence that neither grows nor forgets at once.

    A: (T, d), a `Block2` of (T, d), or (T, d, d); b: (T, d) or a pair of them.
    """
    rng, plane = np.random.default_rng(0), (problem.T, problem.d)

    def draw(scale, *more):
        numbers = rng.random((*plane, *more), np.float32)
        return jnp.asarray(scale * (2 * numbers - 1), problem.dtype)

    if problem.kind == "diagonal":
        return draw(0.99), draw(1.0)
    if problem.kind == "block":
        return Block2(*(draw(0.5) for _ in range(4))), (draw(1.0), draw(1.0))
    return draw(1.2 / problem.d**0.5, problem.d), draw(1.0)


class Recurrence:
    """A cell's step as a function of its recurrent weights, and what it runs on."""

    def __init__(self, problem: Problem):
        rng = np.random.default_rng(0)
        self.batch = problem.batch
        self.cell = getattr(pr, problem.kind)(1, problem.d, key=jax.random.key(0))
        self.names = [name for name in vars(self.cell) if name[:2] in ("a_", "p_", "U_")]
        self.weights = tuple(getattr(self.cell, name) for name in self.names)
        between = (problem.batch,) if problem.batch > 1 else ()
        shape = (problem.T, *between, problem.d)
        gates = [rng.standard_normal(shape, np.float32) for _ in range(3)]
        if problem.memory == "long":
            place, bias = FORGETTING[problem.kind]
            gates[place] += np.float32(bias)
        self.inputs = tuple(map(jnp.asarray, gates))
        """Projected inputs, a plane (T, [batch,] d) for every gate: time in front."""
        draw = lambda _: jnp.asarray(rng.standard_normal(shape, np.float32))
        self.sent = jax.tree.map(draw, self.cell.initial_state())
        """The gradient that comes back to the states."""

    def with_weights(self, weights: tuple) -> Cell:
        """The cell with other recurrent weights."""
        fields = lambda cell: [getattr(cell, name) for name in self.names]
        return eqx.tree_at(fields, self.cell, list(weights))

    def step(self, weights: tuple, h: PyTree, u: tuple) -> PyTree:
        """One step of the whole batch."""
        step = self.with_weights(weights).step
        return (jax.vmap(step) if self.batch > 1 else step)(h, u)

    def start(self, like: jax.Array) -> PyTree:
        """The zero state of the whole batch, for a plane of inputs."""
        return jax.tree.map(lambda _: jnp.zeros_like(like[0]), self.cell.initial_state())

    def scan(self, weights: tuple, inputs: tuple) -> PyTree:
        """The states by a plain `lax.scan`, as fast as XLA makes one: planes, time in front."""

        def step(h, u):
            h = self.step(weights, h, u)
            return h, h

        return lax.scan(step, self.start(inputs[0]), inputs)[1]
