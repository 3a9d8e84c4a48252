"""How a scan is cut at the real sizes: launches, bytes, and values across every seam."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from ... import oracle
from ...helpers import assert_close
from ..problems import planes, recurrence
from .launches import kernels, moved


def linear(A, b):
    return pr.linear_recurrence(A, b, backend="interpret")


def array(*shape, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(shape, dtype)


def block(*shape):
    return pr.Block2(*[array(*shape)] * 4), (array(*shape),) * 2


MILLION = 2**20


@pytest.mark.parametrize("d", [1, 3, 64, 1000])
def test_a_million_steps_take_at_most_ten_launches(d):
    assert len(kernels(linear, array(MILLION, d), array(MILLION, d))) <= 5
    assert len(kernels(linear, *block(MILLION, d))) <= 5


def test_short_sequences_take_one():
    assert len(kernels(linear, array(256, 3), array(256, 3))) == 1


@pytest.mark.parametrize("T", [2**14, 2**16, MILLION])
def test_two_passes_move_at_most_1_7_times_the_least(T):
    least = 3 * T * 64 * 4  # A and b read, h written
    assert moved(linear, array(T, 64), array(T, 64)) <= 1.7 * least


def test_a_batch_that_fills_the_device_is_read_once():
    a = array(64, 4096, 256)
    assert len(kernels(jax.vmap(linear), a, a)) == 1
    assert moved(jax.vmap(linear), a, a) == 3 * 64 * 4096 * 256 * 4


def test_a_batch_adds_no_launch():
    one, many = array(4096, 16), array(7, 4096, 16)
    assert len(kernels(jax.vmap(linear), many, many)) == len(kernels(linear, one, one)) == 3


def test_maps_shared_by_a_batch_are_not_copied():
    A, b = array(4096, 64), array(5, 4096, 64)
    found = kernels(jax.vmap(linear, (None, 0)), A, b)
    assert {(4096, 64)} <= {v.aval.shape for eqn in found for v in eqn.invars}


def test_half_precision_is_read_and_written_as_it_is():
    a = array(64, 4096, 256, dtype=jnp.bfloat16)
    assert moved(jax.vmap(linear), a, a) == 3 * 64 * 4096 * 256 * 2


@pytest.mark.parametrize("d", [5, 33])
def test_values_at_the_real_sizes(d):
    q = recurrence("diagonal", 300, d=d)
    hs = linear(*q.in_jax(jnp.float32)[:2])
    assert_close(hs, oracle.recurrence(q.A, q.b, np.zeros(d)), 1e-5)


def test_block_values_at_the_real_sizes():
    q = recurrence("block", 300, size=0.98)
    hs = linear(*q.in_jax(jnp.float32)[:2])
    assert_close(hs, planes(oracle.recurrence(q.A, q.b, (np.zeros(3),) * 2), "block"), 1e-5)
