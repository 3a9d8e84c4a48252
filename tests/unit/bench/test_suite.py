"""The suite's contenders compute what they claim to, and what comes out has its form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr
from pararnn_edu.bench import oracles
from pararnn_edu.bench.suite import cudnn, exact, forward, grid, linear, training, worker
from pararnn_edu.bench.suite import measure as measuring
from pararnn_edu.bench.suite.grid import problems, select
from pararnn_edu.bench.suite.measure import Ready, fitting, measure, timed
from pararnn_edu.bench.suite.numbers import Recurrence, matrices
from pararnn_edu.bench.suite.schema import complaints
from pararnn_edu.bench.suite.spec import Built, Outcome, Problem, Variant
from pararnn_edu.scans.device import compiling_for
from pararnn_edu.solvers.fused.pointwise import WEIGHTS

from .suite_samples import result
from .test_timing import Clock, slow

TINY = {
    each.name: each
    for each in (
        Problem("linear", "diagonal", 33, 3, dtype="bfloat16"),
        Problem("linear", "dense", 17, 2),
        Problem("forward", "GRU", 33, 2, batch=2),
        Problem("step", "GRU", 17, 2, batch=2),
    )
}
VARIANTS = {
    "linear/diagonal/33x3/bfloat16": "scan sequential associative chunked auto auto_float32 copy",
    "linear/dense/17x2": "scan sequential associative chunked krylov auto copy",
    "forward/GRU/2x33x2": "scan newton shooting quasi_newton auto copy",
    "step/GRU/2x17x2": "autodiff loop newton shooting krylov auto auto_raises copy",
}


@pytest.fixture(scope="module", params=TINY)
def found(request):
    """What came of a tiny problem."""
    return measure(TINY[request.param], 0.01)


def test_every_contender_is_right_and_has_its_form(found):
    assert not found.left_out
    assert complaints(result() | {"records": found.records}) == []
    name = found.records[0]["problem"]
    assert [r["variant"] for r in found.records] == VARIANTS[name].split()
    for record in found.records:
        assert record["baseline"] == found.records[0]["variant"]
        assert record["megabytes"] >= 0 and record["compile_seconds"] > 0
        if record["variant"] == "copy":
            continue
        half = record["dtype"] == "bfloat16" and record["variant"] != "auto_float32"
        assert record["deviation"] <= (1e-2 if half else 1e-5)
        if record["group"] == "step":
            assert record["gradient_deviation"] <= 1e-5
        if record["steps"] is not None:
            assert record["converged"] and record["residual"] <= 1e-5 and record["chosen"]


def test_ratios_and_floors_are_those_of_the_times():
    clock, about = Clock(), {"deviation": 0.0, "gradient_deviation": None}
    about |= {"steps": None, "converged": None, "residual": None}
    seconds = {"scan": 2.0, "auto": 1.0, "copy": 0.5}
    program = measuring.Program(None, 0.25, None)
    ready = {k: Ready(program, slow(clock, s), s, about) for k, s in seconds.items()}
    variants = {name: Variant(name, None, (), []) for name in seconds}
    problem = Problem("forward", "GRU", 8, 2)
    found = timed(problem, Built(variants, {}, Outcome(None)), ready, 25.0, clock)
    assert [r["repeats"] for r in found] == [7, 7, 7]  # 25 s for rounds of 3.5 s
    assert [r["median_ms"] for r in found] == [2000, 1000, 500]
    assert [r["ratio_median"] for r in found] == [1, 0.5, 0.25]
    assert [r["floor_high"] for r in found] == [4, 2, 1]
    assert [(r["best"], r["best_low"]) for r in found] == [("scan", k) for k in (1, 0.5, 0.25)]
    assert complaints(result() | {"records": found}) == []


def test_rounds_fit_the_time_within_bounds():
    assert fitting(10.0, 0.5) == 20
    assert fitting(0.1, 5.0) == measuring.LEAST_ROUNDS
    assert fitting(1e6, 1e-9) == measuring.MOST_ROUNDS


@pytest.mark.parametrize("name", ["ParaGRU", "ParaLSTM"])
@pytest.mark.parametrize("batch", [1, 2])
def test_the_reference_is_that_of_plain_numpy(name, batch):
    one = Recurrence(Problem("step", name, 12, 3, batch))
    assert tuple(one.names) == WEIGHTS[type(one.cell)]
    got = exact.states_and_gradients(one)
    oracle = oracles.ORACLES[name]
    weights, u = ([np.asarray(x, np.float64) for x in xs] for xs in (one.weights, one.inputs))
    h0 = [np.zeros(u[0].shape[1:])] * oracle.planes
    sent = [np.asarray(x, np.float64) for x in jax.tree.leaves(one.sent)]
    wanted = oracles.states(oracle, weights, u, h0)
    assert exact.deviation(got.states, wanted) < 1e-13
    assert (
        exact.deviation(got.gradients, oracles.gradients(oracle, weights, u, h0, sent)[:2]) < 1e-12
    )
    assert all(leaf.dtype == np.float64 for leaf in jax.tree.leaves(got))
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves((one.weights, one.inputs)))


@pytest.mark.parametrize("kind", ["diagonal", "block", "dense"])
def test_the_linear_reference_is_that_of_plain_numpy(kind):
    A, b = matrices(Problem("linear", kind, 20, 3))
    got = exact.linear(A, b).states
    rows = jax.tree.map(lambda x: np.asarray(x, np.float64), (A, b))
    at = lambda tree, t: jax.tree.map(lambda x: x[t], tree)
    h = jax.tree.map(np.zeros_like, at(rows[1], 0))
    for t in range(20):
        A_t, b_t = at(rows, t)
        h = jax.tree.map(np.add, exact.product(A_t, h), b_t)
    assert exact.deviation(at(got, -1), h) < 1e-13


@pytest.mark.parametrize("name", ["ParaGRU", "GRU", "ParaLSTM"])
def test_a_long_memory_is_long(name):
    """The Jacobian at rest is near the identity: little is forgotten in a step."""

    def kept(memory):
        one = Recurrence(Problem("forward", name, 50, 3, memory=memory))
        mean = tuple(u.mean(0) for u in one.inputs)
        J = jax.tree.leaves(one.cell.jacobian(one.cell.initial_state(), mean))[0]
        return float(jnp.mean(jnp.diagonal(J) if J.ndim == 2 else J))

    assert kept("long") > 0.9 > kept("short")


def test_copying_moves_as_much_as_the_solution():
    for build, problem in (
        (forward.build, Problem("forward", "ParaLSTM", 8, 2, batch=3)),
        (training.build, Problem("step", "ParaGRU", 8, 2)),
        (linear.build, Problem("linear", "block", 8, 2)),
    ):
        made = build(problem).variants
        size = lambda tree: sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(tree))
        copied = jax.eval_shape(made["copy"].call, *made["copy"].args)
        first = next(iter(made.values()))
        plain = jax.eval_shape(first.call, *first.args)
        # The gradients of weights are a few numbers.
        wanted = size(plain.states) + size(plain.gradients and plain.gradients[1])
        assert size(copied.gradients) == wanted


def test_the_kernels_gradient_is_for_projected_inputs():
    """In Pallas's interpreter; on a GPU it is a contender."""
    one = Recurrence(Problem("step", "ParaLSTM", 8, 2, batch=2))
    run = training._kernels(one, pr.Fused(backend="interpret"))
    got = Outcome(*jax.jit(exact.with_gradient(run))(one.weights, one.inputs, one.sent))
    wanted = exact.states_and_gradients(one)
    assert exact.deviation(got.states, wanted.states) < 1e-6
    assert exact.deviation(got.gradients, wanted.gradients) < 1e-5


