"""What competes to solve h_t = A_t h_{t-1} + b_t."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.sparse.linalg import gmres
from jaxtyping import PyTree

import pararnn_edu as pr

from ...precision import widen
from ...scans import Block2
from ...scans.device import has_kernels
from ...scans.recurrence import shift
from . import exact
from .numbers import matrices
from .platforms import drop_long_loops
from .spec import Built, Outcome, Problem, Variant

BACKENDS = {
    "sequential": "linear_recurrence, sequential",
    "associative": "associative_scan",
    "chunked": "chunked",
}
LONGEST_KRYLOV = 100_000  # GMRES keeps twenty vectors of the size of b


def build(problem: Problem) -> Built:
    """The scan first, then the backends, and copying as many bytes last."""
    A, b = matrices(problem)
    made = {"scan": _plain("lax.scan", scan, A, b)}
    for backend, label in BACKENDS.items():
        made[backend] = _plain(label, _by(backend), A, b)
    left_out = {}
    if has_kernels() and problem.kind != "dense":
        made["one_kernel"] = _plain("one kernel through time", one_kernel, A, b)
        made["kernels"] = _plain("our kernels", _by("pallas"), A, b)
    if problem.kind == "dense":
        if problem.T <= LONGEST_KRYLOV:
            made["krylov"] = _plain("GMRES, matrix-free", krylov, A, b)
        else:
            left_out["krylov"] = "it keeps twenty vectors of this size"
    made["auto"] = _plain("linear_recurrence", _by("auto"), A, b)
    if problem.dtype != "float32":
        made["auto_float32"] = _plain("linear_recurrence, float32", _by("auto"), *widen((A, b)))
    made["copy"] = Variant("copying as many bytes", copy, (A, b), [])
    return Built(*drop_long_loops(problem, made, left_out), exact.linear(A, b))


def _plain(label: str, solve: Callable, A: PyTree, b: PyTree) -> Variant:
    return Variant(label, lambda A, b: Outcome(solve(A, b)), (A, b), [])


def _by(backend: str) -> Callable:
    return lambda A, b: pr.linear_recurrence(A, b, backend=backend)


def scan(A: PyTree, b: PyTree) -> PyTree:
    """A loop as fast as XLA makes one; half precision is widened before it, not inside."""

    def step(h, at):
        h = jax.tree.map(jnp.add, exact.product(at[0], h), at[1])
        return h, h

    wide = widen((A, b))
    start = jax.tree.map(lambda x: jnp.zeros_like(x[0]), wide[1])
    states = lax.scan(step, start, wide)[1]
    return jax.tree.map(lambda h, x: h.astype(x.dtype), states, b)


def one_kernel(A: PyTree, b: PyTree) -> PyTree:
    """A GPU kernel that walks through time: what a parallel scan has to beat there."""
    from ...scans import Diagonal
    from ...scans.pallas.scan import Way, one_pass

    maps = A if isinstance(A, Block2) else Diagonal(A)
    batch = lambda tree: jax.tree.map(lambda x: x[None], tree)
    start = jax.tree.map(lambda x: jnp.zeros_like(x[:1]), b)
    states = one_pass(batch(maps), batch(b), start, Way(False, False, False))
    return jax.tree.map(lambda x: x[0], states)


def krylov(A: jax.Array, b: jax.Array) -> jax.Array:
    """One big system, (I - A S) h = b with S the shift by a step, by GMRES: no matrix is formed."""

    def system(h):
        carried = jnp.einsum("tij,tj->ti", A, shift(h), precision=lax.Precision.HIGHEST)
        return h - carried

    return gmres(system, b, tol=1e-6, restart=20, maxiter=10)[0]


def copy(A: PyTree, b: PyTree) -> Outcome:
    """Reads what a scan must read and writes what it must write: the floor of memory."""
    if isinstance(A, Block2):
        return Outcome(None, (A.a11 + A.a12 + b[0], A.a21 + A.a22 + b[1]))
    # A sum over so short an axis would cost more than to read it.
    parts = [A] if A.ndim == 2 else [A[..., i] for i in range(A.shape[-1])]
    return Outcome(None, sum(parts, b))
