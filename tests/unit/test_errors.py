"""A wrong argument is an error at once, which names what came and what was expected.

Each case: what is called, the exception, and the pieces its message must hold.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

CELL = pr.GRU(3, 4, key=jax.random.key(0))
LSTM = pr.LSTM(3, 4, key=jax.random.key(0))
XS = jnp.ones((7, 3))
STEP = lambda h, x: jnp.tanh(h + x)


def solve(**options):
    return lambda: pr.solve(CELL, XS, **options)


def function(f, xs=None, h0=None, **options):
    xs = jnp.ones((7, 4)) if xs is None else xs
    return lambda: pr.solve(f, xs, h0, **options)


def wrong_shape(h, x):
    return jnp.zeros(5)


def swapped(x, h):  # (input, state): the order of Equinox's cells
    return jnp.tanh(h + x.sum())


def a_pair(h, x):
    return h, x


def integers(h, x):
    return (h > 0).astype(int)


METHOD = {
    "a string": (solve(method="newton"), TypeError, ["'newton'", "pr.Newton()"]),
    "a string with a typo": (solve(method="Newtn"), TypeError, ["'Newtn'", "pr.Newton()"]),
    "another string": (
        solve(method="quasi-newton"),
        TypeError,
        ["'quasi-newton'", "pr.QuasiNewton()"],
    ),
    "a string like nothing": (
        solve(method="zzz"),
        TypeError,
        ["'zzz'", "pr.Newton()", "pr.Jacobi()", "pr.Sequential()"],
    ),
    "a class": (solve(method=pr.Newton), TypeError, ["class Newton", "pr.Newton()"]),
    "another class": (solve(method=pr.Jacobi), TypeError, ["class Jacobi", "pr.Jacobi()"]),
    "None": (solve(method=None), TypeError, ["None", "pr.Newton()"]),
    "a number": (solve(method=3), TypeError, ["got 3", "pr.Newton()"]),
    "a string inside Windowed": (
        lambda: pr.Windowed("newton"),
        TypeError,
        ["Windowed", "'newton'", "pr.Newton()"],
    ),
    "a class inside MultipleShooting": (
        lambda: pr.MultipleShooting(pr.Jacobi),
        TypeError,
        ["MultipleShooting", "Jacobi", "pr."],
    ),
    "Damped Jacobi": (
        lambda: pr.Damped(0.5, pr.Jacobi()),
        (TypeError, ValueError),
        ["Damped", "Jacobi", "pr.Newton"],
    ),
    "Damped with a string": (
        lambda: pr.Damped(0.5, "newton"),
        (TypeError, ValueError),
        ["Damped", "newton", "pr.Newton"],
    ),
}

OPTIONS = {
    "on_failure with a typo": (
        solve(on_failure="rise"),
        ValueError,
        ["on_failure", "'rise'", "'raise'", "'return'", "'sequential'"],
    ),
    "on_failure None": (solve(on_failure=None), ValueError, ["on_failure", "None", "'raise'"]),
    "jacobian with a typo": (
        lambda: pr.Newton(jacobian="diag"),
        ValueError,
        ["jacobian", "'diag'", "'diagonal'", "'block'", "'dense'", "'auto'"],
    ),
    "scan with a typo": (
        lambda: pr.Newton(scan="asociative"),
        ValueError,
        ["'asociative'", "'associative'", "'sequential'", "'chunked'"],
    ),
    "scan pallas": (lambda: pr.QuasiNewton(scan="pallas"), ValueError, ["pallas", "'chunked'"]),
    "tol zero": (solve(tol=0), ValueError, ["tol", "positive", "got 0"]),
    "tol zero in float": (solve(tol=0.0), ValueError, ["tol", "positive", "0.0"]),
    "tol negative": (solve(tol=-1e-3), ValueError, ["tol", "positive", "-0.001"]),
    "tol nan": (solve(tol=float("nan")), ValueError, ["tol", "positive", "nan"]),
    "tol text": (solve(tol="1e-3"), (ValueError, TypeError), ["tol", "positive", "'1e-3'"]),
    "max_steps zero": (solve(max_steps=0), ValueError, ["max_steps", "positive", "got 0"]),
    "max_steps negative": (solve(max_steps=-2), ValueError, ["max_steps", "positive", "-2"]),
    "max_steps fraction": (
        solve(max_steps=2.5),
        (ValueError, TypeError),
        ["max_steps", "positive int", "2.5"],
    ),
    "max_steps True": (
        solve(max_steps=True),
        (ValueError, TypeError),
        ["max_steps", "positive int", "True"],
    ),
    "segments zero": (
        lambda: pr.MultipleShooting(segments=0),
        ValueError,
        ["segments", "positive", "got 0"],
    ),
    "segments fraction": (
        lambda: pr.MultipleShooting(segments=2.0),
        (ValueError, TypeError),
        ["segments", "positive int", "2.0"],
    ),
    "window zero": (lambda: pr.Windowed(window=0), ValueError, ["window", "positive", "got 0"]),
    "window negative": (lambda: pr.Windowed(window=-5), ValueError, ["window", "positive", "-5"]),
    "damping above one": (lambda: pr.Damped(1.5), ValueError, ["damping", "[0, 1]", "1.5"]),
    "damping negative": (lambda: pr.Damped(-0.1), ValueError, ["damping", "[0, 1]", "-0.1"]),
    "damping text": (
        lambda: pr.Damped("half"),
        (ValueError, TypeError),
        ["damping", "[0, 1]", "half"],
    ),
    "record by Sequential": (
        solve(record=True, method=pr.Sequential()),
        ValueError,
        ["record", "Sequential"],
    ),
    "record by Windowed": (
        solve(record=True, method=pr.Windowed()),
        ValueError,
        ["record", "Windowed"],
    ),
}

DATA = {
    "xs too wide": (
        lambda: pr.solve(CELL, jnp.ones((7, 5))),
        ValueError,
        ["GRU", "(T, 3)", "(7, 5)"],
    ),
    "xs with a batch axis": (
        lambda: pr.solve(CELL, jnp.ones((2, 7, 3))),
        ValueError,
        ["GRU", "(T, 3)", "(2, 7, 3)", "vmap"],
    ),
    "xs one step": (lambda: pr.solve(CELL, jnp.ones(3)), ValueError, ["GRU", "(T, 3)", "(3,)"]),
    "xs projected but not the cell": (
        lambda: pr.solve(CELL, jax.vmap(CELL.project)(XS)),
        ValueError,
        ["GRU", "(T, 3)", "cell.step"],
    ),
    "xs to unroll": (
        lambda: pr.unroll(CELL, jnp.ones((7, 5))),
        ValueError,
        ["GRU", "(T, 3)", "(7, 5)"],
    ),
    "xs of unlike lengths": (
        function(lambda h, x: h + x[0], (jnp.ones((7, 4)), jnp.ones(6)), jnp.zeros(4)),
        ValueError,
        ["xs", "length", "(7, 4)", "(6,)"],
    ),
    "xs without arrays": (function(STEP, [], jnp.zeros(4)), ValueError, ["xs", "no array"]),
    "xs None": (lambda: pr.solve(STEP, None, jnp.zeros(4)), ValueError, ["xs", "no array"]),
    "xs a number": (
        function(STEP, jnp.asarray(1.0), jnp.zeros(4)),
        ValueError,
        ["xs", "leading time axis", "()"],
    ),
    "h0 missing": (function(STEP), ValueError, ["h0", "initial state"]),
    "h0 missing in unroll": (
        lambda: pr.unroll(STEP, jnp.ones((7, 4))),
        ValueError,
        ["h0", "initial state"],
    ),
    "h0 too long": (solve(h0=jnp.zeros(5)), ValueError, ["GRU", "(4,)", "(5,)"]),
    "h0 of a batch": (solve(h0=jnp.zeros((2, 4))), ValueError, ["GRU", "(4,)", "(2, 4)"]),
    "h0 an array for an LSTM": (
        lambda: pr.solve(LSTM, XS, jnp.zeros(4)),
        ValueError,
        ["LSTM", "LSTMState", "(4,)"],
    ),
    "h0 a plain pair for an LSTM": (
        lambda: pr.solve(LSTM, XS, (jnp.zeros(4), jnp.zeros(4))),
        ValueError,
        ["LSTM", "LSTMState", "tuple"],
    ),
    "h0 of integers": (
        function(STEP, h0=jnp.zeros(4, int)),
        TypeError,
        ["h0", "floating", "int64"],
    ),
    "h0 of complex numbers": (
        function(STEP, h0=jnp.zeros(4, complex)),
        TypeError,
        ["h0", "floating", "complex128"],
    ),
    "h0 for bound step": (
        lambda: pr.solve(CELL.step, jax.vmap(CELL.project)(XS), jnp.zeros(9)),
        ValueError,
        ["GRU", "(4,)", "(9,)"],
    ),
    "guess too short": (
        solve(initial_guess=jnp.zeros((6, 4))),
        ValueError,
        ["initial_guess", "(7, 4)", "(6, 4)"],
    ),
    "guess of one state": (
        solve(initial_guess=jnp.zeros(4)),
        ValueError,
        ["initial_guess", "(7, 4)", "(4,)"],
    ),
    "guess with a prefix h0": (
        solve(initial_guess=jnp.zeros((8, 4))),
        ValueError,
        ["initial_guess", "(7, 4)", "(8, 4)"],
    ),
    "guess an array for an LSTM": (
        lambda: pr.solve(LSTM, XS, initial_guess=jnp.zeros((7, 4))),
        ValueError,
        ["initial_guess", "(7, 4)", "tree"],
    ),
}

FUNCTIONS = {
    "returns another shape": (
        function(wrong_shape, h0=jnp.zeros(4)),
        ValueError,
        ["wrong_shape", "(4,)", "(5,)"],
    ),
    "returns another tree": (
        function(a_pair, h0=jnp.zeros(4)),
        ValueError,
        ["a_pair", "(4,)", "tuple"],
    ),
    "returns integers": (
        function(integers, h0=jnp.zeros(4)),
        TypeError,
        ["integers", "floating", "int64"],
    ),
    "takes (input, state)": (
        function(swapped, jnp.ones((7, 3)), jnp.zeros(4)),
        ValueError,
        ["swapped", "(4,)", "(3,)", "cell(state, input)"],
    ),
    "unroll, another shape": (
        lambda: pr.unroll(wrong_shape, jnp.ones((7, 4)), jnp.zeros(4)),
        ValueError,
        ["wrong_shape", "(4,)", "(5,)"],
    ),
    "is no function": (
        lambda: pr.solve(3.0, XS, jnp.zeros(4)),
        TypeError,
        ["callable", "cell(state, input)", "float"],
    ),
    "is a class of cells": (
        lambda: pr.solve(pr.GRU, XS),
        (TypeError, ValueError),
        ["GRU", "h0"],
    ),
}

T, D = 6, 3
DIAGONAL, VECTOR, START = jnp.ones((T, D)), jnp.ones((T, D)), jnp.ones(D)
BLOCK = pr.Block2(DIAGONAL, DIAGONAL, DIAGONAL, DIAGONAL)


def recur(*arguments, **options):
    return lambda: pr.linear_recurrence(*arguments, **options)


RECURRENCES = {
    "backend with a typo": (
        recur(DIAGONAL, VECTOR, backend="asociative"),
        ValueError,
        ["'asociative'", "'associative'", "'sequential'", "'chunked'", "'auto'", "Did you mean"],
    ),
    "backend like nothing": (
        recur(DIAGONAL, VECTOR, backend="zzz"),
        ValueError,
        ["'zzz'", "'associative'", "'sequential'", "'chunked'"],
    ),
    "backend None": (recur(DIAGONAL, VECTOR, backend=None), ValueError, ["None", "'auto'"]),
    "backend pallas": (
        recur(DIAGONAL, VECTOR, backend="pallas"),
        ValueError,
        ["pallas", "'associative'"],
    ),
    "b too wide": (recur(DIAGONAL, jnp.ones((T, 4))), ValueError, ["b", "(6, 3)", "(6, 4)"]),
    "b too short": (recur(DIAGONAL, jnp.ones((5, D))), ValueError, ["b", "(6, 3)", "(5, 3)"]),
    "b with a batch axis": (
        recur(DIAGONAL, jnp.ones((2, T, D))),
        ValueError,
        ["b", "(6, 3)", "(2, 6, 3)"],
    ),
    "b a pair for a diagonal": (
        recur(DIAGONAL, (VECTOR, VECTOR)),
        (TypeError, ValueError),
        ["b", "tuple"],
    ),
    "h0 too long": (recur(DIAGONAL, VECTOR, jnp.ones(4)), ValueError, ["h0", "(3,)", "(4,)"]),
    "h0 a number": (recur(DIAGONAL, VECTOR, jnp.asarray(1.0)), ValueError, ["h0", "(3,)", "()"]),
    "A not square": (
        recur(jnp.ones((T, D, 4)), VECTOR),
        ValueError,
        ["A", "(T, d, d)", "(6, 3, 4)"],
    ),
    "A one vector": (recur(jnp.ones(D), VECTOR), ValueError, ["A", "(T, d)", "(3,)"]),
    "A with a batch axis": (
        recur(jnp.ones((2, T, D, D)), VECTOR),
        ValueError,
        ["A", "(T, d, d)", "(2, 6, 3, 3)", "vmap"],
    ),
    "A a list": (recur([1.0, 2.0], VECTOR), TypeError, ["A", "array", "Block2", "list"]),
    "A dense, b too wide": (
        recur(jnp.ones((T, D, D)), jnp.ones((T, 4))),
        ValueError,
        ["b", "(6, 3)", "(6, 4)"],
    ),
    "A of integers": (
        recur(jnp.ones((T, D), int), VECTOR),
        TypeError,
        ["A", "floating", "int64"],
    ),
    "b of integers": (recur(DIAGONAL, jnp.ones((T, D), int)), TypeError, ["b", "float", "int64"]),
    "h0 of booleans": (
        recur(DIAGONAL, VECTOR, jnp.ones(D, bool)),
        TypeError,
        ["h0", "float", "bool"],
    ),
    "b a list": (recur(DIAGONAL, [[1.0] * D] * T), (TypeError, ValueError), ["b", "array"]),
    "block, b not a pair": (recur(BLOCK, VECTOR), TypeError, ["Block2", "b", "pair", "Array"]),
    "block, b of three": (
        recur(BLOCK, (VECTOR, VECTOR, VECTOR)),
        TypeError,
        ["Block2", "b", "pair"],
    ),
    "block, h0 not a pair": (
        recur(BLOCK, (VECTOR, VECTOR), START),
        TypeError,
        ["Block2", "h0", "pair"],
    ),
    "block, b too wide": (
        recur(BLOCK, (VECTOR, jnp.ones((T, 4)))),
        ValueError,
        ["b", "(6, 3)", "(6, 4)"],
    ),
    "block, planes of unlike shape": (
        recur(pr.Block2(DIAGONAL, DIAGONAL, DIAGONAL, jnp.ones((T, 4))), (VECTOR, VECTOR)),
        ValueError,
        ["A", "(6, 3)", "(6, 4)"],
    ),
    "block, planes of one axis": (
        recur(pr.Block2(START, START, START, START), (START, START)),
        ValueError,
        ["Block2", "(T, d)", "(3,)"],
    ),
}


def cases(**tables):
    return [
        pytest.param(*case, id=f"{table}: {name}")
        for table, entries in tables.items()
        for name, case in entries.items()
    ]


@pytest.mark.parametrize(
    "call, kind, pieces",
    cases(
        method=METHOD,
        option=OPTIONS,
        data=DATA,
        function=FUNCTIONS,
        recurrence=RECURRENCES,
    ),
)
def test_message(call, kind, pieces):
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    missing = [piece for piece in pieces if piece not in text]
    assert not missing, f"{missing} not in: {text}"


@pytest.mark.parametrize("kind", ["jit", "vmap", "grad"])
def test_errors_come_at_once_under_transformations(kind):
    """While tracing: no program is run with a wrong argument."""
    call = lambda xs: pr.solve(CELL, xs, tol=-1.0).states.sum()
    transformed = {"jit": jax.jit(call), "vmap": jax.vmap(call), "grad": jax.grad(call)}[kind]
    with pytest.raises(ValueError, match=r"tol.*positive"):
        transformed(jnp.ones((2, 7, 3)) if kind == "vmap" else XS)


def test_arguments_are_checked_for_empty_sequences_too():
    with pytest.raises(TypeError, match="method"):
        pr.solve(CELL, jnp.ones((0, 3)), method="newton")
    with pytest.raises(ValueError, match="h0"):
        pr.solve(CELL, jnp.ones((0, 3)), jnp.zeros(5))
    with pytest.raises(ValueError, match="initial_guess"):
        pr.solve(CELL, jnp.ones((0, 3)), initial_guess=jnp.zeros((3, 4)))


def test_numpy_numbers_are_numbers():
    """What comes out of numpy arithmetic is welcome as an option."""
    solution = pr.solve(CELL, XS, tol=np.float32(1e-4), max_steps=np.int64(7))
    assert solution.converged
