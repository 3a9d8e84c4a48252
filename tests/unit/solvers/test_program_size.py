"""What grows with T and with the number of steps, read off the traced program."""

import jax
import pytest

import pararnn_edu as pr

from ..helpers import equations, inner, problem
from .problems import METHODS


def traced(method, T, max_steps=10, gradient=True, name="ParaGRU"):
    cell, xs, h0, gs = problem(name, T).jax_arguments()

    def loss(cell, xs, h0):
        options = {"max_steps": max_steps, "on_failure": "return"}
        return inner(gs, pr.solve(cell, xs, h0, method, **options).states)

    f = jax.grad(loss, argnums=(0, 1, 2)) if gradient else loss
    return list(equations(jax.make_jaxpr(f)(cell, xs, h0).jaxpr))


def shapes(program):
    return {tuple(getattr(v.aval, "shape", ())) for eqn in program for v in eqn.outvars}


@pytest.mark.parametrize("name", ["ParaGRU", "GRU"])
@pytest.mark.parametrize(
    "method",
    [
        *[METHODS[m] for m in ("Sequential", "Jacobi", "Picard", "MultipleShooting", "Auto")],
        pr.Newton(scan="sequential"),
        pr.Newton(scan="chunked"),
        pr.QuasiNewton(scan="chunked"),
        pr.Windowed(pr.Newton(scan="chunked"), window=16),
    ],
    ids=str,
)
def test_the_program_does_not_grow_with_the_sequence(method, name):
    assert len(traced(method, 64, name=name)) == len(traced(method, 4096, name=name))


def test_an_associative_scan_grows_by_the_logarithm():
    sizes = [len(traced(pr.Newton(scan="associative"), T)) for T in (64, 512, 4096)]
    first, second = sizes[1] - sizes[0], sizes[2] - sizes[1]
    assert first > 0
    assert second <= 1.5 * first  # as much again for eight times the length, and no more


@pytest.mark.parametrize("method", METHODS)
def test_the_program_does_not_grow_with_the_steps(method):
    """No unrolled iteration, forward or backward."""
    few, many = (traced(METHODS[method], 96, max_steps=n) for n in (3, 50))
    assert len(few) == len(many)


@pytest.mark.parametrize("name", ["ParaGRU", "GRU", "ParaLSTM"])
@pytest.mark.parametrize("method", METHODS)
def test_gradient_memory_does_not_grow_with_the_steps(method, name):
    """Nothing holds one entry for every step and for every t."""
    steps, T = 17, 96
    for shape in shapes(traced(METHODS[method], T, max_steps=steps, name=name)):
        assert not ({steps, steps + 1} & set(shape) and {T - 1, T, T + 1} & set(shape)), shape


def test_the_gradient_adds_no_loop_over_steps():
    """One linear recurrence backwards, outside the solver's loop: as many while loops with the
    gradient as without it."""

    def loops(gradient):
        program = traced(pr.Newton(scan="associative"), 96, gradient=gradient)
        return sum(eqn.primitive.name == "while" for eqn in program)

    assert loops(False) == loops(True) == 1


def test_diagonal_cells_build_no_matrices():
    """O(T d) memory for ParaGRU by Newton, and for a GRU by quasi-Newton going forward."""
    d, T = 4, 96
    assert (T, d, d) not in shapes(traced(pr.Newton(), T))
    forward = traced(pr.QuasiNewton(), T, gradient=False, name="GRU")
    assert (T, d, d) not in shapes(forward)


def test_inputs_are_projected_once_outside_the_loop():
    """No product with an input weight matrix (d, m) inside a loop."""
    cell, xs, h0, _ = problem("GRU", 50).jax_arguments()
    program = jax.make_jaxpr(lambda *a: pr.solve(*a, on_failure="return").states)(cell, xs, h0)
    whole = list(equations(program.jaxpr))
    for eqn in whole:
        if eqn.primitive.name not in ("while", "scan"):
            continue
        for body in (v for v in eqn.params.values() if hasattr(v, "jaxpr")):
            for inside in equations(body.jaxpr):
                if inside.primitive.name == "dot_general":
                    assert (4, 3) not in [v.aval.shape for v in inside.invars]
