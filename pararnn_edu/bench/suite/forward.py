"""What competes to find all states of a cell, from projected inputs."""

from collections.abc import Callable

import jax
from jaxtyping import PyTree

import pararnn_edu as pr

from ...scans.device import has_kernels
from . import exact
from .numbers import Recurrence
from .platforms import drop_long_loops
from .spec import Built, Outcome, Problem, Variant

FUSED = ("ParaGRU", "ParaLSTM")
LARGEST_DENSE = 16  # state numbers: Newton's dense scan costs d^3 a step
MOST_MATRICES = 4_000_000  # numbers in the Jacobians of a dense solve


def build(problem: Problem) -> Built:
    """The scan first, then the methods, and copying as many bytes last."""
    one = Recurrence(problem)
    arguments = (one.weights, one.inputs)
    plain = lambda label, call: Variant(label, call, arguments, [])
    made = {"scan": plain("lax.scan", lambda *a: Outcome(one.scan(*a)))}
    chosen, left_out = methods(problem)
    if problem.kind == "GRU":
        chosen["quasi_newton"] = ("quasi-Newton", pr.QuasiNewton())
    for name, (label, method) in (chosen | {"auto": ("Auto", pr.Auto())}).items():
        made[name] = solver(label, one, method)
    made["copy"] = plain("copying as many bytes", lambda *a: copy(one, *a))
    return Built(*drop_long_loops(problem, made, left_out), exact.states(one))


def methods(problem: Problem) -> tuple[dict[str, tuple], dict[str, str]]:
    """variant -> (label, method), and what makes no sense at this size, with the reason."""
    shooting = pr.MultipleShooting(pr.Newton(), segments=max(1, round(problem.T**0.5)))
    found = {
        "newton": ("Newton", pr.Newton()),
        "shooting": ("multiple shooting", shooting),
    }
    if problem.kind in FUSED and has_kernels():
        found["one_kernel"] = ("one kernel through time", pr.Fused(shots=0))
        found["kernels"] = ("our kernels", pr.Fused())
    if problem.kind not in FUSED and not _fits(problem):
        why = f"dense Jacobians of {problem.T} x {problem.d} x {problem.d} numbers are too many"
        return {}, {"newton": why, "shooting": why}
    return found, {}


def _fits(problem: Problem) -> bool:
    size = problem.T * problem.batch * problem.d**2
    return problem.d <= LARGEST_DENSE and size <= MOST_MATRICES


def solver(label: str, one: Recurrence, method) -> Variant:
    """A variant that solves by a method, and says how that went."""
    noted: list = []
    run = solved(one, method, "return", noted)

    def call(weights, inputs):
        states, about = run(weights, inputs)
        return Outcome(states, None, about)

    return Variant(label, call, (one.weights, one.inputs), noted)


def solved(one: Recurrence, method, on_failure: str, noted: list) -> Callable:
    """`(weights, inputs) -> (states, about)` by `pr.solve`, over the batch by `jax.vmap`."""

    def single(weights, inputs):
        cell = one.with_weights(weights)
        h0 = cell.initial_state()
        solution = pr.solve(cell.step, inputs, h0, method, on_failure=on_failure)
        noted[:] = [solution.method]
        about = {name: getattr(solution, name) for name in ("steps", "converged", "residual")}
        return solution.states, about

    if one.batch == 1:
        return single
    return jax.vmap(single, in_axes=(None, 1), out_axes=(1, 0))


def copy(one: Recurrence, weights: PyTree, inputs: tuple) -> Outcome:
    """Reads all inputs and writes as much as the states are: the floor of memory."""
    del weights
    moved = sum(inputs)
    planes = range(len(jax.tree.leaves(one.sent)))
    # Products with different numbers, or XLA would write the plane once.
    return Outcome(None, [moved * (1 + k) for k in planes])
