"""Programs that know how many sequences `jax.vmap` runs them for."""

import functools
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap


def over_batches(f: Callable) -> Callable:
    """`f`, a function of batches that returns batches, with its own rule for `jax.vmap`.

    Every array in its arguments has a leading axis that is the batch or 1, every array that it
    returns has the batch. The rule of `pallas_call` itself would do, but `f` would not know how
    many sequences there are, and that decides how they are cut.
    """
    run = custom_vmap(f)

    @run.def_vmap
    def rule(axis_size, mapped, *arguments):
        mapped = tuple(mapped)
        leaves = zip(*map(jax.tree.leaves, (arguments, mapped)), strict=True)
        inner = max(leaf.shape[int(is_mapped)] for leaf, is_mapped in leaves)
        merge = functools.partial(_merge, axis_size, inner)
        merged = run(*jax.tree.map(merge, arguments, mapped))
        out = jax.tree.map(lambda x: x.reshape(axis_size, inner, *x.shape[1:]), merged)
        return out, jax.tree.map(lambda _: True, out)

    return run


def by_batch(choose: Callable[[int], Callable], *arguments):
    """`choose(batch)(*arguments)`, with `batch` the number of sequences: 1 outside `jax.vmap`.

    For what is best cut or laid out in another way when there are many. `choose` returns a
    function for one sequence; with it comes no derivative.
    """
    arrays, rest = eqx.partition(arguments, eqx.is_array)
    leaves, tree = jax.tree.flatten(arrays)

    def many(leaves: list[jax.Array]):
        batch = max(leaf.shape[0] for leaf in leaves)
        run = choose(batch)
        one = lambda *leaves: run(*eqx.combine(jax.tree.unflatten(tree, leaves), rest))
        if batch == 1:
            return jax.tree.map(lambda x: x[None], one(*[leaf[0] for leaf in leaves]))
        axes = [0 if leaf.shape[0] == batch else None for leaf in leaves]
        given = [leaf if axis == 0 else leaf[0] for leaf, axis in zip(leaves, axes, strict=True)]
        return jax.vmap(one, axes)(*given)

    return jax.tree.map(lambda x: x[0], over_batches(many)([leaf[None] for leaf in leaves]))


def _merge(axis_size: int, inner: int, leaf: jax.Array, mapped: bool) -> jax.Array:
    """The new axis and the batch axis as one; left alone where one sequence serves all."""
    if not mapped:
        if leaf.shape[0] == 1:
            return leaf
        leaf = leaf[None]
    shape = leaf.shape[2:]
    return jnp.broadcast_to(leaf, (axis_size, inner, *shape)).reshape(-1, *shape)
