"""Small programs in HLO text, cut down from what XLA printed."""


def trips(n: int) -> str:
    """What XLA writes beside a loop of `n` trips."""
    known = '"known_trip_count":{"n":"' + str(n) + '"}'
    return "backend_config={" + known + ',"known_init_step":{"init":"0","step":"1"}}'


# Two loops, one in the other; a loop body with a library call, a copy that is begun and waited for,
# and a name in the metadata that looks like a call.
_TEXT = """\
HloModule jit_f, is_scheduled=true, entry_computation_layout={(f32[8]{0})->f32[8]{0}}

FileNames
1 "f.py"

%fused_tanh (param_0: f32[8]) -> f32[8] {
  %param_0 = f32[8]{0} parameter(0)
  ROOT %tanh.1 = f32[8]{0} tanh(%param_0)
}

%inner_body (t: (s32[], f32[8])) -> (s32[], f32[8]) {
  %t = (s32[], f32[8]{0}) parameter(0)
  %i = s32[] get-tuple-element(%t), index=0
  %h = f32[8]{0} get-tuple-element(%t), index=1
  %add_fusion = s32[] fusion(%i), kind=kLoop, calls=%fused_add
  %tanh_fusion = f32[8]{0} fusion(%h), kind=kLoop, calls=%fused_tanh, metadata={op_name="f/body=g"}
  ROOT %out = (s32[], f32[8]{0}) tuple(%add_fusion, %tanh_fusion)
}

%outer_body (u: (s32[], f32[8], /*index=2*/(f32[8], u32[]))) -> (s32[], f32[8]) {
  %u = (s32[], f32[8]{0}, /*index=2*/(f32[8]{0:T(256)}, u32[])) parameter(0)
  %g = f32[8]{0} get-tuple-element(%u), index=1
  %gemm = (f32[8]{0}, s8[4]{0}) custom-call(%g, %g), custom_call_target="__cublas$gemm"
  %copy-start = (f32[8]{0}, f32[8]{0}, u32[]) copy-start(%g)
  %copy-done = f32[8]{0} copy-done(%copy-start)
  %zero = s32[] constant(0)
  %start = (s32[], f32[8]{0}) tuple(%zero, %copy-done)
  %while.2 = (s32[], f32[8]{0}) while(%start), condition=%inner_condition, body=%inner_body, FIVE
  ROOT %bitcast.1 = (s32[], f32[8]{0}) bitcast(%while.2)
}

%condition (v: (s32[], f32[8])) -> pred[] {
  %v = (s32[], f32[8]{0}) parameter(0)
  %j = s32[] get-tuple-element(%v), index=0
  ROOT %compare_fusion = pred[] fusion(%j), kind=kLoop, calls=%fused_compare
}

%inner_condition (v: (s32[], f32[8])) -> pred[] {
  %v = (s32[], f32[8]{0}) parameter(0)
  ROOT %yes = pred[] constant(true)
}

ENTRY %main.9 (x: f32[8]) -> f32[8] {
  %x = f32[8]{0} parameter(0)
  %broadcast_fusion = f32[8]{0} fusion(), kind=kLoop, calls=%fused_broadcast
  %first = (s32[], f32[8]{0}) tuple(%broadcast_fusion, %x)
  %while.1 = (s32[], f32[8]{0}) while(%first), condition=%condition, body=%outer_body, HUNDRED
  ROOT %last = f32[8]{0} get-tuple-element(%while.1), index=1
}
"""

NESTED = _TEXT.replace("FIVE", trips(5)).replace("HUNDRED", trips(100))

# The same with an outer loop that runs until a tolerance is met.
OPEN = _TEXT.replace("FIVE", trips(5)).replace(", HUNDRED", "")


def branch(left: int, right: int) -> str:
    """A program that takes one of two sides, of so many launches."""

    def side(name: str, launches: int) -> str:
        copies = "".join(f"  %c{i} = f32[8]{{0}} copy(%p)\n" for i in range(launches))
        return f"%{name} (p: f32[8]) -> f32[8] {{\n  %p = f32[8]{{0}} parameter(0)\n{copies}}}\n\n"

    entry = """\
ENTRY %main (q: s32[]) -> f32[8] {
  %q = s32[] parameter(0)
  ROOT %cond.1 = f32[8]{0} conditional(%q, %q, %q), branch_computations={%left, %right}
}
"""
    return "HloModule jit_g\n\n" + side("left", left) + side("right", right) + entry
