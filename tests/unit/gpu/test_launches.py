"""Counting loops and launches in HLO text."""

import jax
import jax.numpy as jnp
import pytest

import pararnn_edu as pr
from pararnn_edu.gpu import Launches, Loop, computations, launches, loops

from . import programs


def compiled(f, *args) -> str:
    return jax.jit(f).lower(*args).compile().as_text()


# Stored text.


def test_nested_loops_are_multiplied():
    # An inner trip launches 2. An outer trip: 5 of those, a library call and a copy. Outside: 1.
    inner = Loop(trips=5, launches=2)
    outer = Loop(trips=100, launches=5 * 2 + 2, inner=(inner,))
    assert launches(programs.NESTED) == Launches(1 + 100 * 12, (outer,), 1)
    assert loops(programs.NESTED) == [outer, inner]


def test_a_loop_of_unknown_length_has_no_total_and_says_why():
    found = launches(programs.OPEN)
    assert found.total is None
    assert found.unknown == ("how often the loop while.1 runs is not in the program",)
    assert found.loops[0].trips is None
    assert not found.loops[0].known
    assert found.loops[0].inner == (Loop(5, 2),)


@pytest.mark.parametrize("trips", [0, 1, 3])
def test_an_assumed_length_counts_the_tests_too(trips):
    # Every trip: 12 launches, the test (1 kernel) and the copy of its answer; then a last test.
    found = launches(programs.OPEN, trips=trips)
    assert found.total == 1 + trips * (12 + 2) + 2
    assert found.unknown == ()
    assert not found.loops[0].known


def test_an_assumption_does_not_change_known_loops():
    assert launches(programs.NESTED, trips=7) == launches(programs.NESTED)


@pytest.mark.parametrize("text", [programs.NESTED, programs.OPEN])
def test_total_is_outside_plus_trips_times_launches(text):
    found = launches(text, trips=3)
    assert found.total == found.outside + sum(loop.trips * loop.launches for loop in found.loops)


def test_branches_count_only_if_they_agree():
    assert launches(programs.branch(2, 2)).total == 2 + 1
    found = launches(programs.branch(2, 0))
    assert found.total is None
    assert found.unknown == ("the branch cond.1 makes 2 or 0 launches, depending on data",)


@pytest.mark.parametrize("order", ["condition=%c, body=%b", "body=%b, condition=%c"])
def test_body_and_condition_are_told_by_name(order):
    text = (
        "HloModule m\n%b (p: f32[]) -> f32[] {\n  %k = f32[] copy(%p)\n  %l = f32[] copy(%k)\n}\n"
        "%c (p: f32[]) -> pred[] {\n  %y = pred[] constant(true)\n}\n"
        "ENTRY %e (x: f32[]) -> f32[] {\n"
        f"  ROOT %w = f32[] while(%x), {order}, {programs.trips(4)}\n}}\n"
    )
    assert launches(text).loops == (Loop(4, 2),)


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("%a = f32[8]{0} fusion-start(%x), kind=kLoop, calls=%f", 1),
        ("%a = f32[8]{0} fusion-done(%x)", 0),
        ("%a = ((f32[8]{0}), f32[8]{0}) async-start(%x), calls=%f", 3),
        ("%a = f32[8]{0} async-done(%x)", 0),
        ("%a = (f32[8]{0}) call(%x), to_apply=%f", 3),
        ("%a = f32[8]{0} dynamic-update-slice(%x, %x, %x)", 1),
        ("%a = f32[8]{0} bitcast(%x)", 0),
        ("%a = f32[8]{0} sort(%x), to_apply=%f", 1),
    ],
)
def test_what_is_a_launch(line, count):
    text = (
        "HloModule m\n%f (p: f32[8]) -> f32[8] {\n"
        "  %k = f32[8] copy(%p)\n  %l = f32[8] copy(%k)\n  %m = f32[8] copy(%l)\n}\n"
        f"ENTRY %e (x: f32[8]) -> f32[8] {{\n  ROOT {line}\n}}\n"
    )
    assert launches(text).total == count


def test_what_is_no_program_is_refused():
    with pytest.raises(TypeError, match=r"as_text\(\).*got NoneType"):
        launches(None)
    with pytest.raises(ValueError, match=r"no line starts with ENTRY.*'lambda x'"):
        launches("lambda x")
    with pytest.raises(ValueError, match="trips must be None or a whole number >= 0, got -1"):
        launches(programs.OPEN, trips=-1)


def test_instructions_know_what_they_call():
    found = computations(programs.NESTED)
    assert [each.opcode for each in found["inner_condition"]] == ["parameter", "constant"]
    loop = next(each for each in found["ENTRY"] if each.opcode == "while")
    assert loop.called == {"condition": ("condition",), "body": ("outer_body",)}
    tanh = next(each for each in found["inner_body"] if each.name == "tanh_fusion")
    assert tanh.called == {"calls": ("fused_tanh",)}


# Programs compiled here and now, for this CPU.


@pytest.mark.parametrize("T", [2, 3, 1000])
@pytest.mark.parametrize("name", ["Elman", "GRU", "LSTM", "ParaGRU", "ParaLSTM"])
def test_a_scan_is_one_loop_of_T_trips(name, T):
    cell = getattr(pr, name)(3, 4, key=jax.random.key(0))
    text = compiled(lambda xs: pr.unroll(cell, xs), jnp.ones((T, 3)))
    assert [loop.trips for loop in loops(text)] == [T]


def test_a_scan_of_one_step_has_no_loop():
    cell = pr.GRU(3, 4, key=jax.random.key(0))
    assert loops(compiled(lambda xs: pr.unroll(cell, xs), jnp.ones((1, 3)))) == []


def test_a_loop_inside_a_scan():
    def step(h, x):
        h = jax.lax.fori_loop(0, 7, lambda i, h: jnp.tanh(h + x), h)
        return h, h

    text = compiled(lambda xs: jax.lax.scan(step, jnp.zeros(3), xs)[1], jnp.ones((50, 3)))
    assert [loop.trips for loop in loops(text)] == [50, 7]
    assert [loop.trips for loop in launches(text).loops] == [50]


def test_a_solver_that_stops_at_a_tolerance_has_an_open_loop():
    cell = pr.ParaGRU(3, 4, key=jax.random.key(0))
    method = pr.Newton(scan="associative")

    def solve(xs):
        return pr.solve(cell, xs, method=method, on_failure="return").states

    text = compiled(solve, jnp.ones((64, 3)))
    assert launches(text).total is None
    assert None in [loop.trips for loop in loops(text)]
    one, two, three = (launches(text, trips=n).total for n in (1, 2, 3))
    assert three - two == two - one > 0


def test_jacobi_over_all_times_has_no_loop():
    cell = pr.GRU(3, 4, key=jax.random.key(0))
    text = compiled(jax.vmap(cell), jnp.ones((1000, 4)), jnp.ones((1000, 3)))
    assert loops(text) == []
