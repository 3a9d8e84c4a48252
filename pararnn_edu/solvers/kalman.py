"""The Levenberg-Marquardt step of a recurrence, as a Kalman filter and smoother over time.

Damped least squares for the correction d_t = h_t(new) - h_t, with d_0 = 0:

    minimise  1/2 sum_t |d_t - A_t d_{t-1} - r_t|^2 + lambda/2 sum_t |d_t|^2,    r_t = f_t - h_t.

Read as probabilities, this asks for the most likely path of a linear system with transition
A_t, drift r_t and process noise of variance one, which is observed at every step to be zero
with noise of variance 1 / lambda. The Kalman filter and the smoother of Rauch, Tung and Striebel
answer it exactly (Gonzalez et al. 2024, section 4.2). The covariances do not depend on r:

    P-_t = A_t P_{t-1} A_t' + I        P_t = S_t P-_t        S_t = (I + lambda P-_t)^-1

They compose associatively (Särkkä and García-Fernández 2021), so one scan finds them all.
Given them, the filter's means are an affine recurrence like any other, with S_t A_t in the
place of A_t: the filter is Newton with a Jacobian shrunk where it would expand. The smoother is
one more affine recurrence, from the right.

Rows that are known to be exact, and the row after them, have no process noise: there d follows
the linear system strictly. This is our addition to the published method. It keeps the promise
of all the others: after k steps the first k states are exact.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, PyTree

from ..scans import Block2, Dense, Diagonal, Structure, recur
from ..scans.affine import HIGHEST
from ..scans.recurrence import shift
from .elimination import solve


def step(
    maps: Structure,
    gap: PyTree,
    strict: Bool[Array, " T"],
    damping: Float[Array, ""],
    smooth: bool,
    backend: str,
) -> PyTree:
    """h(new) - f = d - r for the filter's or the smoother's d, for all rows.

    `strict` marks the rows without process noise, a prefix. For `Block2` maps every channel
    is a system of its own with two numbers.
    """
    if isinstance(maps, Block2):
        (p, q), tree = jax.tree.flatten(gap)
        pairs = step(_paired(maps), jnp.stack([p, q], -1), strict, damping, smooth, backend)
        return jax.tree.unflatten(tree, [pairs[..., 0], pairs[..., 1]])
    if isinstance(maps, Diagonal):
        leaf = lambda a, r: _step(_Scalar(a), r, strict, damping, smooth, backend)
        return jax.tree.map(leaf, maps.a, gap)
    return _step(_Matrix(maps.matrix), gap, strict, damping, smooth, backend)


def _step(maps, gap, strict, damping, smooth, backend) -> Array:
    noise = maps.noise(~strict)
    covariance = maps.covariances(noise, damping, backend)
    predicted = maps.predicted(shift(covariance), noise)
    shrink = maps.shrink(predicted, damping)
    d = recur(maps.times(shrink), maps.apply(shrink, gap), backend=backend)
    withheld = damping * maps.apply(predicted, d)  # (I - S) (A d + r)
    carried = maps.apply(maps.a, shift(d)) - withheld
    if not smooth:
        return carried
    back = maps.backward(covariance, predicted, strict)
    later = shift(withheld, reverse=True)
    return carried + recur(maps.structure(back), -maps.apply(back, later), None, True, backend)


class _Scalar(eqx.Module):
    """Transitions a (T, ...), one number a channel."""

    a: Array

    def noise(self, free):
        return jnp.broadcast_to(_along(free, self.a).astype(self.a.dtype), self.a.shape)

    def covariances(self, noise, damping, backend):
        s = 1 / (1 + damping * noise)
        elements = s * self.a, s * noise, damping * s * self.a**2
        return _prefixes(_compose_scalars, elements, backend)[1]

    def predicted(self, before, noise):
        return self.a**2 * before + noise

    def shrink(self, predicted, damping):
        return 1 / (1 + damping * predicted)

    def times(self, shrink):
        return Diagonal(shrink * self.a)

    def apply(self, maps, d):
        return maps * d

    def structure(self, maps):
        return Diagonal(maps)

    def backward(self, covariance, predicted, strict):
        """E_t = P_t A_{t+1} / P-_{t+1}; zero before a strict row and at the end."""
        a, ahead = shift(self.a, reverse=True), shift(predicted, reverse=True)
        fixed = _along(jnp.append(strict[1:], True), self.a)
        return jnp.where(fixed, 0, covariance * a / jnp.where(fixed, 1, ahead))


class _Matrix(eqx.Module):
    """Transitions a (T, ..., n, n): n numbers together."""

    a: Array

    def noise(self, free):
        eye = jnp.eye(self.a.shape[-1], dtype=self.a.dtype)
        return jnp.where(_along(free, self.a), eye, jnp.zeros_like(self.a))

    def covariances(self, noise, damping, backend):
        s = 1 / (1 + damping * _largest_entry(noise))
        information = damping * s * _matmul(_transposed(self.a), self.a)
        return _prefixes(_compose, (s * self.a, s * noise, information), backend)[1]

    def predicted(self, before, noise):
        return _matmul(_matmul(self.a, before), _transposed(self.a)) + noise

    def shrink(self, predicted, damping):
        eye = jnp.eye(self.a.shape[-1], dtype=self.a.dtype)
        eye = _eye_like(predicted, eye)
        return solve(eye + damping * predicted, eye)

    def times(self, shrink):
        return Dense(_matmul(shrink, self.a))

    def apply(self, maps, d):
        return Dense(maps).apply(d)

    def structure(self, maps):
        return Dense(maps)

    def backward(self, covariance, predicted, strict):
        """E_t = P_t A'_{t+1} (P-_{t+1})^-1; zero before a strict row and at the end."""
        a, ahead = shift(self.a, reverse=True), shift(predicted, reverse=True)
        fixed = _along(jnp.append(strict[1:], True), self.a)
        eye = jnp.eye(a.shape[-1], dtype=a.dtype)
        gain = solve(jnp.where(fixed, _eye_like(ahead, eye), ahead), _matmul(a, covariance))
        return jnp.where(fixed, 0, _transposed(gain))


