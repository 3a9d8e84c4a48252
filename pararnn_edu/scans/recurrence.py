"""`linear_recurrence`: h_t = A_t h_{t-1} + b_t, differentiable, for every structure of A."""

import difflib

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Inexact, PyTree

from ..precision import cast_like, is_inexact, widen
from .affine import Block2, Dense, Diagonal, Identity, Structure, Zero
from .backends import BACKENDS, KERNELS, kernels_suit, run, sequential_transposed
from .device import check_kernels, has_kernels


def linear_recurrence(
    A: Inexact[Array, "T d"] | Inexact[Array, "T d d"] | Block2,
    b: Inexact[Array, "T d"] | tuple[Array, Array],
    h0: Inexact[Array, " d"] | tuple[Array, Array] | None = None,
    reverse: bool = False,
    backend: str = "auto",
) -> Inexact[Array, "T d"] | tuple[Array, Array]:
    """Solves h_t = A_t h_{t-1} + b_t for t = 1..T and returns h_1..h_T.

    **Arguments**

    - `A`: `(T, d)` for diagonal matrices, `(T, d, d)` for dense ones, or a `Block2` of four
      `(T, d)` planes for a 2x2 matrix in each channel.
    - `b`: `(T, d)`; with a `Block2`, a pair of `(T, d)` planes.
    - `h0`: the state before the first step, `(d,)` (a pair of them for `Block2`); zero if
      None.
    - `reverse`: run from the right end, h_t = A_t h_{t+1} + b_t with `h0` in the place of
      h_{T+1}.
    - `backend`: `"sequential"` (`lax.scan`), `"associative"` (`lax.associative_scan`),
      `"chunked"` (two levels), `"pallas"` (GPU kernels), `"interpret"` (the same kernels in
      Pallas's interpreter, slow, for tests) or `"auto"`: sequential on a CPU; on a GPU of
      compute capability 8.0 or more the kernels, where they suit; associative elsewhere.

    **Returns** the states, in the tree and shape of `b`. Their dtype is the common dtype of
    the arguments; float16 and bfloat16 are added up in float32. Complex numbers are allowed.

    The kernels are for diagonal matrices and `Block2`, in float32, float16 and bfloat16. Batches
    from `jax.vmap` are more work for the same launches, and where batch x d fills the GPU each
    number is read once.

    All but the sequential loop form products of A over spans of steps. Where |A| > 1 for long,
    these lose digits or overflow while the loop is still exact: for h_t = 2 h_{t-1} - 1 from 1 in
    float32, where every state is 1, "associative" is wrong from step 64 on. (`solve` notices: it
    tests the residual.)

    Forward and reverse differentiation in A, b and h0 each take one more linear recurrence,
    whatever the backend (Martin and Cundy 2018, section 2.2). `jax.vmap` adds batch axes.

    **Raises** `ValueError` or `TypeError` naming the shapes, dtypes or backend that do not fit.
    """
    maps = _as_structure(A)
    _check(maps, A, b, h0)
    check_backend(backend)
    dtype = jnp.result_type(*jax.tree.leaves((A, b, h0)))
    like = jax.tree.map(lambda _: dtype, b)
    maps, b, h0 = jax.tree.map(lambda x: x.astype(dtype), (maps, b, h0))
    backend = resolve_backend(backend, maps, b)
    if backend not in KERNELS:  # these widen what they have read, number by number
        maps, b, h0 = widen((maps, b, h0))
    return cast_like(_recur(maps, b, h0, reverse, backend), like)


def recur(
    A: Structure,
    b: PyTree,
    h0: PyTree | None = None,
    reverse: bool = False,
    backend: str = "auto",
) -> PyTree:
    """The recurrence for any `Structure`, unchecked: `b` is a tree of `(T, ...)` arrays.

    Written as the linear system (I - A S) h = b, with S the shift by one step, so that
    `lax.custom_linear_solve` supplies every derivative: the tangent is the same recurrence
    with another right-hand side, the cotangent is the transposed one, run backwards.
    """
    if jax.tree.leaves(b)[0].shape[0] == 0:
        return b
    backend = resolve_backend(backend, A, b)
    if backend in KERNELS and not isinstance(A, Zero | Identity):
        return KERNELS[backend](A, b, h0, reverse)
    if h0 is not None:
        first = -1 if reverse else 0
        carried = jax.tree.map(lambda a: a[first], A).apply(h0)
        b = jax.tree.map(lambda x, c: x.at[first].add(c), b, carried)
    return lax.custom_linear_solve(
        lambda h: jax.tree.map(jnp.subtract, h, A.apply(shift(h, reverse))),
        tied(b),
        lambda _, rhs: run(backend, A, rhs, reverse),
        lambda _, rhs: _transposed(backend, A, rhs, reverse),
    )


