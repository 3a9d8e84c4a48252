"""Configurations to start from, by name.

`tiny` is run by the tests; `laptop` was run whole: 4.1 million characters in four minutes of two
CPU cores, to 2.17 bits per character on the held-out text. The others are sized by arithmetic,
from the memory of the card and the counts of parameters and activations: **none of them has been
measured on a GPU**.
"""

from .config import (
    Config,
    ConfigError,
    DataConfig,
    ModelConfig,
    OptimiserConfig,
    SolverConfig,
)


def tiny() -> Config:
    """Seconds on a CPU: for tests, and for seeing that all is in place."""
    return Config(
        name="tiny",
        steps=150,
        evaluate_every=50,
        evaluate_batches=2,
        checkpoint_every=50,
        model=ModelConfig(width=32, layers=1, inner=32, mlp=64),
        data=DataConfig(limit=100_000, length=32, batch=16),
        optimiser=OptimiserConfig(learning_rate=1e-2),
    )


def laptop() -> Config:
    """Minutes on a CPU: the characters of the corpus, a network of 0.4 million weights."""
    return Config(
        name="laptop",
        steps=2_000,
        model=ModelConfig(width=128, layers=2, heads=4),
        data=DataConfig(length=128, batch=16),
        optimiser=OptimiserConfig(learning_rate=4e-3),
    )


def t4() -> Config:
    """One T4 with 16 GB, as free Colab lends it; not measured on a GPU.

    18 million weights, in float32, because this generation of cards has no bfloat16 arithmetic.
    The steps go 16 times through the corpus: the best checkpoint need not be the last.
    """
    return Config(
        name="t4",
        steps=5_000,
        log_every=5,
        evaluate_every=250,
        evaluate_batches=16,
        checkpoint_every=500,
        model=ModelConfig(width=512, layers=6, heads=8),
        data=DataConfig(tokens="bytes", length=512, batch=32),
        optimiser=OptimiserConfig(learning_rate=1e-3, accumulate=2),
    )


def a100() -> Config:
    """One A100 with 40 GB; not measured on a GPU.

    175 million weights, and with 20,000 steps 2.6 billion tokens. The corpus of the book is small
    for that: give a text or a file of tokens of your own with `data.source`, or fewer steps.
    """
    return Config(
        name="a100",
        steps=20_000,
        precision="bfloat16",
        log_every=10,
        evaluate_every=500,
        evaluate_batches=16,
        checkpoint_every=1_000,
        model=ModelConfig(width=1_024, layers=12, heads=16, remat=True),
        data=DataConfig(tokens="bpe", vocabulary=16_384, length=2_048, batch=64),
        optimiser=OptimiserConfig(learning_rate=6e-4, accumulate=8),
        solver=SolverConfig(method="auto"),
    )


def multi_gpu() -> Config:
    """Eight GPUs: four groups, each of two that share the time axis; not measured on a GPU."""
    settings = {
        "name": "multi-gpu",
        "devices.data": 4,
        "devices.time": 2,
        "data.length": 4_096,
        "data.batch": 128,
        "optimiser.accumulate": 4,
    }
    return a100().with_settings(settings)


PRESETS = {"tiny": tiny, "laptop": laptop, "t4": t4, "a100": a100, "multi-gpu": multi_gpu}


def preset(name: str) -> Config:
    """The configuration of that name; raises `ConfigError` naming those there are."""
    if name not in PRESETS:
        raise ConfigError(f"there is no configuration {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]()
