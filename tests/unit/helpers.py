"""The problems the tests solve, and the two-way road between the library's trees and the oracle."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import pararnn_edu as pr

from . import oracle

INPUT, STATE = 3, 4  # unequal on purpose: a swap of state and input cannot pass

SHAPES = {
    "Elman": {"U": "dd", "W": "dm", "b": "d"},
    "GRU": {f"{k}_{g}": s for g in "zrn" for k, s in (("U", "dd"), ("W", "dm"), ("b", "d"))},
    "LSTM": {f"{k}_{g}": s for g in "ifgo" for k, s in (("U", "dd"), ("W", "dm"), ("b", "d"))},
    "ParaGRU": {f"{k}_{g}": s for g in "zrn" for k, s in (("a", "d"), ("W", "dm"), ("b", "d"))},
    "ParaLSTM": {f"{k}_{g}": s for g in "fgo" for k, s in (("a", "d"), ("W", "dm"), ("b", "d"))}
    | {"p_f": "d", "p_o": "d"},
}
CELLS = list(SHAPES)


def parameters(name, rng, gain=1.0, m=INPUT, d=STATE):
    """Random float64 parameters, none of them zero; `gain` scales what acts on the state."""
    size = {"d": d, "m": m}
    p = {}
    for key, axes in SHAPES[name].items():
        value = rng.normal(size=tuple(size[a] for a in axes)) / np.sqrt(size[axes[-1]])
        p[key] = value * (gain if key[0] in "Uap" else 1.0)
    return p


def make_cell(name, p, dtype=jnp.float64):
    """The library's cell with the parameters `p`."""
    weights = p["W"] if name == "Elman" else next(v for k, v in p.items() if k[:2] == "W_")
    d, m = weights.shape
    cell = getattr(pr, name)(m, d, key=jax.random.key(0), dtype=dtype)
    return eqx.tree_at(
        lambda c: [getattr(c, k) for k in p], cell, [jnp.asarray(v, dtype) for v in p.values()]
    )


def names_of(cell_like, p):
    """{parameter name: array} of a cell, or of a gradient shaped like one."""
    return {k: np.asarray(getattr(cell_like, k), np.float64) for k in p}


def to_state(planes, dtype=jnp.float64):
    """An array for one plane, an LSTMState for two."""
    planes = [jnp.asarray(p, dtype) for p in planes]
    return planes[0] if len(planes) == 1 else pr.LSTMState(*planes)


def to_planes(state):
    return tuple(np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(state))


class Problem(NamedTuple):
    """A cell with its sequence, as numpy for the oracle."""

    name: str
    p: dict
    xs: np.ndarray
    h0: tuple
    gs: tuple

    @property
    def cell(self):
        return make_cell(self.name, self.p)

    def states(self):
        return oracle.unroll(oracle.STEPS[self.name], self.p, self.xs, self.h0)

    def gradients(self):
        return oracle.backward(oracle.STEPS[self.name], self.p, self.xs, self.h0, self.gs)

    def jax_arguments(self, dtype=jnp.float64):
        """(cell, xs, h0, gs) in the library's form."""
        return (
            make_cell(self.name, self.p, dtype),
            jnp.asarray(self.xs, dtype),
            to_state(self.h0, dtype),
            to_state(self.gs, dtype),
        )


def problem(name, T, seed=0, gain=0.8, dtype=np.float64):
    """A seeded problem whose numbers are exact in `dtype`."""
    rng = np.random.default_rng([seed, T])
    planes = range(oracle.PLANES[name])

    def exact(a):
        return np.asarray(jnp.asarray(a, dtype), np.float64)

    return Problem(
        name,
        {k: exact(v) for k, v in parameters(name, rng, gain).items()},
        exact(rng.normal(size=(T, INPUT))),
        tuple(exact(rng.uniform(-0.9, 0.9, STATE)) for _ in planes),
        tuple(exact(rng.normal(size=(T, STATE))) for _ in planes),
    )


def inner(gs, states):
    """sum_t <gs_t, h_t> over all planes, accumulated in at least float32."""
    pairs = zip(jax.tree.leaves(gs), jax.tree.leaves(states), strict=True)
    return sum(jnp.sum((g * h).astype(jnp.promote_types(h.dtype, jnp.float32))) for g, h in pairs)


def solve_and_gradients(cell, xs, h0, gs, **options):
    """The solution, and the gradients of <gs, states> with respect to cell, xs and h0."""

    def loss(cell, xs, h0):
        solution = pr.solve(cell, xs, h0, **options)
        return inner(gs, solution.states), solution

    grads, solution = jax.grad(loss, argnums=(0, 1, 2), has_aux=True)(cell, xs, h0)
    return solution, grads


def assert_close(got, wanted, tolerance, what="value"):
    """max |got - wanted| <= tolerance * max(1, max |wanted|), leaf by leaf."""
    got_leaves, wanted_leaves = jax.tree.leaves(got), jax.tree.leaves(wanted)
    assert len(got_leaves) == len(wanted_leaves), what
    for g, w in zip(got_leaves, wanted_leaves, strict=True):
        g, w = np.asarray(g, np.float64), np.asarray(w, np.float64)
        assert g.shape == w.shape, f"{what}: shape {g.shape}, wanted {w.shape}"
        if w.size == 0:
            continue
        error = np.max(np.abs(g - w))
        bound = tolerance * max(1.0, np.max(np.abs(w)))
        assert error <= bound, f"{what}: error {error:.3g} exceeds {bound:.3g}"


def assert_gradients_close(grads, problem, tolerance):
    """Gradients from `solve_and_gradients` against back-propagation through time."""
    g_cell, g_xs, g_h0 = grads
    p, xs, h0 = problem.gradients()
    got = names_of(g_cell, p)
    for key, wanted in p.items():
        assert_close(got[key], wanted, tolerance, f"gradient of {key}")
    assert_close(g_xs, xs, tolerance, "gradient of xs")
    assert_close(to_planes(g_h0), h0, tolerance, "gradient of h0")


# What a traced program contains.


def equations(jaxpr):
    """Every equation of a jaxpr, those of inner jaxprs included."""
    for eqn in jaxpr.eqns:
        yield eqn
        for value in eqn.params.values():
            for part in value if isinstance(value, tuple | list) else [value]:
                part = getattr(part, "jaxpr", part)  # a ClosedJaxpr holds the jaxpr
                if hasattr(part, "eqns"):
                    yield from equations(part)


def scan_operands(jaxpr, length):
    """What the loops of a program walk over: arrays with `length` leading rows that enter or
    leave a scan or a while loop."""
    return [
        v.aval
        for eqn in equations(jaxpr)
        if eqn.primitive.name in ("scan", "while")
        for v in [*eqn.invars, *eqn.outvars]
        if getattr(v.aval, "shape", ())[:1] == (length,)
    ]