def test_the_loop_against_cudnn_is_the_lstm_that_jax_describes():
    rnn = pytest.importorskip("jax.experimental.rnn")
    built = cudnn.build(Problem("step", "LSTM", 10, 3, batch=2))
    weights, xs, _ = built.variants["autodiff"].args
    zero, lengths = jnp.zeros((1, 2, 3), jnp.float32), jnp.full((2,), 10, jnp.int32)
    parts = rnn.unpack_lstm_weights(weights, 3, 3, 1, False)
    turned = jnp.swapaxes(xs, 0, 1)
    with jax.numpy_rank_promotion("allow"):
        wanted = rnn.lstm_ref(turned, zero, zero, *parts, lengths, 3, 3, 1, 0.0, False)[0]
    np.testing.assert_allclose(jnp.swapaxes(wanted, 0, 1), built.reference.states, atol=1e-6)
    assert weights.shape == (rnn.get_num_params_in_lstm(3, 3, 1, False),)


def test_without_cudnn_the_others_are_measured_and_it_is_named():
    found = measure(Problem("forward", "LSTM", 10, 3, batch=2), 0.01)
    assert [r["variant"] for r in found.records] == ["scan", "copy"]
    assert [each["variant"] for each in found.left_out] == ["cudnn"]


def test_what_fails_or_is_wrong_is_named_and_not_timed(monkeypatch):
    problem = Problem("forward", "ParaGRU", 5, 2)
    right = lambda x: Outcome(x)
    calls = {
        "scan": right,
        "wrong": lambda x: Outcome(x + 1),
        "broken": lambda x: 1 / 0,
        "copy": lambda x: Outcome(None, x),
    }
    x = jnp.ones((5, 2), jnp.float32)
    made = {name: Variant(name, call, (x,), []) for name, call in calls.items()}
    built = lambda some: lambda p: Built(some, {"later": "too large"}, Outcome(np.ones((5, 2))))
    monkeypatch.setattr(measuring, "build", built(made))
    found = measure(problem, 0.01)
    assert [r["variant"] for r in found.records] == ["scan", "copy"]
    why = {each["variant"]: each["why"] for each in found.left_out}
    assert why["later"] == "too large" and "ZeroDivisionError" in why["broken"]
    assert why["wrong"] == "its deviation is 1.0: what is wrong is not timed"
    without = {name: made[name] for name in ("broken", "copy")}
    monkeypatch.setattr(measuring, "build", built(without))
    found = measure(problem, 0.01)
    assert not found.records
    [entry] = found.left_out
    assert entry["variant"] is None and "baseline broken did not run" in entry["why"]


