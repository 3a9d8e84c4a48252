"""`check.equal` and `check.holds`: what passes, what fails, and what a failure says."""

import jax.numpy as jnp
import numpy as np
import pytest

from pararnn_edu import check
from pararnn_edu.check.compare import TOLERANCES, first_difference


def failure(*args, **options) -> str:
    with pytest.raises(AssertionError) as caught:
        check.equal("the answer", *args, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "yours, expected",
    [
        (3, 3.0),
        (True, np.bool_(True)),
        ([[1, 2]], jnp.array([[1.0, 2.0]])),
        (jnp.zeros((0, 2)), np.zeros((0, 2))),
        ([np.inf, 1.0], [np.inf, 1.0]),
        (1e9 * (1 + 1e-9), 1e9),
    ],
)
def test_equal_answers_pass(yours, expected, capsys):
    check.equal("the answer", yours, expected)
    assert capsys.readouterr().out == "ok: the answer\n"


@pytest.mark.parametrize("name", TOLERANCES)
def test_the_tolerance_is_that_of_the_coarser_dtype(name):
    tolerance = TOLERANCES[name]
    coarse = jnp.array([0.0, 1.0], name)
    check.equal("within", coarse, np.array([tolerance / 2, 1.0]))
    check.equal("within, exchanged", np.array([tolerance / 2, 1.0]), coarse)
    assert "first differ at index [0]" in failure(coarse, np.array([2 * tolerance, 1.0]))


def test_integers_must_agree_exactly():
    assert "expected: 1000000001" in failure(1_000_000_000, 1_000_000_001)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_wrong(bad):
    assert first_difference(np.array([1.0, bad]), np.array([1.0, 2.0])) == (1,)
    assert first_difference(np.array([1.0, np.nan]), np.array([1.0, np.nan])) == (1,)


@pytest.mark.parametrize("finite", [359.0, -np.inf, np.nan])
def test_only_infinity_equals_infinity(finite):
    assert first_difference(np.array([1.0, finite]), np.array([1.0, np.inf])) == (1,)


def test_a_failure_shows_yours_and_expected_and_where():
    text = failure(np.ones((30, 2)), np.ones((30, 2)) + np.eye(30, 2, k=-4), over_time=True)
    assert text.splitlines() == [
        "the answer",
        "  yours:    1.",
        "  expected: 2.",
        "  They first differ at index [4, 0] (time step t = 5).",
    ]


def test_small_arrays_are_shown_whole():
    text = failure([[1], [2]], [[1], [3]], hint="Count again.")
    assert "yours:    [[1], [2]]" in text and "expected: [[1], [3]]" in text
    assert text.endswith("\n  Count again.")


@pytest.mark.parametrize("step", [-1, 1])
def test_an_answer_moved_by_one_place_is_called_so(step):
    expected = np.arange(20.0)[:, None]
    assert "moved by one place" in failure(np.roll(expected, step, axis=0), expected)


def test_other_wrong_answers_are_not_called_moved():
    assert "moved" not in failure(np.zeros(9), np.ones(9))
    assert "moved" not in failure(np.arange(9.0) ** 2, np.arange(9.0))


def test_shapes_are_compared_first():
    text = failure(np.zeros(3), np.zeros((3, 1)))
    assert "yours:    shape (3,)" in text and "expected: shape (3, 1)" in text


@pytest.mark.parametrize(
    "yours, part", [(None, "return"), ("4", "str: '4'"), ([[1], [2, 3]], "list"), (1j, "complex")]
)
def test_what_is_no_real_number_is_named(yours, part):
    assert part in failure(yours, 4)


@pytest.mark.parametrize("yours", [7.25, np.zeros(3)])
def test_a_hidden_test_reveals_neither_value_nor_shape(yours):
    text = failure(yours, 1.8125, reveal=False, hint="Which state comes first?")
    assert "7.25" not in text and "1.8125" not in text and "shape" not in text
    assert "Which state comes first?" in text


def test_holds(capsys):
    check.holds("a fact", jnp.array(True))
    assert capsys.readouterr().out == "ok: a fact\n"
    with pytest.raises(check.CheckFailed, match=r"few steps\n  it took 7"):
        check.holds("few steps", np.bool_(False), "it took 7")
