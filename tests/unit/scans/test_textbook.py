"""The scans that are written to be read: any associative operation, any length, exact counts."""

import math

import numpy as np
import pytest

import pararnn_edu as pr

SCANS = {
    "sequential": pr.textbook.sequential_scan,
    "hillis_steele": pr.textbook.hillis_steele,
    "blelloch": pr.textbook.blelloch,
    "chunked 1": lambda op, xs: pr.textbook.chunked(op, xs, 1),
    "chunked 4": lambda op, xs: pr.textbook.chunked(op, xs, 4),
    "chunked 7": lambda op, xs: pr.textbook.chunked(op, xs, 7),
    "chunked 100": lambda op, xs: pr.textbook.chunked(op, xs, 100),
}
POWERS = [1, 2, 4, 8, 16, 32, 64, 256]


def letters(n):
    return [chr(ord("a") + k % 26) + str(k) for k in range(n)]


@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("n", range(41))
def test_strings_keep_their_order(scan, n):
    """Concatenation does not commute: a swapped pair would show."""
    xs = letters(n)
    result, count = SCANS[scan](lambda left, right: left + right, xs)
    assert list(result) == ["".join(xs[: k + 1]) for k in range(n)]
    assert count.work >= max(n - 1, 0)
    assert count.depth >= (math.ceil(math.log2(n)) if n else 0)


@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("n", [1, 5, 16, 37])
def test_matrix_products(scan, n, rng):
    xs = list(rng.integers(-2, 3, size=(n, 2, 2)))
    result, _ = SCANS[scan](lambda earlier, later: later @ earlier, xs)
    product = np.eye(2, dtype=int)
    for x, got in zip(xs, result, strict=True):
        product = x @ product
        np.testing.assert_array_equal(got, product)


@pytest.mark.parametrize("scan", SCANS)
def test_counts_are_what_was_really_called(scan):
    """Work is the number of calls; depth the longest chain of calls behind any result."""
    for n in range(34):
        calls = []

        def op(left, right, calls=calls):
            calls.append(None)
            return 1 + max(left, right)  # not associative: it measures the depth

        depths, count = SCANS[scan](op, [0] * n)
        assert count.work == len(calls)
        assert count.depth == max(depths, default=0)


@pytest.mark.parametrize("n", POWERS)
def test_work_and_depth_of_powers_of_two(n):
    def cost(name):
        return tuple(SCANS[name](lambda a, b: a + b, [1] * n)[1])

    log = n.bit_length() - 1
    assert cost("sequential") == (n - 1, n - 1)
    assert cost("hillis_steele") == (n * log - n + 1, log)
    assert cost("blelloch") == (2 * n - 2 - log, max(log, 2 * log - 2))


@pytest.mark.parametrize("n", range(41))
def test_exclusive_scan(n):
    xs = letters(n)
    result, count = pr.textbook.prescan(lambda left, right: left + right, xs, "")
    assert list(result) == ["".join(xs[:k]) for k in range(n)]
    if n in POWERS and n > 1:
        log = n.bit_length() - 1
        assert tuple(count) == (2 * (n - 1), 2 * log)


def test_inputs_are_left_alone():
    for scan in SCANS.values():
        xs = letters(9)
        scan(lambda left, right: left + right, xs)
        assert xs == letters(9)


@pytest.mark.parametrize("chunk", [0, -1])
def test_a_chunk_needs_an_element(chunk):
    with pytest.raises(ValueError, match=f"chunk.*at least 1.*{chunk}"):
        pr.textbook.chunked(lambda a, b: a + b, [1, 2, 3], chunk)
