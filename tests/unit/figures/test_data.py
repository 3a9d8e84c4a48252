import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from pararnn_edu.figures.data import iterations_needed, outcome, pack, pool, unpack

ERRORS = arrays(
    float,
    st.tuples(st.integers(1, 6), st.integers(1, 9)),
    elements=st.floats(0, 10) | st.just(1e-14) | st.just(np.nan) | st.just(np.inf),
)


@given(ERRORS)
def test_packed_errors_come_back_to_a_shade(errors):
    floor, shades = 1e-12, 63
    rows = unpack(pack(pool(errors, 99), floor), errors.shape[1])
    levels = np.vstack([rows, np.zeros((len(errors) - len(rows), errors.shape[1]))])
    finite = np.isfinite(errors)
    assert np.array_equal(np.isnan(levels), ~finite)
    back = floor ** (1 - levels[finite] / shades)
    wanted = np.clip(errors[finite], floor, 1)
    assert np.all(np.abs(np.log10(back / wanted)) <= 12 / shades + 1e-9)


def test_only_what_is_exact_is_drawn_as_exact():
    assert unpack(pack(np.array([[1e-12, 1.01e-12]]), 1e-12), 2).tolist() == [[0.0, 1.0]]


def test_pooling_keeps_the_worst():
    errors = np.zeros((2, 1000))
    errors[1, 777] = 1.0
    pooled = pool(errors, 10)
    assert pooled.shape == (2, 10)
    assert pooled[1, 7] == 1.0 and pooled.sum() == 1.0


def test_pooling_keeps_what_is_not_finite():
    errors = np.zeros((1, 100))
    errors[0, 30], errors[0, 60] = np.inf, np.nan
    assert np.flatnonzero(np.isnan(pool(errors, 10)[0])).tolist() == [3, 6]


@pytest.mark.parametrize(
    ("largest", "needed"),
    [
        ([1, 0.1, 0.01], 2),
        ([0.01, 0.01], 0),
        ([1, 1, 1], None),
        ([0.01, 1, 0.01], 2),  # below once and above again does not count
        ([1, np.nan, 0.01], 2),
        ([0.01, np.nan], None),
    ],
)
def test_iterations_needed(largest, needed):
    errors = np.column_stack([largest, np.zeros(len(largest))])
    assert iterations_needed(errors, 0.05) == needed


def test_outcome_in_words():
    assert outcome(np.array([[1.0], [0.0]]), 1e-6) == (
        "1 iteration until the error is below 1e-6 everywhere."
    )
    assert outcome(np.array([[1, 1, 1], [0, 0, np.inf]]), 1e-6) == (
        "not below 1e-6 everywhere after 1 iteration: only the first 2 of 3 states are right, "
        "and some are not finite."
    )
