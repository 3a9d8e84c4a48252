"""What the kernels cannot do, and where; each refusal says what can be had instead."""

import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr
from pararnn_edu.scans import device, recurrence

ONES = jnp.ones((4, 3), jnp.float32)


def said(f, *args):
    with pytest.raises(ValueError) as caught:
        f(*args)
    return str(caught.value)


def on_gpu(monkeypatch, capability):
    class Device:
        device_kind = "NVIDIA of the tests"
        compute_capability = capability

    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(jax, "devices", lambda: [Device()])


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit])
def test_a_cpu_is_referred_to_the_interpreter(wrap):
    text = said(wrap(lambda b: pr.linear_recurrence(b, b, backend="pallas")), ONES)
    for word in ("'pallas'", "8.0", "'interpret'", "'associative'", "cpu"):
        assert word in text


@pytest.mark.parametrize("capability", ["7.5", "gfx90a"])
def test_an_older_gpu_is_named(monkeypatch, capability):
    on_gpu(monkeypatch, capability)
    text = said(lambda: pr.linear_recurrence(ONES, ONES, backend="pallas"))
    assert "8.0 or more" in text
    assert ("7.5" if capability == "7.5" else "NVIDIA of the tests") in text


@pytest.mark.parametrize("dtype", [jnp.float64, jnp.complex64])
def test_other_numbers_are_refused(dtype):
    b = jnp.ones((4, 3), dtype)
    text = said(lambda: pr.linear_recurrence(b, b, backend="interpret"))
    assert "float32" in text and b.dtype.name in text and "'associative'" in text


def test_dense_matrices_are_refused():
    A = jnp.ones((4, 3, 3), jnp.float32)
    text = said(lambda: pr.linear_recurrence(A, ONES, backend="interpret"))
    assert "diagonal and 2x2-block" in text and "Dense" in text


def test_a_solver_with_dense_jacobians_is_told():
    cell = pr.GRU(3, 4, key=jax.random.key(0))
    assert "Dense" in said(lambda: pr.solve(cell, ONES, method=pr.Newton(scan="interpret")))


def test_more_steps_than_can_be_counted():
    b = jax.ShapeDtypeStruct((2**16, 2**15, 1), jnp.float32)
    run = jax.vmap(lambda b: pr.linear_recurrence(b, b, backend="interpret"))
    assert "65536 x 32768" in said(lambda: jax.eval_shape(run, b))


AUTO = {
    "8.0": {"diagonal": "pallas", "float64": "associative", "dense": "associative"},
    "9.0": {"diagonal": "pallas", "float64": "associative", "dense": "associative"},
    "7.5": {"diagonal": "associative", "float64": "associative", "dense": "associative"},
    "gfx90a": {"diagonal": "associative", "float64": "associative", "dense": "associative"},
}


@pytest.mark.parametrize("capability", AUTO)
def test_auto_takes_the_kernels_where_they_run(monkeypatch, capability):
    on_gpu(monkeypatch, capability)
    problems = {
        "diagonal": (pr.Diagonal(ONES), ONES),
        "float64": (pr.Diagonal(ONES.astype(jnp.float64)), ONES.astype(jnp.float64)),
        "dense": (pr.Dense(jnp.ones((4, 3, 3), jnp.float32)), ONES),
    }
    found = {name: recurrence.resolve_backend("auto", *p) for name, p in problems.items()}
    assert found == AUTO[capability]


def test_auto_on_a_cpu_is_the_loop():
    assert recurrence.resolve_backend("auto", pr.Diagonal(ONES), ONES) == "sequential"


def test_kernels_are_traced_for_a_gpu_that_is_not_there():
    trace = lambda: jax.make_jaxpr(lambda b: pr.linear_recurrence(b, b, backend="pallas"))(ONES)
    with device.compiling_for((8, 0)):
        assert "pallas_call" in str(trace())
    said(trace)
    with device.compiling_for((7, 5)):
        assert "7.5" in said(trace)
