"""ELK's step against the damped least-squares problem it solves, written out as one matrix."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pararnn_edu as pr
from pararnn_edu.solvers import kalman

T, N = 7, 3


def block_system(matrices):
    """The matrix of d_t - A_t d_{t-1} for all t, with d_0 = 0."""
    n = matrices.shape[1]
    L = np.eye(len(matrices) * n)
    for t in range(1, len(matrices)):
        L[t * n : (t + 1) * n, (t - 1) * n : t * n] = -matrices[t]
    return L


def least_squares(matrices, r, damping, strict):
    """min 1/2 |L d - r|^2 + damping/2 |d|^2, where the first `strict` rows of L d = r are exact."""
    L, n = block_system(matrices), matrices.shape[1]
    k = strict * n
    H = L[k:].T @ L[k:] + damping * np.eye(L.shape[0])
    top = np.concatenate([H, L[:k].T], axis=1)
    bottom = np.concatenate([L[:k], np.zeros((k, k))], axis=1)
    right = np.concatenate([L[k:].T @ r.ravel()[k:], r.ravel()[:k]])
    return np.linalg.solve(np.concatenate([top, bottom]), right)[: L.shape[0]].reshape(r.shape)


def causal(matrices, r, damping, strict):
    """Row t of the problem that ends at t: what a filter knows."""
    rows = range(1, len(r) + 1)
    return np.array([least_squares(matrices[:t], r[:t], damping, min(strict, t))[-1] for t in rows])


WANTED = {"smoother": least_squares, "filter": causal}


def systems(structure, rng, scale):
    """The library's maps and gap, with the same written out as matrices and vectors."""
    if structure == "dense":
        A = scale * rng.normal(size=(T, N, N))
        return pr.Dense(jnp.asarray(A)), A, rng.normal(size=(T, N)), lambda x: x
    if structure == "diagonal":
        a = scale * rng.normal(size=(T, N))
        A = np.array([np.diag(row) for row in a])
        return pr.Diagonal(jnp.asarray(a)), A, rng.normal(size=(T, N)), lambda x: x
    planes = scale * rng.normal(size=(4, T, N))
    A = np.array([np.block([[np.diag(a), np.diag(b)], [np.diag(c), np.diag(d)]])
                  for a, b, c, d in np.swapaxes(planes, 0, 1)])  # fmt: skip
    maps = pr.Block2(*(jnp.asarray(p) for p in planes))
    return maps, A, rng.normal(size=(T, 2 * N)), lambda x: (x[:, :N], x[:, N:])


@functools.cache
def compiled(smooth, backend):
    """The correction d = (h(new) - f) + r of one Kalman pass."""

    @jax.jit
    def d(maps, gap, strict, damping):
        carried = kalman.step(maps, gap, strict, damping, smooth, backend)
        return jax.tree.map(jnp.add, carried, gap)

    return d


@pytest.mark.parametrize("structure", ["dense", "diagonal", "block"])
@pytest.mark.parametrize("backend", ["sequential", "associative"])
@pytest.mark.parametrize("estimate", WANTED)
@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.2, 1.0, 2.0]),
    damping=st.sampled_from([1e-6, 0.1, 1.0, 100.0]),
    strict=st.integers(1, T),
)
def test_the_pass_solves_the_least_squares_problem(
    structure, backend, estimate, seed, scale, damping, strict
):
    rng = np.random.default_rng(seed)
    maps, matrices, r, tree = systems(structure, rng, scale)
    wanted = WANTED[estimate](matrices, r, damping, strict)
    rows = jnp.arange(T) < strict
    got = compiled(estimate == "smoother", backend)(
        maps, jax.tree.map(jnp.asarray, tree(r)), rows, jnp.asarray(damping)
    )
    got = np.concatenate(jax.tree.leaves(got), axis=1)
    np.testing.assert_allclose(got, wanted, atol=1e-8 * max(1, np.abs(wanted).max()))


def test_no_damping_is_newton_and_all_of_it_is_to_stay(rng):
    maps, matrices, r, _ = systems("dense", rng, 0.8)
    rows = jnp.arange(T) < 1
    newton = np.linalg.solve(block_system(matrices), r.ravel()).reshape(T, N)
    for smooth in (False, True):
        run = compiled(smooth, "sequential")
        np.testing.assert_allclose(run(maps, jnp.asarray(r), rows, 1e-13), newton, atol=1e-10)
        stays = run(maps, jnp.asarray(r), rows, 1e9)
        np.testing.assert_allclose(stays[0], r[0])  # the row that follows f strictly
        assert jnp.abs(stays[1:]).max() < 1e-8


