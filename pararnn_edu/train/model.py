"""Embedding, blocks, logits: a model of sequences."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jax import lax
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ..precision import widen
from .block import Bare, Block, Mixer, rows
from .cores import CORES, Core, cast_arrays, make_core
from .mode import Health, Mode, place, worst


class ModelState(NamedTuple):
    """What a model carries from one call to the next."""

    blocks: PyTree  # with a leading axis of layers
    seen: Int[Array, ""]


class LanguageModel(eqx.Module):
    """Tokens to the logits of the next one, through a stack of equal blocks.

    **Arguments**

    - `vocabulary`: number of tokens. With `features`, inputs are rows of that many numbers
      instead and `vocabulary` is the number of classes.
    - `width`: channels of the residual stream.
    - `core`: `"paragru"`, `"paralstm"`, `"mingru"`, `"selective"` (Mamba-like), `"attention"`,
      and for small tasks `"gru"`, `"lstm"`, `"elman"`, `"diagonal"`, `"pd"`, `"dplr"`.
    - `layers`; `inner`: channels of the core, `width` if None; `heads`: equal parts of it.
    - `mlp`: hidden channels of the MLP, 0 for none, by default 8/3 of the width.
    - `conv`: rows of the short convolution, 0 for none; `gate`: whether the core's output is
      gated.
    - `bare`: blocks that are the core alone, as in the paper's Parity and Keep-nth.
    - `positions`: learned positions for sequences up to this length; 0 for none.
    - `max_norm`: bound of the recurrent weights of ParaGRU and ParaLSTM, None for none.
    - `dtype`: of the weights.
    - `remat`: compute the blocks anew on the way back instead of storing what is inside them.

    `model(tokens, state, mode)` returns `(logits (T, outputs), state, Health)` for one sequence;
    `jax.vmap` makes a batch. Training leaves `state` out. Decoding starts from
    `model.initial_state(length)`: a prompt in parallel, then token by token; logits agree up to
    the solver's tolerance.

    Source: Danieli et al. (ParaRNN, 2026), section 4 and appendix C.
    """

    embedding: eqx.nn.Embedding | eqx.nn.Linear
    positions: Float[Array, "length m"] | None
    blocks: PyTree
    norm: eqx.nn.RMSNorm
    head: eqx.nn.Linear
    layers: int = eqx.field(static=True)
    remat: bool = eqx.field(static=True)

    def __init__(
        self,
        vocabulary: int,
        width: int,
        *,
        core: str = "paragru",
        layers: int = 2,
        inner: int | None = None,
        heads: int = 1,
        mlp: int | None = None,
        conv: int = 4,
        gate: bool = True,
        bare: bool = False,
        positions: int = 0,
        max_norm: float | None = 0.5,
        features: int | None = None,
        outputs: int | None = None,
        remat: bool = False,
        dtype: jnp.dtype = jnp.float32,
        key: PRNGKeyArray,
    ):
        inner = width if inner is None else inner
        mlp = round(8 * width / 3) if mlp is None else mlp
        _check(vocabulary=vocabulary, width=width, layers=layers, inner=inner, heads=heads)
        if core not in CORES:
            raise ValueError(f"core must be one of {', '.join(CORES)}, got {core!r}")
        if bare and inner != width:
            raise ValueError(f"a bare block has inner = width, got inner={inner}, width={width}")

        def block(key: PRNGKeyArray) -> Block | Bare:
            keys = jr.split(key, 3)
            made = make_core(core, inner, heads, max_norm, key=keys[0])
            if bare:
                return Bare(made)
            return Block(
                width, Mixer(width, inner, made, conv, gate, key=keys[1]), mlp, key=keys[2]
            )

        keys = jr.split(key, 4)
        self.layers, self.remat = layers, remat
        self.blocks = cast_arrays(eqx.filter_vmap(block)(jr.split(keys[0], layers)), dtype)
        self.embedding = (
            eqx.nn.Embedding(vocabulary, width, dtype=dtype, key=keys[1])
            if features is None
            else eqx.nn.Linear(features, width, dtype=dtype, key=keys[1])
        )
        self.positions = jr.normal(keys[2], (positions, width), dtype) if positions else None
        self.norm = eqx.nn.RMSNorm(width, use_bias=False, dtype=dtype)
        outputs = vocabulary if outputs is None else outputs
        self.head = eqx.nn.Linear(width, outputs, use_bias=False, dtype=dtype, key=keys[3])

    def __call__(
        self,
        tokens: Int[Array, " T"] | Float[Array, "T features"],
        state: ModelState | None = None,
        mode: Mode = Mode(),  # noqa: B008 (frozen)
    ) -> tuple[Float[Array, "T outputs"], ModelState | None, Health]:
        x = self._embedded(tokens, place(len(tokens), mode) if state is None else state.seen)
        arrays, static = eqx.partition(self.blocks, eqx.is_array)

        def layer(x, of_layer):
            weights, before = of_layer
            x, after, health = eqx.combine(weights, static)(x, before, mode)
            return x, (after, health)

        if self.remat:
            layer = jax.checkpoint(layer)
        before = None if state is None else state.blocks
        x, (after, health) = lax.scan(layer, x, (arrays, before))
        logits = widen(rows(self.head, jax.vmap(self.norm)(x)))
        state = None if state is None else ModelState(after, state.seen + len(tokens))
        return logits, state, worst(health)

    def initial_state(self, length: int) -> ModelState:
        """The state before the first token; `length` is the most tokens that will be seen."""
        blocks = eqx.filter_vmap(lambda block: block.initial_state(length))(self.blocks)
        return ModelState(blocks, jnp.zeros((), jnp.int32))

    def clipped(self) -> "LanguageModel":
        """This model after an update: recurrent weights within `max_norm`."""
        return _map_cores(self, lambda core: core.clipped())

    def _embedded(self, tokens: Array, seen: Int[Array, ""]) -> Float[Array, "T m"]:
        if isinstance(self.embedding, eqx.nn.Embedding):
            x = self.embedding.weight[tokens]
        else:
            x = jax.vmap(self.embedding)(tokens.astype(self.embedding.weight.dtype))
        if self.positions is None:
            return x
        if len(tokens) > len(self.positions):
            raise ValueError(
                f"the model has positions={len(self.positions)}, got {len(tokens)} tokens"
            )
        return x + lax.dynamic_slice_in_dim(self.positions, seen, len(tokens))


def cast(model: LanguageModel, dtype: jnp.dtype) -> LanguageModel:
    """The model with its weights in `dtype`, but for those of recurrences.

    For mixed precision: `cast(model, jnp.bfloat16)` inside the loss, float32 weights in the
    optimiser. Norms, recurrences and the loss are worked on in float32 in any case.
    """
    is_core = lambda node: isinstance(node, Core)
    lower = lambda node: node.cast(dtype) if is_core(node) else cast_arrays(node, dtype)
    return jax.tree.map(lower, model, is_leaf=is_core)


def count(model: PyTree) -> int:
    """The number of weights of a model."""
    return sum(x.size for x in jax.tree.leaves(model) if _is_weight(x))


def matching_mlp(parameters: int, vocabulary: int, width: int, **arguments) -> int:
    """The `mlp` at which `LanguageModel(vocabulary, width, **arguments)` has that many weights.

    As nearly as can be: one hidden channel is `3 * width * layers` weights. Comparisons between
    cores are made at equal numbers of weights, and the MLP takes up the difference.
    **Raises** `ValueError` if the rest of the model is larger than that already.
    """
    sizes = [
        count(
            eqx.filter_eval_shape(LanguageModel, vocabulary, width, mlp=mlp, **arguments, key=key)
        )
        for key in [jr.key(0)]
        for mlp in (1, 2)
    ]
    mlp = 1 + round((parameters - sizes[0]) / (sizes[1] - sizes[0]))
    if mlp < 1:
        raise ValueError(
            f"a model of {parameters} weights was asked for, but without its MLP this one has "
            f"{sizes[0]} already: {arguments}"
        )
    return mlp


def _map_cores(model: LanguageModel, change) -> LanguageModel:
    is_core = lambda node: isinstance(node, Core)
    return jax.tree.map(
        lambda node: change(node) if is_core(node) else node, model, is_leaf=is_core
    )


def _is_weight(x) -> bool:
    return hasattr(x, "dtype") and jnp.issubdtype(x.dtype, jnp.inexact)


def _check(**sizes: int) -> None:
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"LanguageModel: {name} must be a positive int, got {size!r}")