def _transposed(backend: str, A: Structure, g: PyTree, reverse: bool) -> PyTree:
    """l_t = g_t + A_{t+1}^T l_{t+1} for every t: the transposed system, run the other way."""
    if backend == "sequential" and not isinstance(A, Zero | Identity):
        return sequential_transposed(A, g, reverse)[1]
    return run(backend, shift(A, not reverse).transpose(), g, not reverse)


def tied(tree: PyTree) -> PyTree:
    """The arrays of `tree`, each formally a function of all of them.

    `lax.custom_linear_solve` cannot be differentiated if only some of them depend on what is
    perturbed. XLA drops the selection of nothing.
    """
    leaves, structure = jax.tree.flatten(tree)
    if len(leaves) == 1 or any(leaf.shape != leaves[0].shape for leaf in leaves):
        return tree
    dtype = jnp.result_type(*leaves)
    everything = sum(leaf.astype(dtype) for leaf in leaves)
    nothing = jnp.where(False, everything, jnp.zeros((), dtype))
    return jax.tree.unflatten(structure, [leaf + nothing.astype(leaf.dtype) for leaf in leaves])


# Called eagerly, one compiled program per shape instead of one per call.
_recur = jax.jit(recur, static_argnums=(3, 4))


def shift(tree: PyTree, reverse: bool = False, start: PyTree | None = None) -> PyTree:
    """Moves every array one step later in time (earlier if `reverse`), zero or `start` in."""
    if start is None:
        start = jax.tree.map(lambda x: jnp.zeros_like(x[0]), tree)

    def leaf(x, s):
        parts = [x[1:], s[None]] if reverse else [s[None], x[:-1]]
        return jnp.concatenate(parts)

    return jax.tree.map(leaf, tree, start)


def resolve_backend(backend: str, A: Structure, b: PyTree) -> str:
    """The backend that `"auto"` stands for on the default device, for these maps."""
    if backend != "auto":
        return backend
    if jax.default_backend() == "cpu":
        return "sequential"
    return "pallas" if has_kernels() and kernels_suit(A, b) else "associative"


def check_backend(backend: str) -> None:
    """Raises `ValueError` unless `backend` can run."""
    names = ["auto", *BACKENDS, *KERNELS]
    if backend == "pallas":
        check_kernels(f"one of {['auto', *BACKENDS]}, which run anywhere,")
    if backend not in names:
        close = difflib.get_close_matches(str(backend), names, 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown backend {backend!r}; expected one of {names}.{hint}")


def _as_structure(A) -> Structure:
    if isinstance(A, Block2):
        return A
    if not hasattr(A, "ndim"):
        raise TypeError(f"A must be an array or a Block2, got {type(A).__name__}")
    if A.ndim == 2:
        return Diagonal(jnp.asarray(A))
    if A.ndim == 3 and A.shape[1] == A.shape[2]:
        return Dense(jnp.asarray(A))
    raise ValueError(
        "A must have shape (T, d) for diagonal or (T, d, d) for dense matrices, "
        f"got {A.shape}. Batches go through jax.vmap."
    )


def _check(maps: Structure, A, b, h0) -> None:
    if isinstance(maps, Block2):
        for name, pair in (("b", b), ("h0", h0)):
            if pair is not None and not (isinstance(pair, tuple) and len(pair) == 2):
                raise TypeError(
                    f"with a Block2 A, {name} must be a pair (p, q) of arrays, "
                    f"got {type(pair).__name__}"
                )
        plane = jnp.shape(A.a11)
    else:
        plane = A.shape[:2]
        for name, value in (("b", b), ("h0", h0)):
            if value is not None and not hasattr(value, "shape"):
                raise TypeError(
                    f"{name} must be one array to fit A of shape {A.shape}, "
                    f"got {type(value).__name__}"
                )
    if len(plane) != 2:
        raise ValueError(f"the planes of a Block2 must have shape (T, d), got {plane}")
    expected = {"A": (A, None), "b": (b, plane), "h0": (h0, plane[1:])}
    for name, (value, shape) in expected.items():
        for leaf in jax.tree.leaves(value):
            if not is_inexact(leaf):
                dtype = getattr(leaf, "dtype", type(leaf).__name__)
                raise TypeError(f"{name} must hold floating-point arrays, got {dtype}")
            wanted = shape or (plane if isinstance(maps, Block2) else jnp.shape(leaf))
            if jnp.shape(leaf) != wanted:
                raise ValueError(
                    f"{name} must have shape {wanted} to fit A of shape {_shape(A)}, "
                    f"got {jnp.shape(leaf)}"
                )


def _shape(A) -> str:
    return f"Block2{jnp.shape(A.a11)}" if isinstance(A, Block2) else str(A.shape)