def driven(gain, d=6, length=200, dtype=jnp.float64):
    keys = jax.random.split(jax.random.key(3), 2)
    W = (gain * jax.random.normal(keys[0], (d, d)) / d**0.5).astype(dtype)
    xs = jax.random.normal(keys[1], (length, d)).astype(dtype)
    return (lambda h, x: jnp.tanh(W @ h + x)), xs, jnp.zeros(d, dtype)


@pytest.mark.parametrize("estimate", ["filter", "smoother"])
def test_where_newton_is_quick_it_is_too(estimate):
    f, xs, h0 = driven(0.7)
    newton = pr.solve(f, xs, h0)
    solution = pr.solve(f, xs, h0, pr.ELK(estimate=estimate))
    assert solution.steps <= newton.steps + 1
    np.testing.assert_allclose(solution.states, pr.unroll(f, xs, h0), atol=1e-9)


def test_it_bounds_the_transients_of_newton():
    """An expanding net, long: Newton's iterates pass 1e10 on the way, ELK's stay at hand."""
    f, xs, h0 = driven(1.0, length=120)
    f = lambda h, x, f=f: 1.5 * h - 0.5 * h**3 / 3 + 0.5 * jnp.sin(3 * h) + 0.1 * x
    options = {"max_steps": 60, "on_failure": "return", "record": True}
    newton = pr.solve(f, xs, h0, pr.Newton(), **options)
    trusted = pr.solve(f, xs, h0, pr.ELK(damping=1.0), **options)
    largest = lambda s: jnp.nanmax(jnp.abs(jnp.where(jnp.isfinite(s), s, jnp.inf)))
    assert largest(newton.history.states) > 1e3 * largest(trusted.history.states)


def test_a_fixed_damping_is_linear_and_an_adapted_one_is_not():
    f, xs, h0 = driven(0.7)
    fixed = pr.solve(f, xs, h0, pr.ELK(damping=0.1), tol=1e-12)
    adapted = pr.solve(f, xs, h0, pr.ELK(), tol=1e-12)
    assert fixed.steps > 2 * adapted.steps


def test_quasi_elk_keeps_the_diagonal(rng):
    f, xs, h0 = driven(0.6)
    solution = pr.solve(f, xs, h0, pr.ELK(pr.QuasiNewton()))
    np.testing.assert_allclose(solution.states, pr.unroll(f, xs, h0), atol=1e-8)
    assert pr.ELK(pr.QuasiNewton()).structure(None) == "diagonal"


def test_what_it_refuses():
    with pytest.raises(ValueError, match="positive number, or None"):
        pr.ELK(damping=0)
    with pytest.raises(ValueError, match="estimate must be one of"):
        pr.ELK(estimate="both")
    with pytest.raises(ValueError, match=r"damps pr\.Newton or pr\.QuasiNewton"):
        pr.ELK(pr.Jacobi())
    with pytest.raises(TypeError, match="takes a method"):
        pr.ELK("newton")
    with pytest.raises(ValueError, match="radius"):
        pr.ELK(radius=-1)


@pytest.mark.parametrize("growth, factor", [(0.5, 1 / 5), (40.0, 5.0), (1e200, 5.0)])
def test_the_damping_follows_the_size_of_the_step(growth, factor):
    """Up where a state would move by more than the radius, an overflow included; else down."""
    maps, gap = pr.Diagonal(jnp.full((6, 1), growth)), jnp.ones((6, 1))
    move, exact = pr.ELK(radius=3.0).move(), jnp.zeros(6, bool)
    control = jnp.asarray(1e-6)
    _, new = move(maps, gap, jnp.zeros((6, 1)), exact, control, "sequential")
    np.testing.assert_allclose(new, control * factor)
    fixed = pr.ELK(damping=0.2).move()
    assert (
        fixed(maps, gap, jnp.zeros((6, 1)), exact, fixed.start(gap.dtype), "sequential")[1] == 0.2
    )
