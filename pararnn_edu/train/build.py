"""From a configuration to the things it speaks of: model, data, ways to solve."""

from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .. import solvers
from .batches import Windows
from .config import Config, ConfigError, DataConfig, ModelConfig, SolverConfig
from .cores import cast_arrays
from .corpus import shakespeare
from .files import is_token_file, open_tokens, read_tokenizer, split
from .mode import Mode
from .model import LanguageModel
from .optimise import adamw
from .progress import TOKEN, Unit
from .step import State, initial_state
from .tokens import BytePairs, Bytes, Characters, Tokenizer

METHODS = {
    "auto": lambda solver: solvers.Auto(),
    "newton": lambda solver: solvers.Newton(),
    "shooting": lambda solver: solvers.MultipleShooting(),
    "windowed": lambda solver: solvers.Windowed(window=solver.window),
    "fused": lambda solver: solvers.Fused(),
    "sequential": lambda solver: solvers.Sequential(),
}


class Data(NamedTuple):
    """What a run reads."""

    tokenizer: Tokenizer | None
    vocabulary: int
    train: Windows
    validation: Windows
    unit: Unit
    count: int  # tokens, of both parts


def make_model(config: ModelConfig, vocabulary: int, seed: int) -> LanguageModel:
    """The network at the start, float32; raises `ConfigError` where sizes do not fit together."""
    rest = config.model_dump(exclude={"width"})
    try:
        model = LanguageModel(vocabulary, config.width, key=jax.random.key(seed), **rest)
    except ValueError as error:
        raise ConfigError(f"model: {error}") from error
    return cast_arrays(model, jnp.float32)  # whatever jax_enable_x64 says


@eqx.filter_jit
def start(config: Config, vocabulary: int) -> State:
    """The state before the first update."""
    model = make_model(config.model, vocabulary, config.seed)
    return initial_state(model, adamw(config.optimiser, config.steps))


def shapes(config: Config, vocabulary: int) -> State:
    """The state of such a run, with shapes and dtypes in place of arrays."""
    return eqx.filter_eval_shape(start, config, vocabulary)


def make_mode(config: SolverConfig) -> Mode:
    """The way the recurrences are solved as long as that works."""
    return Mode(METHODS[config.method](config), config.tol, config.max_steps)


def make_data(config: Config, tokenizer: Tokenizer | None = None) -> Data:
    """Tokens, cut into windows; with `tokenizer`, that one instead of a new one."""
    data = config.data
    tokenizer, tokens = _tokens(data, tokenizer)
    train, validation = split(tokens, data.validation)
    if len(validation) <= data.length or len(train) <= data.length:
        raise ConfigError(
            f"data.length={data.length}: windows need more tokens than there are, {len(train)} "
            f"for training and {len(validation)} for validation"
        )
    vocabulary = data.vocabulary if tokenizer is None else tokenizer.size
    return Data(
        tokenizer,
        vocabulary,
        Windows(train, data.length, data.batch, seed=config.seed),
        Windows(validation, data.length, data.batch, shuffled=False),
        unit_of(tokenizer, validation),
        len(tokens),
    )


def unit_of(tokenizer: Tokenizer | None, tokens: np.ndarray) -> Unit:
    """Characters for a tokenizer of characters, otherwise bytes; tokens where none is known."""
    if tokenizer is None:
        return TOKEN
    some = np.asarray(tokens[:100_000])
    if isinstance(tokenizer, Characters):
        return Unit("char", 1.0)
    return Unit("byte", len(tokenizer.decode(some).encode("utf-8")) / len(some))


def _tokens(data: DataConfig, tokenizer: Tokenizer | None) -> tuple[Tokenizer | None, np.ndarray]:
    if data.source == "shakespeare":
        text = shakespeare()
    elif _holds_tokens(data.source):
        return read_tokenizer(data.source), open_tokens(data.source)
    else:
        text = _read(data.source)
    text = text[: data.limit]
    tokenizer = _new_tokenizer(data, text) if tokenizer is None else tokenizer
    return tokenizer, tokenizer.encode(text)


def _holds_tokens(path: str) -> bool:
    """Whether `write_tokens` made this file; raises `ConfigError` if there is none."""
    if not Path(path).is_file():
        raise ConfigError(
            f"data.source={path!r}: there is no such file; give 'shakespeare', a text or a file of "
            "tokens"
        )
    return is_token_file(path)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"data.source={path!r} is neither text in UTF-8 nor a file of tokens: {error}"
        ) from error


def _new_tokenizer(data: DataConfig, text: str) -> Tokenizer:
    if data.tokens == "characters":
        return Characters(text)
    if data.tokens == "bytes":
        return Bytes()
    seen = text[: round(len(text) * (1 - data.validation))]  # merges are learnt from training text
    return BytePairs.train(seen, data.vocabulary)
