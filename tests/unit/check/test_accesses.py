"""`accesses.watch`: what it sees of a kernel, where it is stricter than Pallas, and its picture."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

from pararnn_edu.check import CheckFailed, accesses, memory

X = jnp.arange(24, dtype="float32").reshape(6, 4)
OUT = jax.ShapeDtypeStruct((6, 4), "float32")


def double(x, y):
    """Two lines to a program."""
    first = 2 * pl.program_id(0)

    def line(t, nothing):
        y[t, :] = 2 * x[t, :]
        return nothing

    lax.fori_loop(first, first + 2, line, 0)


def running_sum(x, y):
    """Right if the programs run in their order, which nobody promises."""
    t = pl.program_id(0)
    y[t, :] = x[t, :] + jnp.where(t > 0, y[jnp.maximum(t - 1, 0), :], 0.0)


def turned(x, y):
    """A tile of four lines, masked."""
    line = 4 * pl.program_id(0) + jnp.arange(4)[:, None]
    channel, there = jnp.arange(4)[None, :], jnp.broadcast_to(line < 6, (4, 4))
    tile = triton.load(x.at[5 - line, channel], mask=there, other=0)
    triton.store(y.at[line, channel], tile, mask=there)


@pytest.mark.parametrize("kernel, programs", [(double, 3), (turned, 2), (running_sum, 6)])
def test_results_are_those_of_pallas(kernel, programs):
    by_pallas = pl.pallas_call(kernel, OUT, grid=(programs,), interpret=True)(X)
    assert jnp.array_equal(accesses.watch(kernel, OUT, (programs,), X).results, by_pallas)


def test_the_log_names_program_kind_array_and_places():
    seen = accesses.watch(double, OUT, (3,), X, order=[2, 0, 1])
    first, second = seen.log[:2]
    assert first[:3] == ((2,), "read", "x") and second[:3] == ((2,), "write", "y")
    assert list(first.places) == list(second.places) == [16, 17, 18, 19]
    assert [access.program for access in seen.log[::4]] == [(2,), (0,), (1,)]


def test_what_is_counted():
    seen = accesses.watch(running_sum, OUT, (6,), X)
    assert list(seen.times("y", "read")[:, 0]) == [2, 1, 1, 1, 1, 0]  # line 0 by itself, too
    assert (seen.times("x", "read") == 1).all() and (seen.times("y", "write") == 1).all()
    assert seen.bytes == 3 * X.nbytes
    assert str(seen).splitlines() == [
        "6 programs, 288 bytes loaded and stored",
        "x: read 24 of 24 places, once",
        "y: read 20 of 24 places, 1 to 2 times",
        "y: written 24 of 24 places, once",
    ]


def test_another_order_shows_what_a_program_took_from_its_neighbour():
    forwards, backwards = (
        accesses.watch(running_sum, OUT, (6,), X, order=order).results
        for order in ("forwards", "backwards")
    )
    assert jnp.array_equal(forwards, jnp.cumsum(X, 0))
    assert list(jnp.isnan(backwards[:, 0])) == [False] + [True] * 5


def test_masked_places_are_not_touched():
    seen = accesses.watch(turned, OUT, (2,), X, order="backwards")
    assert seen.bytes == 2 * X.nbytes and jnp.array_equal(seen.results, X[::-1])


def test_masked_loads_hold_other_or_nothing():
    def kernel(x, y, z):
        line, channel = jnp.arange(2)[:, None], jnp.arange(4)[None, :]
        there = jnp.broadcast_to(line < 1, (2, 4))
        y[...] = triton.load(x.at[line, channel], mask=there, other=7)
        z[...] = triton.load(x.at[line, channel], mask=there)

    two = jax.ShapeDtypeStruct((2, 4), "float32")
    filled, unfilled = accesses.watch(kernel, (two, two), (1,), X).results
    assert list(filled[:, 0]) == [0, 7] and list(jnp.isnan(unfilled[:, 0])) == [False, True]


@pytest.mark.parametrize(
    "index, part",
    [
        (lambda t: (t + 5, slice(None)), r"program \(1,\) reads x\[6, 0\]"),
        (lambda t: (t - 1, slice(None)), r"program \(0,\) reads x\[-1, 0\]"),
        (lambda t: (pl.ds(3 * t, 4), slice(None)), r"program \(1,\) reads x\[6, 0\]"),
        (lambda t: (0, 3 + t + 0 * jnp.arange(2)), r"program \(1,\) reads x\[0, 4\]"),
    ],
)
def test_an_address_outside_is_an_error_that_names_it(index, part):
    with pytest.raises(CheckFailed, match=part):
        accesses.watch(lambda x, y: x[index(pl.program_id(0))], OUT, (2,), X)


@pytest.mark.parametrize(
    "value, part",
    [
        (lambda: jnp.zeros(4, "bfloat16"), r"bfloat16 \(4,\) in y, where float32 \(4,\) belongs"),
        (lambda: jnp.zeros((1, 4), "float32"), r"float32 \(1, 4\) in y"),
    ],
)
def test_a_value_of_another_shape_or_dtype_is_an_error(value, part):
    def kernel(x, y):
        y[0, :] = value()

    with pytest.raises(CheckFailed, match=part):
        accesses.watch(kernel, OUT, (1,), X)
    with pytest.raises(ValueError):
        pl.pallas_call(kernel, OUT, grid=(1,), interpret=True)(X)


@pytest.mark.parametrize(
    "index, shape, selected",
    [
        (..., (2, 3), [[0, 1, 2], [3, 4, 5]]),
        (1, (2, 3), [3, 4, 5]),
        ((Ellipsis, 2), (2, 3), [2, 5]),
        ((slice(None), 1), (2, 3), [1, 4]),
        ((slice(1, None), pl.ds(1, 2)), (2, 3), [[4, 5]]),
        ((jnp.array([1, 0]), slice(None)), (2, 3), [[3, 4, 5], [0, 1, 2]]),
        ((slice(None), jnp.array([2, 0])), (2, 3), [[2, 5], [0, 3]]),
        ((np.array([[0], [1]]), np.array([[2, 1]])), (2, 3), [[2, 1], [5, 4]]),
        ((1, slice(None), 0), (2, 2, 2), [4, 6]),
    ],
)
def test_indices_select_what_they_select_in_pallas(index, shape, selected):
    axes = np.broadcast_arrays(*memory.opened(index, shape))
    assert np.ravel_multi_index(axes, shape).tolist() == selected


def test_pallas_is_itself_again_afterwards():
    before = pl.program_id, pl.num_programs, triton.load, triton.store
    with pytest.raises(ZeroDivisionError):
        accesses.watch(lambda x, y: 1 // 0, OUT, (1,), X)
    assert (pl.program_id, pl.num_programs, triton.load, triton.store) == before


@pytest.mark.parametrize(
    "grid, options, part",
    [
        ((3,), {"order": "sideways"}, "'forwards', 'backwards' or numbers"),
        ((3,), {"order": [0, 1, 1]}, "each of the 3 programs once"),
    ],
)
def test_a_wrong_order_is_an_error(grid, options, part):
    with pytest.raises(ValueError, match=part):
        accesses.watch(double, OUT, grid, X, **options)


def test_a_kernel_with_other_references_is_an_error():
    with pytest.raises(ValueError, match=r"2 references \(x, y\), but there are 3"):
        accesses.watch(double, OUT, (3,), X, X)


def test_references_need_no_names():
    def kernel(x, *out):
        for ref in out:
            ref[...] = x[...]

    seen = accesses.watch(kernel, (OUT, OUT), (1,), X)
    assert seen.touched == [("x", "read"), ("array 1", "write"), ("array 2", "write")]


def test_a_grid_of_two_axes_and_the_number_of_programs():
    def kernel(x, y):
        i, j = pl.program_id(0), pl.program_id(1)
        y[i, j] = (10 * pl.num_programs(0) + pl.num_programs(1)).astype("float32")

    out = jax.ShapeDtypeStruct((2, 3), "float32")
    seen = accesses.watch(kernel, out, (2, 3), X)
    assert (seen.results == 23).all() and seen.log[1].program == (0, 1)


def test_the_picture_tells_apart_one_program_several_and_none():
    seen = accesses.watch(running_sum, OUT, (6,), X)
    picture = seen.picture("y", title="A race")
    read, written = picture.figure.axes
    assert (read.get_title(loc="left"), written.get_title(loc="left")) == ("y: read", "y: written")
    orange, white = [0.835, 0.369, 0.0], [1, 1, 1]
    shades = np.asarray(read.images[0].get_array())
    assert np.allclose(shades[:5], orange, atol=0.01) and np.allclose(shades[5], white)
    assert [text.get_text() for text in written.texts] == ["5"]
    assert "lines 0 to 4 by more than one program" in picture.alt
    assert "y: written, line 5 by program 5" in picture.alt


def test_the_picture_of_a_batch_and_of_a_line_can_be_drawn():
    def kernel(x, lengths, y):
        i = pl.program_id(0)
        y[i, ...] = x[i, ...] * lengths[i] + x[i, ...]

    out = jax.ShapeDtypeStruct((2, 3, 4), "float32")
    picture = accesses.watch(
        kernel, out, (2,), X.reshape(2, 3, 4), jnp.ones(2, "float32")
    ).picture()
    assert [axes.get_title(loc="left") for axes in picture.figure.axes] == [
        "x: read",
        "lengths: read",
        "y: written",
    ]
    assert len(picture.figure.axes[0].lines[0].get_xdata()) == 24  # a dot: read twice
    assert picture.figure.png()[:4] == b"\x89PNG"


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="asked for was"):
        accesses.watch(double, OUT, (3,), X).picture("z")
