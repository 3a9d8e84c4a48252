"""The dtype policy: results keep the input's dtype, sums are never taken below float32."""

import jax
import jax.numpy as jnp
from jaxtyping import PyTree


def compute_dtype(dtype) -> jnp.dtype:
    """The dtype to work in: float32 for float16 and bfloat16, else `dtype` itself."""
    return jnp.dtype(jnp.float32) if jnp.finfo(dtype).bits < 32 else jnp.dtype(dtype)


def widen(tree: PyTree) -> PyTree:
    """Every floating array in `tree` in its compute dtype; the rest untouched.

    Beside the accuracy there is a second reason: on a CPU `lax.scan` over bfloat16 or
    float16 arrays takes time quadratic in their length (XLA converts the whole array in
    every step), so half-precision arrays are widened before they meet a scan.
    """

    def leaf(x):
        if not is_inexact(x):
            return x
        return jnp.asarray(x).astype(compute_dtype(x.dtype))

    return jax.tree.map(leaf, tree)


def is_inexact(x) -> bool:
    """Whether `x` is an array of floating or complex numbers."""
    dtype = getattr(x, "dtype", None)
    return dtype is not None and jnp.issubdtype(dtype, jnp.inexact)


def cast_like(tree: PyTree, dtypes: PyTree) -> PyTree:
    """`tree` with each leaf in the dtype found at its place in `dtypes`."""
    return jax.tree.map(lambda x, dtype: x.astype(dtype), tree, dtypes)
