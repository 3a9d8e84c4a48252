"""Initial weights: shapes, spread, zero biases, and the norm clip of the ParaRNN cells."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pararnn_edu as pr

from ..helpers import CELLS, SHAPES

WIDE = 400
PARA = ["ParaGRU", "ParaLSTM"]


def fresh(name, m, d, seed=0, **options):
    return getattr(pr, name)(m, d, key=jax.random.key(seed), **options)


def diagonals(cell, name):
    return {k: np.asarray(getattr(cell, k)) for k in SHAPES[name] if k[0] in "ap"}


@pytest.mark.parametrize("name", CELLS)
def test_shapes(name):
    m, d = 5, 7
    cell = fresh(name, m, d)
    size = {"m": m, "d": d}
    assert (cell.input_size, cell.state_size) == (m, d)
    for key, axes in SHAPES[name].items():
        assert getattr(cell, key).shape == tuple(size[a] for a in axes), key
    assert len(jax.tree.leaves(cell)) == len(SHAPES[name])


@pytest.mark.parametrize("name", CELLS)
def test_same_key_same_weights(name):
    a, b, c = fresh(name, 3, 4), fresh(name, 3, 4), fresh(name, 3, 4, seed=1)
    pairs = list(zip(*map(jax.tree.leaves, (a, b, c)), strict=True))
    assert all(np.array_equal(x, y) for x, y, _ in pairs)
    assert any(not np.array_equal(x, z) for x, _, z in pairs)


@pytest.mark.parametrize("name", CELLS)
def test_no_two_weights_are_alike(name):
    """A key used twice would give two gates the same matrix."""
    cell = fresh(name, 4, 4)
    seen = [np.asarray(getattr(cell, k)) for k in SHAPES[name] if k[0] != "b"]
    for i, a in enumerate(seen):
        assert np.any(a)
        for b in seen[:i]:
            assert not np.array_equal(a.ravel()[: b.size], b.ravel()[: a.size])


@pytest.mark.parametrize("name", CELLS)
def test_biases_start_at_zero_but_the_forget_gate_at_one(name):
    cell = fresh(name, 3, 4)
    for key in SHAPES[name]:
        if key[0] == "b":
            start = 1.0 if (name, key) == ("LSTM", "b_f") else 0.0
            np.testing.assert_array_equal(getattr(cell, key), np.full(4, start))


@pytest.mark.parametrize("name", ["Elman", "GRU", "LSTM"])
def test_dense_cells_are_uniform_within_one_over_root_d(name):
    d = 100
    cell = fresh(name, 50, d)
    for key in SHAPES[name]:
        if key[0] in "UW":
            w = np.asarray(getattr(cell, key))
            assert np.abs(w).max() <= d**-0.5
            assert abs(w.std() * np.sqrt(3 * d) - 1) < 0.05


@pytest.mark.parametrize("name", PARA)
def test_input_weights_are_kaiming_uniform(name):
    m = 50
    cell = fresh(name, m, WIDE)
    for key in SHAPES[name]:
        if key[0] == "W":
            w = np.asarray(getattr(cell, key))
            assert np.abs(w).max() <= (3 / m) ** 0.5
            assert abs(w.std() * np.sqrt(m) - 1) < 0.05


@pytest.mark.parametrize("name", PARA)
@pytest.mark.parametrize("options", [{}, {"max_norm": 0.5}, {"max_norm": 0.9}])
def test_recurrent_weights_are_clipped_in_norm(name, options):
    """The operator norm of diag(a) is max |a|; the default bound is 0.5."""
    bound = options.get("max_norm", 0.5)
    for key, a in diagonals(fresh(name, 3, WIDE, **options), name).items():
        assert np.linalg.norm(np.diag(a), 2) <= bound * (1 + 1e-6), key
        assert np.abs(a).max() == pytest.approx(bound), f"{key}: the clip is never reached"


@pytest.mark.parametrize("name", PARA)
def test_without_a_bound_recurrent_weights_are_standard_normal(name):
    for key, a in diagonals(fresh(name, 3, WIDE, max_norm=None), name).items():
        assert np.abs(a).max() > 1.5, key
        assert abs(a.mean()) < 0.2, key
        assert abs(a.std() - 1) < 0.15, key


@pytest.mark.parametrize("name", PARA)
def test_the_clip_only_clips(name):
    free = diagonals(fresh(name, 3, WIDE, max_norm=None), name)
    for key, a in diagonals(fresh(name, 3, WIDE, max_norm=0.5), name).items():
        inside = np.abs(free[key]) <= 0.5
        np.testing.assert_array_equal(a[inside], free[key][inside])


@pytest.mark.parametrize("name", PARA)
@pytest.mark.parametrize("bad", [0, -1.0, float("nan")])
def test_wrong_bound(name, bad):
    with pytest.raises(ValueError, match=f"{name}.*max_norm.*positive.*{bad}"):
        fresh(name, 3, 4, max_norm=bad)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("sizes", [(0, 4), (3, -1), (3.0, 4), (3, "4"), (True, 4)])
def test_wrong_sizes(name, sizes):
    with pytest.raises((ValueError, TypeError)) as caught:
        fresh(name, *sizes)
    text = str(caught.value)
    wrong = "state_size" if sizes[0] == 3 and isinstance(sizes[0], int) else "input_size"
    assert name in text
    assert wrong in text
    assert repr(sizes[wrong == "state_size"]) in text


@pytest.mark.parametrize("name", CELLS)
def test_one_by_one(name):
    """The smallest cell there is."""
    cell = fresh(name, 1, 1, dtype=jnp.float64)
    for leaf in jax.tree.leaves(cell(cell.initial_state(), jnp.ones(1))):
        assert leaf.shape == (1,)
