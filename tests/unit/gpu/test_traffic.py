"""Bytes, counted from HLO text."""

import pytest

from pararnn_edu.gpu.count import launches, runs
from pararnn_edu.gpu.hlo import computations
from pararnn_edu.gpu.traffic import Traffic, size

from . import programs


def fusion(body: str, operands: str, result: str) -> str:
    """A program of one fusion. `body` may read `%p` and `%q`."""
    return (
        f"HloModule m\n%f (p: f32[64,8], q: f32[64,8]) -> {result} {{\n"
        "  %p = f32[64,8]{1,0} parameter(0)\n  %q = f32[64,8]{1,0} parameter(1)\n"
        f"{body}}}\n"
        "ENTRY %e (x: f32[64,8], y: f32[64,8]) -> f32[] {\n"
        "  %x = f32[64,8]{1,0} parameter(0)\n  %y = f32[64,8]{1,0} parameter(1)\n"
        f"  ROOT %r = {result} fusion({operands}), kind=kLoop, calls=%f\n}}\n"
    )


def moved(text: str) -> int:
    found = computations(text)
    traffic = Traffic(found)
    return sum(times * traffic.bytes(c, each) for c, each, times in runs(found, 3))


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        ("f32[8,4]{1,0}", 128),
        ("bf16[3]{0:T(256)}", 6),
        ("pred[]", 1),
        ("(s32[], f32[2,2]{1,0}, /*index=2*/(f64[3]{0}, u8[5]))", 4 + 16 + 24 + 5),
        ("c64[2]", 16),
        ("f8e4m3fn[7]", 7),
        ("f32[0,4]{1,0}", 0),
        ("token[]", 0),
    ],
)
def test_size_of_a_shape(shape, count):
    assert size(shape) == count


FULL = 64 * 8 * 4


@pytest.mark.parametrize(
    ("body", "result", "count"),
    [
        # all of both arguments
        ("  ROOT %a = f32[64,8]{1,0} add(%p, %q)\n", "f32[64,8]", 3 * FULL),
        # an argument that is not used is not read
        ("  ROOT %a = f32[64,8]{1,0} negate(%p)\n", "f32[64,8]", 2 * FULL),
        # every second row of 32 bytes: half
        ("  ROOT %a = f32[32,8]{1,0} slice(%p), slice={[0:64:2], [0:8]}\n", "f32[32,8]", FULL),
        # what is computed before it is cut is needed only where it is cut
        (
            "  %s = f32[64,8]{1,0} add(%p, %q)\n"
            "  ROOT %a = f32[32,8]{1,0} slice(%s), slice={[0:32], [0:8]}\n",
            "f32[32,8]",
            FULL + FULL // 2,
        ),
        # every second column: 32-byte sectors hold the other half too
        (
            "  ROOT %a = f32[64,4]{1,0} slice(%p), slice={[0:64], [0:8:2]}\n",
            "f32[64,4]",
            FULL + FULL // 2,
        ),
        # a part of every row: half of a sector
        (
            "  ROOT %a = f32[64,2]{1,0} slice(%p), slice={[0:64], [0:2]}\n",
            "f32[64,2]",
            FULL + FULL // 4,
        ),
        # both halves of one argument are all of it, once
        (
            "  %s = f32[32,8]{1,0} slice(%p), slice={[0:64:2], [0:8]}\n"
            "  %t = f32[32,8]{1,0} slice(%p), slice={[1:64:2], [0:8]}\n"
            "  ROOT %a = f32[32,8]{1,0} add(%s, %t)\n",
            "f32[32,8]",
            FULL + FULL // 2,
        ),
        # one row written into an argument, as a loop over time does
        (
            "  %i = s32[] constant(3)\n"
            "  %row = f32[1,8]{1,0} slice(%q), slice={[5:6], [0:8]}\n"
            "  ROOT %a = f32[64,8]{1,0} dynamic-update-slice(%p, %row, %i, %i)\n",
            "f32[64,8]",
            2 * 32,
        ),
        # a matrix product needs all, however little of it is wanted
        (
            "  %d = f32[64,64]{1,0} dot(%p, %q), lhs_contracting_dims={1}\n"
            "  ROOT %a = f32[1,64]{1,0} slice(%d), slice={[0:1], [0:64]}\n",
            "f32[1,64]",
            2 * FULL + 256,
        ),
    ],
)
def test_what_a_fusion_moves(body, result, count):
    assert moved(fusion(body, "%x, %y", result)) == pytest.approx(count)


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("%a = f32[64,8]{1,0} copy(%x)", 2 * FULL),
        ("%a = (f32[64,8]{1,0}, f32[64,8]{1,0}, u32[]) copy-start(%x)", 2 * FULL),
        ("%a = f32[1,8]{1,0} dynamic-slice(%x, %i, %i)", 2 * 32),
        ("%a = f32[64,8]{1,0} dynamic-update-slice(%x, %row, %i, %i)", 2 * 32),
        # the last result of a library call is scratch space
        (
            "%a = (f32[64,8]{1,0}, s8[4096]{0}) custom-call(%x, %x), "
            'custom_call_target="__cublas$gemm"',
            3 * FULL,
        ),
    ],
)
def test_what_other_launches_move(line, count):
    text = (
        "HloModule m\nENTRY %e (x: f32[64,8]) -> f32[] {\n"
        "  %x = f32[64,8]{1,0} parameter(0)\n  %i = s32[] constant(0)\n"
        f"  %row = f32[1,8]{{1,0}} bitcast(%x)\n  ROOT {line}\n}}\n"
    )
    assert moved(text) == count


def test_the_least_is_arguments_and_results():
    text = fusion("  ROOT %a = f32[32,8]{1,0} slice(%p), slice={[0:32], [0:8]}\n", "%x, %y",
                  "f32[32,8]")  # fmt: skip
    assert Traffic(computations(text)).least() == 2 * FULL + FULL // 2


@pytest.mark.parametrize("text", [programs.NESTED, programs.OPEN, programs.branch(2, 2)])
def test_runs_agree_with_the_count(text):
    total = sum(times for _, _, times in runs(computations(text), 3))
    answers = {programs.NESTED: 0, programs.OPEN: 4}.get(text, 1)  # copies to the CPU
    assert total + answers == launches(text, 3).total


@pytest.mark.parametrize("text", [programs.OPEN, programs.branch(2, 0)])
def test_runs_are_unknown_where_the_count_is(text):
    assert None in [times for _, _, times in runs(computations(text))]