def test_the_flag_is_that_of_another_process(monkeypatch):
    problem = Problem("step", "ParaGRU", 9, 2, flagged=True)
    found = worker.measure_flagged(problem, 0.01)
    assert complaints(result() | {"records": found.records}) == []
    assert [r["variant"] for r in found.records] == list(training.IN_FLAGGED)
    assert found.records[0]["problem"] == "step/ParaGRU/9x2/flag"
    monkeypatch.setattr(worker, "FLAG", "--no_such_flag_of_xla=1")
    found = worker.measure_flagged(problem, 0.01)
    assert not found.records and found.left_out[0]["problem"] == problem.name


def test_names_are_unique_and_the_important_come_first():
    full = problems("full")
    assert len({p.name for p in full}) == len(full) == len(set(full))
    assert set(problems("quick")) <= set(grid.quick())
    assert Problem("step", "ParaGRU", 65_536, 16) in full and problems("quick")[0] in full


def test_problems_are_picked_by_part_of_the_name_or_pattern():
    full = problems("full")
    assert {p.kind for p in select(full, ["ParaLSTM"])} == {"ParaLSTM"}
    assert [p.name for p in select(full, ["step/*/flag"])] == [p.name for p in full if p.flagged]
    assert [p.d for p in select(full, ["step/ParaGRU/65536x1"])] == [1]  # not that of x16
    assert select(full, []) == full
    with pytest.raises(ValueError, match="'ParaRNN'; --list shows them"):
        select(full, ["step", "ParaRNN"])


GPU_ONLY = {
    Problem("linear", "block", 16, 4): linear,
    Problem("linear", "diagonal", 16, 4, dtype="bfloat16"): linear,
    Problem("forward", "ParaGRU", 16, 4, batch=2): forward,
    Problem("step", "ParaLSTM", 16, 4, batch=2): training,
}


@pytest.mark.parametrize("problem", GPU_ONLY, ids=lambda problem: problem.name)
def test_the_kernels_compete_on_a_gpu(problem, monkeypatch):
    """Traced here, for a GPU that is not there, with the shapes of the baseline."""
    monkeypatch.setattr(linear, "has_kernels", lambda: True)
    monkeypatch.setattr(forward, "has_kernels", lambda: True)
    made = GPU_ONLY[problem].build(problem).variants
    shapes = lambda variant: jax.eval_shape(variant.call, *variant.args)[:2]
    with compiling_for((8, 0)):
        for name in ("one_kernel", "kernels"):
            assert shapes(made[name]) == shapes(next(iter(made.values())))


def test_a_gpu_gets_neither_the_flag_nor_loops_of_seconds(monkeypatch):
    from pararnn_edu.bench.suite import platforms

    assert not any(p.kind == "LSTM" for p in problems("full"))
    monkeypatch.setattr(grid, "on_cpu", lambda: False)
    monkeypatch.setattr(grid, "has_cudnn", lambda: True)
    found = problems("full")
    assert not any(p.flagged for p in found) and any(p.kind == "LSTM" for p in found)
    monkeypatch.setattr(platforms, "on_cpu", lambda: False)
    variants = dict.fromkeys(["scan", "newton", "copy"])
    long = Problem("forward", "ParaGRU", 1_048_576, 16)
    kept, left = platforms.drop_long_loops(long, variants, {"krylov": "large"})
    assert list(kept) == ["newton", "copy"] and set(left) == {"krylov", "scan"}
    assert platforms.drop_long_loops(long._replace(T=64), variants, {}) == (variants, {})
