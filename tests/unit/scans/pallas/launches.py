"""What a traced program launches, read from its jaxpr without running it."""

import jax
import numpy as np

from ...helpers import equations


def kernels(f, *args):
    """The Pallas calls of `f(*args)`, in order."""
    found = equations(jax.make_jaxpr(f)(*args).jaxpr)
    return [eqn for eqn in found if eqn.primitive.name == "pallas_call"]


def moved(f, *args) -> int:
    """Bytes of all that the kernels read and write, each array counted whole and once a launch."""
    avals = [v.aval for eqn in kernels(f, *args) for v in [*eqn.invars, *eqn.outvars]]
    return sum(int(np.prod(a.shape)) * a.dtype.itemsize for a in avals)
