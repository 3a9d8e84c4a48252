"""Reading PTX and what the assembler prints."""

import pytest

from pararnn_edu.gpu import ptx

TWO = """\
.version 8.8
.target sm_80
.address_size 64

.visible .entry first(
	.param .u64 first_param_0
)
{
	ld.param.b64 	%rd1, [first_param_0];
	ld.global.nc.v4.b32 	{%r1, %r2, %r3, %r4}, [%rd1];
	@%p1 ld.global.L1::evict_last.b32 { %r5 }, [ %rd2 + 0 ];
	ld.relaxed.gpu.global.v2.f64 	{%rd1, %rd2}, [%rd3];
	ld.shared.b32 	%r6, [%r7];
	cp.async.cg.shared.global [ %r1 + 0 ], [ %rd1 + 0 ], 0x10, %r3;
	st.global.b16 	[%rd4], %rs1;
	st.global.v4.b32 	[%rd4], {%r1, %r2, %r3, %r4};
}
.visible .entry second(
)
{
	ret;
}
"""


def test_kernels_are_told_apart():
    found = ptx.split(TWO)
    assert list(found) == ["first", "second"]
    assert "v4" in found["first"] and "v4" not in found["second"]
    assert ptx.split(".version 8.8\n.target sm_80\n") == {}


def test_widths_of_loads_and_stores():
    loads, stores = ptx.widths(ptx.split(TWO)["first"])
    assert loads == {128: 3, 32: 1}
    assert list(loads) == [128, 32]  # widest first
    assert stores == {128: 1, 16: 1}
    assert ptx.widths(ptx.split(TWO)["second"]) == ({}, {})


REPORT = """\
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'first' for 'sm_80'
ptxas info    : Function properties for first
    24 bytes stack frame, 20 bytes spill stores, 24 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 2048 bytes smem, 376 bytes cmem[0]
ptxas info    : Compiling entry function 'second' for 'sm_80'
ptxas info    : Function properties for second
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers, used 0 barriers, 376 bytes cmem[0]
"""


def test_what_the_assembler_says(monkeypatch, tmp_path):
    path = tmp_path / "two.ptx"
    path.write_text(TWO)
    called = []

    def run(command, **_):
        called.append(command)
        return ptx.subprocess.CompletedProcess(command, 0, "", REPORT)

    monkeypatch.setattr(ptx.subprocess, "run", run)
    assert ptx.assemble(path, "ptxas") == {"first": (255, 44, 2048), "second": (8, 0, 0)}
    assert called[0][:3] == ["ptxas", "-arch=sm_80", "-v"]


def test_a_refusal_of_the_assembler_is_told(monkeypatch, tmp_path):
    (tmp_path / "bad.ptx").write_text(TWO)
    run = lambda command, **_: ptx.subprocess.CompletedProcess(command, 255, "", "line 7: no")
    monkeypatch.setattr(ptx.subprocess, "run", run)
    with pytest.raises(RuntimeError, match=r"bad\.ptx: line 7: no"):
        ptx.assemble(tmp_path / "bad.ptx", "ptxas")