# A span of the filter as a map of covariances, P -> C + A P (I + J P)^-1 A', is kept as
# (A, C, J). The span of one step has A = s A_t, C = s noise, J = lambda s A_t' A_t.


def _compose_scalars(earlier, later):
    (a1, c1, j1), (a2, c2, j2) = earlier, later
    m = 1 / (1 + c1 * j2)
    return a2 * m * a1, a2**2 * m * c1 + c2, a1**2 * m * j2 + j1


def _compose(earlier, later):
    (a1, c1, j1), (a2, c2, j2) = earlier, later
    n = a1.shape[-1]
    system = _eye_like(c1, jnp.eye(n, dtype=c1.dtype)) + _matmul(c1, j2)
    solved = solve(system, jnp.concatenate([a1, c1], -1))
    m_a1, m_c1 = solved[..., :n], solved[..., n:]
    a = _matmul(a2, m_a1)
    c = _matmul(_matmul(a2, m_c1), _transposed(a2)) + c2
    j = _matmul(_matmul(_transposed(a1), j2), m_a1) + j1
    return a, _symmetric(c), _symmetric(j)


def _prefixes(compose, elements, backend: str):
    """All prefix compositions, by the loop or by a parallel scan."""
    loop = jax.default_backend() == "cpu" if backend == "auto" else backend == "sequential"
    if not loop:
        return lax.associative_scan(compose, elements)
    first = jax.tree.map(lambda x: x[0], elements)

    def one(done, element):
        done = compose(done, element)
        return done, done

    rest = jax.tree.map(lambda x: x[1:], elements)
    _, others = lax.scan(one, first, rest)
    return jax.tree.map(lambda f, o: jnp.concatenate([f[None], o]), first, others)


def _paired(maps: Block2) -> Dense:
    top = jnp.stack([maps.a11, maps.a12], -1)
    bottom = jnp.stack([maps.a21, maps.a22], -1)
    return Dense(jnp.stack([top, bottom], -2))


def _along(rows: PyTree, like: Array) -> Array:
    return rows.reshape(-1, *[1] * (like.ndim - 1))


def _largest_entry(noise: Array) -> Array:
    return jnp.max(noise, axis=(-2, -1), keepdims=True)


def _eye_like(matrices: Array, eye: Array) -> Array:
    return jnp.broadcast_to(eye, matrices.shape)


def _matmul(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision=HIGHEST)


def _transposed(a: Array) -> Array:
    return jnp.swapaxes(a, -1, -2)


def _symmetric(a: Array) -> Array:
    return (a + _transposed(a)) / 2
