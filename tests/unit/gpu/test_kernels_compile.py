"""The compile gate: every Pallas kernel, for every GPU that runs it, past NVIDIA's assembler.

Needs the compiler that `python -m pararnn_edu xray --install` fetches, and no GPU.
"""

import functools

import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr
from pararnn_edu.gpu import CompileError, MissingPlugin, packages, report
from pararnn_edu.scans.pallas.recur import run
from pararnn_edu.scans.pallas.scan import Way
from pararnn_edu.solvers.fused.passes import Plan
from pararnn_edu.solvers.fused.pointwise import WEIGHTS, Pointwise
from pararnn_edu.solvers.fused.states import states

try:
    packages.find()
    MISSING = ""
except MissingPlugin as missing:
    MISSING = str(missing)

needs_compiler = pytest.mark.skipif(bool(MISSING), reason=MISSING)
TARGETS = ["A100", "L4", "H100"]
OURS = ("scan_", "paragru_", "paralstm_")
FORWARD, ADJOINT = Way(False, False, False), Way(True, True, False)
f32, bf16, f16 = jnp.float32, jnp.bfloat16, jnp.float16


def diagonal(T, d, dtype=f32, way=FORWARD, batch=()):
    a = jax.ShapeDtypeStruct((*batch, T, d), dtype)
    f = lambda a, b: run(way, pr.Diagonal(a), b, None)
    return (jax.vmap(f) if batch else f), (a, a)


def block(T, d, dtype=f32, way=FORWARD, batch=()):
    a = jax.ShapeDtypeStruct((*batch, T, d), dtype)
    f = lambda A, b: run(way, A, b, None)
    return (jax.vmap(f) if batch else f), (pr.Block2(a, a, a, a), (a, a))


def solver(cell, T, d, dtype=f32, batch=4, shots=2):
    """Forward and backward, from projected inputs: the products with weights are XLA's."""
    array = lambda *shape: jax.ShapeDtypeStruct(shape, dtype)
    plan = Plan(Pointwise(cell), None if shots else T, shots, False)
    h0 = plan.cell.state(array(d))

    def values_and_gradients(weights, u):
        zero = jax.tree.map(lambda h: jnp.zeros(h.shape, h.dtype), h0)
        run = lambda weights, u: jax.vmap(lambda u: states(plan, weights, u, zero)[0])(u)
        h, pull = jax.vjp(run, weights, u)
        return h, pull(h)

    return values_and_gradients, ((array(d),) * len(WEIGHTS[cell]), (array(batch, T, d),) * 3)


# Where rows of d numbers are a whole number of 128-bit pieces, every access is one.
WHOLE = {
    "scans": [
        diagonal(2**20, 64),
        diagonal(2**14, 64, f32, ADJOINT),
        diagonal(4096, 256, bf16, ADJOINT),
        diagonal(2000, 16, f16, batch=(3,)),
        diagonal(1000, 256, f32, batch=(64,)),
        diagonal(2**14, 64, f32, Way(True, False, False)),
        block(2**20, 64),
        block(4096, 256, bf16, ADJOINT),
        block(1000, 256, f32, ADJOINT, batch=(64,)),
    ],
    "fused": [
        solver(pr.ParaGRU, 4096, 64),
        solver(pr.ParaGRU, 4096, 256, bf16),
        solver(pr.ParaLSTM, 4096, 64),
        solver(pr.ParaLSTM, 4096, 256, bf16),
        solver(pr.ParaGRU, 512, 16, f16, shots=0),
        solver(pr.ParaLSTM, 512, 16, f16, shots=0),
    ],
}
# Any T and any d: odd, single, and larger than a tile.
AWKWARD = {
    "scans": [
        diagonal(1001, 37),
        diagonal(2**16, 1, bf16, ADJOINT),
        diagonal(1001, 203, f16, ADJOINT),
        block(1001, 37, f32, ADJOINT),
        block(2**16, 1, bf16),
    ],
    "fused": [
        solver(pr.ParaGRU, 1001, 37),
        solver(pr.ParaLSTM, 2**14, 1, bf16),
    ],
}


@functools.cache
def compiled(group, name, target):
    """All programs of a group as one, so that one process compiles them."""
    programs = {"whole": WHOLE, "awkward": AWKWARD}[group][name]

    def everything(all_args):
        return [f(*args) for (f, _), args in zip(programs, all_args, strict=True)]

    kernels = report(everything, [args for _, args in programs], target=target).kernels
    return [k for k in kernels if k.name.startswith(OURS)]


@needs_compiler
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["scans", "fused"])
@pytest.mark.parametrize("group", ["whole", "awkward"])
def test_no_kernel_spills(group, name, target):
    kernels = compiled(group, name, target)
    assert len(kernels) >= 9
    assert {k.name: k.spill_bytes for k in kernels} == {k.name: 0 for k in kernels}
    assert all(k.registers > 0 for k in kernels)
    full = {k.name for k in kernels if k.registers == 255}  # all that a thread may have
    assert all("paralstm_run_back" in name for name in full), full
    assert all(k.threads == 32 and k.shared_bytes == 0 for k in kernels)
    if group == "whole":
        narrow = [k.name for k in kernels if {*k.load_widths, *k.store_widths} != {128}]
        assert not narrow


@needs_compiler
def test_a_million_steps():
    f, args = diagonal(2**20, 64)
    found = report(f, *args)
    assert found.launches <= 10
    assert found.bytes <= 1.7 * found.least_bytes


@needs_compiler
def test_a_batch_that_fills_the_device():
    f, args = diagonal(1000, 256, batch=(64,))
    found = report(f, *args)
    assert found.launches == 1
    assert found.bytes == found.least_bytes


@needs_compiler
def test_a_t4_says_no():
    f, args = diagonal(1000, 64)
    with pytest.raises(ValueError, match=r"compute capability 8\.0"):
        report(lambda b: pr.linear_recurrence(b, b, backend="pallas"), args[0], target="T4")
    with pytest.raises(CompileError, match="Ampere"):
        report(f, *args, target="T4")
