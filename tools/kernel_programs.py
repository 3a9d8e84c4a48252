"""The programs on which every kernel is compiled and held to its limits by check_kernels.py."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

import pararnn_edu as pr

# What the explorer of chapter 6 shows: a diagonal recurrence in float32, counted for an A100.
BACKENDS = ("sequential", "associative", "pallas")
LENGTHS = tuple(2**k for k in range(8, 21, 2))
CHANNELS = (1, 16, 64, 256)

CARDS = ("A100", "L4", "H100")  # a T4 is too old for these kernels


class Program(NamedTuple):
    """A function with kernels in it, its arguments, and what it may ask for."""

    name: str
    label: str
    """In words, for a table."""
    fn: Callable
    args: tuple
    launches: int
    """At most so many."""
    traffic: float
    """At most so many times the bytes of arguments and results."""
    wide: bool = True
    """Whether all loads and stores of its kernels must be 128 bits wide: the shape allows it."""
    targets: tuple[str, ...] = CARDS
    kernels: tuple[str, ...] = ("scan_",)
    """How the names of the kernels that are checked begin; what XLA adds is only counted."""


def array(*shape: int, dtype=jnp.float32) -> jax.ShapeDtypeStruct:
    """The description of an array."""
    return jax.ShapeDtypeStruct(shape, dtype)


def scan(A, b):
    """The forward recurrence."""
    return pr.linear_recurrence(A, b, backend="pallas")


def scan_reverse(A, b):
    """The recurrence from the right."""
    return pr.linear_recurrence(A, b, reverse=True, backend="pallas")


def scan_gradient(A, b, g):
    """The gradients for A and b: the recurrence, and its adjoint."""
    return jax.vjp(scan, A, b)[1](g)


def planes(T: int, d: int) -> tuple[pr.Block2, tuple]:
    """2x2 blocks and their offsets."""
    plane = array(T, d)
    return pr.Block2(plane, plane, plane, plane), (plane, plane)


def programs() -> list[Program]:
    """All of them."""
    million, bf16, f16 = 1_000_000, jnp.bfloat16, jnp.float16
    diagonal = array(million, 64)
    batch = array(512, 2048, 64)
    return [
        Program("scan_f32", "diagonal, a million steps", scan, (diagonal,) * 2, 10, 1.7),
        Program("scan_bf16", "the same in bfloat16", scan, (array(million, 64, dtype=bf16),) * 2,
                10, 1.7),
        Program("scan_f16", "the same in float16", scan, (array(million, 64, dtype=f16),) * 2,
                10, 1.7),
        Program("scan_reverse", "from the right", scan_reverse, (diagonal,) * 2, 10, 1.7),
        Program("scan_one_pass", "512 sequences of 2,048 steps", jax.vmap(scan), (batch,) * 2,
                1, 1.0),
        Program("scan_one_channel", "one channel, a million steps", scan, (array(million, 1),) * 2,
                10, 1.8, wide=False),
        Program("scan_ragged", "37 channels, 1,001 steps", scan, (array(1001, 37),) * 2, 10, 1.9,
                wide=False),
        Program("scan_block2", "2x2 blocks, 65,536 steps", scan, planes(65_536, 64), 10, 1.8),
        Program("scan_gradient", "gradients, a million steps", scan_gradient, (diagonal,) * 3,
                20, 2.7),
    ]  # fmt: skip
