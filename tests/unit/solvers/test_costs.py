"""What a solve and its gradient cost: memory from the compiled program, size from the lowered one.

Nothing is timed and nothing is run. `test_program_size.py` reads the traced program; here the
compiler has had its say.
"""

import re
from math import log2, prod

import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr

from ..helpers import equations
from .problems import METHODS

NUMBER = 8  # bytes in a float64
ALL_BUT_DENSE = [m for m in METHODS if m != "dense Newton"]


def solved(method, max_steps):
    """(cell, xs) -> the states, and all else that a caller may ask for."""

    def run(cell, xs):
        options = {"method": method, "max_steps": max_steps, "on_failure": "return"}
        solution = pr.solve(cell, xs, **options)
        return solution.states, solution

    return run


def unrolled(iterations):
    """Newton's states after a fixed number of iterations, with nothing done for the gradient."""

    def newton(cell, h, x):
        image, slope = jax.jvp(lambda h: cell(h, x), (h,), (jnp.ones_like(h),))
        return slope, image - slope * h

    def run(cell, xs):
        def advance(H, _):
            before = jnp.concatenate([jnp.zeros_like(H[:1]), H[:-1]])
            A, b = jax.vmap(lambda h, x: newton(cell, h, x))(before, xs)
            return pr.linear_recurrence(A, b), None

        guess = jnp.zeros((len(xs), cell.state_size))
        return jax.lax.scan(advance, guess, None, length=iterations)[0], None

    return run


def program(run, name, T, d, gradient=True):
    """A loss over the states of `run`, or its gradient, and arguments that are shapes only."""

    def loss(cell, xs):
        states, all_of_it = run(cell, xs)
        return sum(jnp.sum(h**2) for h in jax.tree.leaves(states)), all_of_it

    key = jax.random.key(0)
    cell = jax.eval_shape(lambda: getattr(pr, name)(3, d, key=key, dtype=jnp.float64))
    wanted = jax.grad(loss, argnums=(0, 1), has_aux=True) if gradient else loss
    return wanted, (cell, jax.ShapeDtypeStruct((T, 3), jnp.float64))


def lowered(*what, **options):
    wanted, arguments = program(*what, **options)
    return jax.jit(wanted).lower(*arguments)


def memory(compiled):
    """Bytes that the program needs besides its arguments."""
    sizes = compiled.memory_analysis()
    return sizes.temp_size_in_bytes + sizes.output_size_in_bytes


def traced_shapes(*what, **options):
    wanted, arguments = program(*what, **options)
    jaxpr = jax.make_jaxpr(wanted)(*arguments)
    return {getattr(v.aval, "shape", ()) for eqn in equations(jaxpr.jaxpr) for v in eqn.outvars}


def compiled_shapes(compiled):
    found = re.findall(r"\b[a-z]+\d+\[([\d,]+)\]", compiled.as_text())
    return {tuple(map(int, dims.split(","))) for dims in found}


def assert_no_dense_jacobian(shapes, T, d):
    """No array with the numbers of T matrices, and none with two axes of the state's size."""
    assert (T, d) in shapes  # the reader of shapes works
    for shape in shapes:
        assert prod(shape) < T * d * d, shape
        assert sum(n in (d, 2 * d) for n in shape) < 2, shape


@pytest.mark.parametrize("name", ["ParaGRU", "ParaLSTM"])
@pytest.mark.parametrize("method", ALL_BUT_DENSE)
def test_diagonal_and_block_cells_never_form_a_matrix(method, name):
    """Traced, forward and gradient: every method, every structure that is not dense."""
    T, d = 23, 56
    for gradient in (False, True):
        shapes = traced_shapes(solved(METHODS[method], 7), name, T, d, gradient=gradient)
        assert_no_dense_jacobian(shapes, T, d)


@pytest.mark.parametrize("name", ["ParaGRU", "ParaLSTM"])
def test_memory_of_the_gradient_is_linear_in_length_and_state(name):
    """Twice the steps and twice the state: four times the memory. T d^2 would be eight times."""
    small, large = (
        memory(lowered(solved(pr.Newton(), 7), name, T, d).compile())
        for T, d in ((90, 32), (180, 64))
    )
    assert large < 4.3 * small


@pytest.mark.parametrize(
    "method, name",
    [
        ("Newton", "ParaGRU"),
        ("QuasiNewton", "ParaLSTM"),
        ("MultipleShooting", "ParaLSTM"),
        ("Windowed", "ParaGRU"),
    ],
)
def test_the_compiled_gradient_holds_less_than_one_dense_jacobian(method, name):
    """All it holds together; and the compiler has made no matrix of its own."""
    T, d = 180, 64
    compiled = lowered(solved(METHODS[method], 7), name, T, d).compile()
    assert_no_dense_jacobian(compiled_shapes(compiled), T, d)
    assert memory(compiled) < T * d * d * NUMBER


def test_quasi_newton_takes_the_diagonal_of_a_dense_jacobian_one_column_at_a_time():
    """Forward, on a GRU. (Its gradient uses the exact Jacobian and does hold T d^2 numbers.)"""
    run = solved(pr.QuasiNewton(), 7)
    for T, d in ((23, 56), (180, 64)):
        assert max(map(prod, traced_shapes(run, "GRU", T, d, gradient=False))) < T * d * d
    compiled = lowered(run, "GRU", 180, 64, gradient=False).compile()
    assert max(map(prod, compiled_shapes(compiled))) < 180 * 64 * 64
    assert memory(compiled) < 180 * 64 * 64 * NUMBER


@pytest.mark.parametrize("method", ["Newton", "MultipleShooting"])
def test_memory_of_the_gradient_does_not_grow_with_the_steps(method):
    """A hundred times the steps: less than one trajectory more, for the history's numbers.

    The whole solution is returned, or the compiler would drop a history of iterates unseen.
    """
    T, d = 200, 16
    few, many = (
        memory(lowered(solved(METHODS[method], n), "ParaGRU", T, d).compile()) for n in (5, 500)
    )
    assert many - few < T * d * NUMBER


def test_memory_of_the_unrolled_gradient_does_grow_with_the_steps():
    """What the implicit gradient saves, and a check that the measure can see it."""
    T, d, more = 200, 16, 10
    few, many = (memory(lowered(unrolled(n), "ParaGRU", T, d).compile()) for n in (5, 5 + more))
    assert many - few >= more * T * d * NUMBER  # at least a trajectory for every iteration


def lines(method, T, name="ParaGRU"):
    """Lines of the program that the compiler is given."""
    return lowered(solved(method, 7), name, T, 4).as_text().count("\n")


@pytest.mark.parametrize("backend", ["sequential", "chunked"])
@pytest.mark.parametrize("name", ["ParaGRU", "ParaLSTM", "GRU"])
def test_what_is_compiled_does_not_grow_with_the_sequence(name, backend):
    """From where the gradient goes by tiles (solvers/tiles.py): one tile needs no slicing."""
    short, long = (lines(pr.Newton(scan=backend), T, name) for T in (2**16, 2**20))
    assert short == long


def test_what_is_compiled_grows_with_the_levels_of_an_associative_scan():
    """log2 T levels, as many lines each."""
    fixed = lines(pr.Newton(scan="sequential"), 2**10)
    extra = {k: lines(pr.Newton(scan="associative"), 2**k) - fixed for k in (10, 18)}
    assert extra[10] > 0
    assert extra[18] <= 1.15 * extra[10] * log2(2**18) / log2(2**10)
