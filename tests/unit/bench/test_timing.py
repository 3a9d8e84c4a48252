"""The timing helper, on functions and clocks that the test controls."""

import jax
import jax.numpy as jnp
import pytest

from pararnn_edu.bench import Ratio, Timing, interleaved, ratio


class Clock:
    """A clock that only moves when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def slow(clock, seconds, log=None, name=""):
    """A function that takes `seconds` on `clock`."""

    def fn(*args):
        clock.now += seconds
        if log is not None:
            log.append(name)
        return args

    return fn


def test_calls_are_interleaved_and_start_one_later_each_round():
    clock, log = Clock(), []
    fns = {name: slow(clock, 1, log, name) for name in "abc"}
    interleaved(fns, repeats=4, warmup=2, clock=clock)
    assert "".join(log) == "aabbcc" + "abc" + "bca" + "cab" + "abc"


def test_medians_and_quartiles():
    clock = Clock()
    times = iter([9.0, 1.0, 2.0, 3.0, 4.0, 100.0])  # 9 is the warm-up

    def fn():
        clock.now += next(times)

    timing = interleaved({"fn": fn}, repeats=5, warmup=1, clock=clock)["fn"]
    assert timing == Timing(3.0, 2.0, 4.0, (1.0, 2.0, 3.0, 4.0, 100.0))


def test_one_repeat_is_its_own_spread():
    clock = Clock()
    timing = interleaved({"fn": slow(clock, 2)}, repeats=1, clock=clock)["fn"]
    assert timing == Timing(2, 2, 2, (2,))


def test_a_machine_that_slows_down_does_not_change_the_ratio():
    clock, pace = Clock(), [1.0]

    def work(units):
        def fn():
            clock.now += units * pace[0]
            pace[0] *= 1.5

        return fn

    timings = interleaved({"one": work(1), "four": work(4)}, repeats=8, clock=clock)
    found = ratio(timings, "four", "one")
    # Within a round the second call is 1.5 times as slow as the first, whichever it is.
    assert 4 / 1.5 <= found.low <= found.median <= found.high <= 4 * 1.5
    assert ratio(timings, "one", "one") == Ratio(1, 1, 1)


def test_arguments_arrive_and_work_is_waited_for():
    seen = []
    f = jax.jit(lambda x, y: x @ y)

    def fn(x, y):
        seen.append(x.shape)
        return f(x, y)

    timing = interleaved({"fn": fn}, jnp.ones((3, 4)), jnp.ones((4, 5)), repeats=2)["fn"]
    assert seen == [(3, 4)] * 4
    assert len(timing.seconds) == 2
    assert all(second >= 0 for second in timing.seconds)


def test_nothing_to_time_is_refused():
    with pytest.raises(ValueError, match="at least one function"):
        interleaved({})
    with pytest.raises(ValueError, match="at least 1, got 0 and 2"):
        interleaved({"fn": lambda: None}, repeats=0)
