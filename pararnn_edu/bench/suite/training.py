"""What competes in a training step of a recurrence: states, and gradients of weights and inputs."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.scipy.sparse.linalg import gmres
from jaxtyping import PyTree

import pararnn_edu as pr

from ...scans.recurrence import shift
from . import exact
from .forward import FUSED, methods, solved
from .numbers import Recurrence
from .platforms import drop_long_loops
from .spec import Built, Outcome, Problem, Variant

IN_FLAGGED = ("autodiff", "loop", "auto", "copy")


def build(problem: Problem) -> Built:
    """Automatic differentiation of the scan first, then the methods, and copying last."""
    one = Recurrence(problem)
    made = {"autodiff": _plain("lax.scan, autodiff", one, exact.with_gradient(one.scan))}
    chosen, left_out = methods(problem)
    chosen = {"loop": ("lax.scan, implicit gradient", pr.Sequential())} | chosen
    fused = {name: chosen.pop(name) for name in ("one_kernel", "kernels") if name in chosen}
    for name, (label, method) in chosen.items():
        made[name] = _solver(label, one, method)
    for name, (label, method) in fused.items():
        made[name] = _plain(label, one, exact.with_gradient(_kernels(one, method)))
    if problem.kind not in FUSED:
        made["krylov"] = _plain("lax.scan, gradient by GMRES", one, functools.partial(krylov, one))
    made["auto"] = _solver("Auto", one, pr.Auto())
    made["auto_raises"] = _solver("Auto that raises", one, pr.Auto(), "raise")
    made["copy"] = Variant("copying as many bytes", functools.partial(copy, one), _args(one), [])
    if problem.flagged:
        made = {name: made[name] for name in IN_FLAGGED}
        left_out = {}
    return Built(*drop_long_loops(problem, made, left_out), exact.states_and_gradients(one))


def _args(one: Recurrence) -> tuple:
    return one.weights, one.inputs, one.sent


def _plain(label: str, one: Recurrence, both: Callable) -> Variant:
    return Variant(label, lambda *a: Outcome(*both(*a)), _args(one), [])


def _solver(label: str, one: Recurrence, method, on_failure: str = "return") -> Variant:
    noted: list = []
    run = solved(one, method, on_failure, noted)

    def call(weights, inputs, sent):
        states, pull, about = jax.vjp(run, weights, inputs, has_aux=True)
        return Outcome(states, pull(sent), about)

    return Variant(label, call, _args(one), noted)


def _kernels(one: Recurrence, method: pr.Fused) -> Callable:
    """The GPU kernels with their own gradient, for projected inputs."""
    from ...solvers.fused.passes import Plan
    from ...solvers.fused.pointwise import Pointwise
    from ...solvers.fused.states import states

    chunk = 2**31 - 1 if method.shots == 0 else method.chunk
    plan = Plan(Pointwise(type(one.cell)), chunk, method.shots, method.backend == "interpret")
    h0 = one.cell.initial_state()
    single = lambda weights, inputs: states(plan, weights, inputs, h0)[0]
    if one.batch == 1:
        return single
    return jax.vmap(single, in_axes=(None, 1), out_axes=1)


def krylov(one: Recurrence, weights: tuple, inputs: tuple, sent: PyTree) -> tuple:
    """The adjoint as one big system, (I - (J S)^T) g = sent, by GMRES: no Jacobian is formed."""
    states = one.scan(weights, inputs)
    before = shift(states, start=one.start(inputs[0]))
    image = jax.vmap(one.step, in_axes=(None, 0, 0))
    _, pull = jax.vjp(lambda w, u, h: image(w, h, u), weights, inputs, before)
    system = lambda g: jax.tree.map(jnp.subtract, g, shift(pull(g)[2], reverse=True))
    total = gmres(system, sent, tol=1e-6, restart=20, maxiter=10)[0]
    return states, pull(total)[:2]


def copy(one: Recurrence, weights: PyTree, inputs: tuple, sent: PyTree) -> Outcome:
    """Reads all inputs and what is sent, writes as much as states and gradients are."""
    del weights
    moved = sum(inputs) + sum(jax.tree.leaves(sent))
    planes = range(len(inputs) + len(jax.tree.leaves(one.sent)))
    # Products with different numbers, or XLA would write the plane once.
    return Outcome(None, [moved * (1 + k) for k in planes])
