"""A machine that runs kernels one program at a time and watches every address.

Pallas's interpreter is kind: it clamps an index that lies outside an array, and runs the programs
one after the other, so that one may read what another wrote. A GPU is not. Here every read and
write of every program is noted, and the programs run in an order of their own.
"""

import itertools
from collections import Counter
from contextlib import contextmanager
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest


class Memory:
    """An array in the place of a reference, and what was done to it."""

    def __init__(self, values: np.ndarray):
        self.values, self.shape, self.dtype = values, values.shape, values.dtype
        self.at = _At(self)
        self.read, self.written = Counter(), Counter()

    def places(self, line, channel, mask):
        """Flat addresses of the lanes that are not masked; all of them must be inside."""
        line, channel = np.broadcast_arrays(np.asarray(line), np.asarray(channel))
        used = np.ones(line.shape, bool) if mask is None else np.asarray(mask)
        inside = (line >= 0) & (line < self.shape[0])
        inside &= (channel >= 0) & (channel < self.shape[1])
        assert np.all(inside | ~used), "an address outside the array"
        return np.where(used, line * self.shape[1] + channel, 0), used

    def touched(self) -> int:
        """Bytes at addresses that were read, and at addresses that were written."""
        return (len(self.read) + len(self.written)) * self.dtype.itemsize


class _At:
    def __init__(self, memory):
        self.memory = memory

    def __getitem__(self, index):
        return self.memory, *index


def load(view, mask=None, other=None):
    memory, *index = view
    places, used = memory.places(*index, mask)
    assert mask is None or other is not None, "masked lanes would hold anything"
    memory.read.update(places[used].tolist())
    fill = np.nan if mask is None else other
    return jnp.asarray(np.where(used, memory.values.reshape(-1)[places], fill), memory.dtype)


def store(view, value, mask=None):
    memory, *index = view
    places, used = memory.places(*index, mask)
    memory.written.update(places[used].tolist())
    memory.values.reshape(-1)[places[used]] = np.asarray(value)[used]


class Machine:
    """Stands in for `pallas_call`; keeps what each launch did."""

    def __init__(self):
        self.launches = []
        self.program = (0, 0)

    def pallas_call(self, kernel, out_shape, grid, name, **_):
        def run(*arrays):
            arguments = jax.tree.map(lambda x: Memory(np.array(x)), arrays)
            empty = lambda x: Memory(np.full(x.shape, np.nan, x.dtype))
            results = jax.tree.map(empty, out_shape)
            programs = list(itertools.product(*map(range, grid)))
            for place in np.random.default_rng(0).permutation(len(programs)):
                self.program = programs[place]
                kernel(*arguments, *results)
            self.check(arguments, results, name)
            return jax.tree.map(lambda m: jnp.asarray(m.values), results)

        return run

    def check(self, arguments, results, name):
        for memory in jax.tree.leaves(arguments):
            assert not memory.written, f"{name} writes an argument"
        for memory in jax.tree.leaves(results):
            assert not memory.read, f"{name} reads a result: another program may write it"
            assert len(memory.written) == memory.values.size, f"{name} leaves a result unwritten"
            assert set(memory.written.values()) <= {1}, f"{name} writes a place twice"
        everything = jax.tree.leaves((arguments, results))
        self.launches.append((name, sum(memory.touched() for memory in everything)))


@contextmanager
def watched():
    """Kernels run on the machine; it is handed out. Call what launches them without `jax.jit`."""
    from pararnn_edu.scans.pallas import kernels, launch, layout
    from pararnn_edu.solvers.fused import kernels as fused_kernels

    def loop(turns, body, state):
        for turn in range(turns):
            state = body(np.int32(turn), state)
        return state

    machine = Machine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "pl", machine)
        patch.setattr(layout, "pl", SimpleNamespace(program_id=lambda i: machine.program[i]))
        patch.setattr(layout, "triton", SimpleNamespace(load=load, store=store))
        patch.setattr(kernels, "loop", loop)
        patch.setattr(fused_kernels, "loop", loop)
        yield machine
