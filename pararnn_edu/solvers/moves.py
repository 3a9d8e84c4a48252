"""How an iterate moves, once f and the maps A_t are known at it.

Newton and its relatives move all the way: they solve the affine recurrence for the correction
d and set h(new) = f + A d. Where the products of A grow fast, d is enormous and useless long
before it overflows. A damped move looks at d first.
"""

import abc
from numbers import Real

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, PyTree

from ..scans import Structure, recur
from ..scans.recurrence import shift

RADIUS = 10.0


class Move(eqx.Module):
    """A way to get from f, A and the gap f - h to the next iterate."""

    def start(self, dtype) -> PyTree:
        """What the move remembers before the first step."""
        del dtype
        return None

    @abc.abstractmethod
    def __call__(
        self,
        maps: Structure,
        gap: PyTree,
        points: PyTree,
        exact: Bool[Array, " T"],
        control: PyTree,
        backend: str,
    ) -> tuple[PyTree, PyTree]:
        """h(new) - f for all rows, and what to remember.

        `gap` is f - h, zero on the rows marked `exact`; `points` is h with zeros for what is
        not finite. The first row that is not exact must get zero here: that is what makes it
        exact.
        """


class Full(Move):
    """h(new) = f + A d with d_t = A_t d_{t-1} + gap_t: the whole affine recurrence."""

    def __call__(self, maps, gap, points, exact, control, backend):
        return _carried(maps, gap, backend), control


class Search(Move):
    """Shrinks A until the correction fits into `radius`: a line search along Newton to Jacobi.

    h(new) = f + s A d with the largest s in 1, 1/2, ..., 1/64, 0 for which no |h(new) - h|
    exceeds `radius` max(1, |h|). A trial costs one linear recurrence and no evaluation of f.
    Near the solution s = 1 always fits, so the convergence is that of the undamped method.
    """

    radius: float = eqx.field(static=True, default=RADIUS)

    def __call__(self, maps, gap, points, exact, control, backend):
        def shrunk(s):
            return _carried(maps.scale(s), gap, backend)

        def too_far(trial):
            s, carried = trial
            return (s > 0) & ~(largest_move(gap, carried, points) <= self.radius)

        def shorter(trial):
            s = jnp.where(trial[0] > 1 / 64, trial[0] / 2, 0).astype(trial[0].dtype)
            return s, shrunk(s)

        whole = jnp.ones((), jax.tree.leaves(gap)[0].dtype)
        return lax.while_loop(too_far, shorter, (whole, shrunk(whole)))[1], control


def largest_move(gap: PyTree, carried: PyTree, points: PyTree) -> Float[Array, ""]:
    """max |h(new) - h| / max(1, |h|), infinite where anything overflowed."""

    def leaf(g, c, h):
        moved = jnp.abs(g + c) / jnp.maximum(1, jnp.abs(h))
        return jnp.max(jnp.where(jnp.isfinite(moved), moved, jnp.inf), initial=0)

    return jnp.max(jnp.stack(jax.tree.leaves(jax.tree.map(leaf, gap, carried, points))))


def check_radius(name: str, radius) -> None:
    """Raises `ValueError` unless `radius` is a positive number."""
    if isinstance(radius, bool) or not isinstance(radius, Real) or not radius > 0:
        raise ValueError(f"{name}: radius must be a positive number, got {radius!r}")


def _carried(maps: Structure, gap: PyTree, backend: str) -> PyTree:
    return maps.apply(shift(recur(maps, gap, backend=backend)))
