"""Arrays in the place of a kernel's references: they check every address, and write it down."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .compare import CheckFailed

DONE = {"read": "read", "write": "written"}


class Access(NamedTuple):
    """One load or one store of one program."""

    program: tuple[int, ...]
    """Its place in the grid."""
    kind: str
    """A key of `DONE`: `"read"` or `"write"`."""
    array: str
    """The name of the kernel's argument."""
    places: np.ndarray
    """Where: element `[t, j]` of an array `(T, d)` is place `d t + j`. Without masked elements."""


class Running:
    """Which program runs."""

    program: tuple[int, ...] = ()


class View(NamedTuple):
    """What `ref.at[index]` gives."""

    memory: "Memory"
    index: object


class Memory:
    """Stands in for a reference to an array; `values` is changed in place."""

    def __init__(self, name: str, values: np.ndarray, running: Running, log: list[Access]):
        self.name, self.values, self._running, self._log = name, values, running, log
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim
        self.at = _At(self)

    def __getitem__(self, index):
        return self.load(index)

    def __setitem__(self, index, value):
        self.store(index, value)

    def load(self, index, mask=None, other=None) -> jax.Array:
        """The elements at an index; without `other`, what is masked holds anything: NaN, or -1."""
        places, used = self._access("read", index, mask)
        if other is None:
            other = np.nan if jnp.issubdtype(self.dtype, jnp.inexact) else -1
        found = self.values.reshape(-1)[places] if self.values.size else np.zeros(places.shape)
        return jnp.asarray(np.where(used, found, np.asarray(other, self.dtype)), self.dtype)

    def store(self, index, value, mask=None) -> None:
        places, used = self._access("write", index, mask)
        value = np.asarray(value)
        if value.shape != places.shape or value.dtype != self.dtype:
            raise CheckFailed(
                f"program {self._running.program} stores {value.dtype} {value.shape} in "
                f"{self.name}, where {self.dtype} {places.shape} belongs"
            )
        self.values.reshape(-1)[places[used]] = value[used]

    def _access(self, kind: str, index, mask) -> tuple[np.ndarray, np.ndarray]:
        """The places that an index selects, 0 where masked, and where they are not masked."""
        axes = np.broadcast_arrays(*opened(index, self.shape))
        used = np.broadcast_to(True if mask is None else np.asarray(mask, bool), axes[0].shape)
        for axis, size in zip(axes, self.shape, strict=True):
            wrong = used & ((axis < 0) | (axis >= size))
            if wrong.any():
                first = tuple(np.argwhere(wrong)[0])
                self._outside(kind, [int(each[first]) for each in axes])
        steps = [math.prod(self.shape[i + 1 :]) for i in range(self.ndim)]
        places = sum(axis * step for axis, step in zip(axes, steps, strict=True))
        self._log.append(Access(self._running.program, kind, self.name, places[used]))
        return np.where(used, places, 0), used

    def _outside(self, kind: str, place: list[int]):
        raise CheckFailed(
            f"program {self._running.program} {kind}s {self.name}{place}: outside, its shape is "
            f"{self.shape}\n  A GPU would touch whatever lies there. Mask it, or end the loop "
            "earlier."
        )


def load(view: View, *, mask=None, other=None, **_) -> jax.Array:
    """In the place of `triton.load`."""
    return view.memory.load(view.index, mask, other)


def store(view: View, value, *, mask=None, **_) -> None:
    """In the place of `triton.store`."""
    view.memory.store(view.index, value, mask)


class _At:
    def __init__(self, memory: Memory):
        self._memory = memory

    def __getitem__(self, index) -> View:
        return View(self._memory, index)


def opened(index, shape: tuple[int, ...]) -> list[np.ndarray]:
    """One array of numbers for each axis; they broadcast to the shape that the index selects.

    Axes with a number or an array of numbers come first, then the slices, as Pallas has it.
    """
    index = list(index) if isinstance(index, tuple) else [index]
    rest = [slice(None)] * (len(shape) - sum(each is not Ellipsis for each in index))
    at = next((i for i, each in enumerate(index) if each is Ellipsis), len(index))
    index[at : at + 1] = rest
    axes = [_numbers(each, size) for each, size in zip(index, shape, strict=True)]
    slices = [i for i, each in enumerate(index) if _is_slice(each)]
    for i, values in enumerate(axes):
        behind = len([j for j in slices if j > i]) if i in slices else len(slices)
        axes[i] = values.reshape(values.shape + (1,) * behind)
    return axes


def _numbers(index, size: int) -> np.ndarray:
    if isinstance(index, slice):
        return np.arange(size)[index]
    if _is_slice(index):  # pl.ds
        return int(index.start) + (index.stride or 1) * np.arange(int(index.size))
    return np.asarray(index).astype(int)


def _is_slice(index) -> bool:
    """Whether it is Python's slice or Pallas's; an array has a `size` too, but no `start`."""
    return isinstance(index, slice) or hasattr(index, "start")
