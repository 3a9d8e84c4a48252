"""Which program of a kernel works on what.

An array of a batch of sequences, `(batch, T, d)`, is seen as a table of `batch * T` lines of `d`
numbers. Every sequence is cut into chunks. One *row* is one chunk of one sequence, one *lane* is
one channel of one row, and a lane is what goes step by step. A program holds a tile of
`rows x width` lanes and takes them through their chunks together:

                 channels, `width` at a time
               +----------+----------+----
      row 0    | program  | program  |        row = (sequence, chunk of it)
      row 1    |  (0, 0)  |  (0, 1)  |
               +----------+----------+----
      row 2    | program  |

`rows` and `width` are powers of two, because Triton has no other tiles; what sticks out is masked.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton


class Layout(NamedTuple):
    """The sizes of one launch, all known when the kernel is traced."""

    batch: int
    steps: int
    """T, the length of every sequence."""
    channels: int
    chunk: int
    """Steps of a chunk, a multiple of `unroll`."""
    chunks: int
    """The chunks of a sequence that this launch works on."""
    rows: int
    width: int
    unroll: int
    """Steps whose loads are all sent off before the first of them is waited for."""
    reverse: bool = False
    """Whether the lanes go from the end of a sequence to its start."""

    @classmethod
    def fitting(cls, batch: int, like, chunk: int, chunks: int, unroll: int, reverse: bool):
        """Tiles of as many lanes as the 32 threads of a warp can load in pieces of 128 bits.

        `like` is an array `(batch or 1, T, d)` of the dtype that most of the loads have.
        """
        steps, channels = like.shape[1:]
        if batch * steps >= 2**31:
            raise ValueError(
                "the Pallas kernels count the steps of a batch in 32 bits: batch x T must be less "
                f"than 2**31, got {batch} x {steps}. Use backend 'associative', or fewer at a time."
            )
        piece = 16 // like.dtype.itemsize
        lanes = 32 * (piece if channels % piece == 0 else 4)
        width = min(power_of_two(channels), lanes)
        if chunk < steps and chunk % unroll:
            raise ValueError(f"a chunk of {chunk} steps is no multiple of {unroll}")
        chunk = -(-chunk // unroll) * unroll
        return cls(batch, steps, channels, chunk, chunks, lanes // width, width, unroll, reverse)

    @property
    def grid(self) -> tuple[int, int]:
        """How many programs: along the rows, along the channels."""
        return -(-self.batch * self.chunks // self.rows), -(-self.channels // self.width)

    @property
    def groups(self) -> int:
        """Turns of the loop over a chunk."""
        return self.chunk // self.unroll


def power_of_two(n: int) -> int:
    """The least power of two that is at least n."""
    return 1 << max(0, (n - 1).bit_length())


class Tile:
    """The lanes of this program; made inside a kernel."""

    def __init__(self, layout: Layout):
        self.layout = layout
        iota = lambda shape, axis: lax.broadcasted_iota(jnp.int32, shape, axis)
        row = pl.program_id(0) * layout.rows + iota((layout.rows, 1), 0)
        self.row = row
        self.sequence, self.chunk = row // layout.chunks, row % layout.chunks
        self.channel = pl.program_id(1) * layout.width + iota((1, layout.width), 1)
        # Only the conditions that can fail are tested.
        self.inside = []
        if layout.batch * layout.chunks % layout.rows:
            self.inside.append(row < layout.batch * layout.chunks)
        if layout.channels % layout.width:
            self.inside.append(self.channel < layout.channels)

    @property
    def shape(self) -> tuple[int, int]:
        return self.layout.rows, self.layout.width

    def steps(self, group) -> list["Step"]:
        """The `unroll` steps of one turn of the loop."""
        return [Step(self, group * self.layout.unroll, k) for k in range(self.layout.unroll)]

    def of_sequence(self, ref):
        """The line of each row in a table with a line per sequence, or one line for all."""
        return self.sequence if ref.shape[0] == self.layout.batch else 0 * self.sequence

    def load(self, ref, line, *conditions) -> jax.Array:
        """One line of `ref` for every row, `(rows, width)` in float32; 0 where masked."""
        mask = self._mask(conditions)
        other = None if mask is None else 0
        return triton.load(ref.at[line, self.channel], mask=mask, other=other).astype(jnp.float32)

    def store(self, ref, line, value, *conditions) -> None:
        """Writes what `load` would read, in the dtype of `ref`."""
        place = ref.at[line, self.channel]
        triton.store(place, value.astype(ref.dtype), mask=self._mask(conditions))

    def _mask(self, conditions) -> jax.Array | None:
        mask = None
        for condition in [*self.inside, *conditions]:
            mask = condition if mask is None else mask & condition
        return None if mask is None else jnp.broadcast_to(mask, self.shape)


class Step:
    """The place in time of every row of a tile at one step: `first + k` steps into its chunk."""

    def __init__(self, tile: Tile, first, k: int):
        self.tile, layout = tile, tile.layout
        self.place = tile.chunk * layout.chunk + (first + k)
        self.may_be_first = k == 0
        ragged = layout.chunk * layout.chunks > layout.steps
        self.conditions = [self.place < layout.steps] if ragged else []

    def load(self, ref, ahead: int = 0) -> jax.Array:
        """The line of `ref` for this step, or for one before (-1) or after (1); 0 if none is."""
        place, conditions = self.place + ahead, list(self.conditions)
        if ahead < 0 and self.may_be_first:
            conditions.append(place >= 0)
        if ahead > 0:
            conditions = [place < self.tile.layout.steps]
        return self.tile.load(ref, self._line(ref, place), *conditions)

    def where(self, value, otherwise) -> jax.Array:
        """`value` for the rows that this step is part of, `otherwise` for those past their end."""
        for condition in self.conditions:
            value = jnp.where(condition, value, otherwise)
        return value

    def store(self, ref, value) -> None:
        self.tile.store(ref, self._line(ref, self.place), value, *self.conditions)

    def _line(self, ref, place):
        layout = self.tile.layout
        time = layout.steps - 1 - place if layout.reverse else place
        shared = ref.shape[0] != layout.batch * layout.steps  # one sequence serves the batch
        return time if shared else self.tile.sequence * layout.steps + time
