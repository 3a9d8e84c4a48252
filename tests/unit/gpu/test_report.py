"""The report of a function, compiled here for GPUs that are not here."""

import json

import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr
from pararnn_edu import gpu
from pararnn_edu.gpu import show

pytestmark = pytest.mark.usefixtures("compiler")
T, D = 4096, 64
PLANE = jax.ShapeDtypeStruct((T, D), jnp.float32)


def recurrence(A, b):
    return pr.linear_recurrence(A, b, backend="sequential")


def solve(A, b):
    """Runs until nothing moves: a loop of unknown length."""
    end = jax.lax.while_loop(lambda h: jnp.max(h) > 1, lambda h: h * A, b)
    return end


@pytest.fixture(scope="module")
def scan(compiler):
    return gpu.report(recurrence, PLANE, PLANE)


def test_a_loop_over_time_is_multiplied_out(scan):
    assert scan.launches == gpu.launches(scan.hlo).total > T
    assert [loop.trips for loop in scan.loops] == [T]
    assert sum(each.launches for each in scan.kernels) == scan.launches
    assert sum(each.bytes for each in scan.kernels) == scan.bytes
    # A step reads A_t, b_t and h, and writes h twice; and counts the steps.
    step = next(each for each in scan.kernels if each.launches == T and each.bytes > T * D * 4)
    assert 3 * T * D * 4 <= scan.bytes <= 12 * T * D * 4
    assert step.registers > 4 and step.spill_bytes == 0 and step.threads >= 32
    assert step.load_widths and step.store_widths


def test_bytes_are_set_against_the_least(scan):
    assert scan.least_bytes == 3 * T * D * 4
    assert scan.bytes > scan.least_bytes


def test_the_ptx_is_there(scan):
    name = next(each.name for each in scan.kernels if each.kind == "kernel")
    assert f".entry {name}(" in scan.ptx(name)
    with pytest.raises(ValueError, match=f"no PTX of a kernel 'x'; there are .*{name}"):
        scan.ptx("x")


def test_the_modelled_time_is_called_so(scan):
    seconds = scan.launches * 3e-6 + scan.bytes / 1555e9
    assert scan.modelled_seconds == pytest.approx(seconds)
    line = next(line for line in str(scan).splitlines() if show.seconds(seconds) in line)
    assert "modelled time, not measured" in line and "3 us" in line and "1555 GB/s" in line


def test_the_report_shows_itself(scan):
    text, html = str(scan), scan._repr_html_()
    assert "recurrence on NVIDIA A100-SXM4-40GB" in text
    for each in scan.kernels:
        assert each.name in text and each.name in html
    assert html.count("<tr>") == len(scan.kernels) + 1
    assert max(map(len, text.splitlines())) < 140
    assert "hlo" not in repr(scan)
    figure = scan.plot()
    assert figure.axes


def test_the_report_can_be_kept(scan):
    kept = json.loads(json.dumps(scan.as_dict()))
    assert kept["launches"] == scan.launches and kept["target"] == "A100"
    assert len(kept["kernels"]) == len(scan.kernels)


def test_a_loop_of_unknown_length(compiler):
    found = gpu.report(solve, PLANE, PLANE)
    assert found.launches is found.bytes is found.modelled_seconds is None
    assert "how often the loop" in found.unknown[0] and found.unknown[0] in str(found)
    assert "?" in str(found) and "trips=N" in str(found)
    three = gpu.report(solve, PLANE, PLANE, trips=3)
    assert three.launches == gpu.launches(three.hlo, 3).total
    assert sum(each.launches for each in three.kernels) == three.launches


def test_the_report_of_one_target_is_not_that_of_another(scan):
    other = gpu.report(recurrence, PLANE, PLANE, target="T4")
    assert other.card.name == "Tesla T4"
    assert other.modelled_seconds > scan.modelled_seconds
    assert all(each.registers for each in other.kernels if each.kind == "kernel")


def test_what_a_function_holds_and_what_is_no_array():
    """Closures, modules with fields that are no arrays, and results that are none."""
    held = jnp.arange(D, dtype=jnp.float32)
    cell = pr.ParaGRU(3, D, key=jax.random.key(0))

    def fn(cell, xs, name):
        assert name == "static"
        return jax.vmap(cell.project)(xs), held * 2, None

    found = gpu.report(fn, cell, jax.ShapeDtypeStruct((5, 3), jnp.float32), "static")
    assert found.launches >= 1


def test_a_pallas_kernel_is_found_by_its_name():
    scan = lambda A, b: pr.linear_recurrence(A, b, backend="pallas")
    found = gpu.report(scan, PLANE, PLANE, target="L4")
    ours = [each for each in found.kernels if each.name.startswith("scan_")]
    assert ours and all(each.spill_bytes == 0 and each.blocks for each in ours)
    assert found.launches < 10


def test_a_t4_refuses_pallas_and_the_error_says_so():
    """The rule of the library is bypassed: the compiler must say it too."""
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton

    def kernel(x, o):
        o[...] = x[...] * 2

    def fn(x):
        params = triton.CompilerParams(num_warps=1, num_stages=1)
        return pl.pallas_call(kernel, out_shape=x, compiler_params=params)(x)

    x = jax.ShapeDtypeStruct((16, 32), jnp.float32)
    assert gpu.report(fn, x).launches == 1
    with pytest.raises(gpu.CompileError, match=r"refused the program: .*Ampere"):
        gpu.report(fn, x, target="T4")


def test_x64_programs_keep_their_dtype():
    found = gpu.report(jnp.tanh, jax.ShapeDtypeStruct((8,), jnp.float64))
    assert found.least_bytes == 2 * 8 * 8
