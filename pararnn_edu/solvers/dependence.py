"""Pushing dependence labels through a jaxpr, one rule per kind of primitive.

A label array has the shape of its value and holds, for each number, the one state number it
depends on, or `NONE`, or `MANY`. Rules may overstate a dependence, never miss one; a primitive
without a rule is taken to mix everything it is given.
"""

import jax
import numpy as np

NONE, MANY = -1, -2

ELEMENTWISE = set(
    "abs acos acosh add add_any and asin asinh atan atan2 atanh cbrt ceil clamp complex conj "
    "convert_element_type copy copy_p cos cosh digamma div eq erf erf_inv erfc exp exp2 expm1 "
    "floor ge gt imag integer_pow is_finite le lgamma log log1p logistic lt max min mul ne neg "
    "nextafter not or pow real reduce_precision rem round rsqrt select_n shift_left "
    "shift_right_arithmetic shift_right_logical sign sin sinh sqrt square stop_gradient sub "
    "tan tanh xor".split()
)
MOVES = set(  # primitives that only move numbers about, all of them in their array operands
    "broadcast_in_dim concatenate expand_dims reshape rev slice split squeeze stack transpose "
    "unstack".split()
)
REDUCTIONS = set(
    "reduce_sum reduce_max reduce_min reduce_prod reduce_and reduce_or argmax argmin".split()
)


def propagate(jaxpr, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """The label arrays of a jaxpr's outputs, from those of its inputs."""
    env = {v: np.full(v.aval.shape, NONE) for v in jaxpr.constvars}
    env.update(zip(jaxpr.invars, inputs, strict=True))

    def read(v):
        return np.full(np.shape(v.val), NONE) if hasattr(v, "val") else env[v]

    for eqn in jaxpr.eqns:
        outs = _rule(eqn)(eqn, [read(v) for v in eqn.invars])
        env.update(zip(eqn.outvars, outs, strict=True))
    return [read(v) for v in jaxpr.outvars]


def join(*labels: np.ndarray) -> np.ndarray:
    """The label of a number that depends on all of `labels` (broadcast together)."""
    out, *rest = np.broadcast_arrays(*labels)
    for label in rest:
        out = np.where(out == NONE, label, np.where((label == NONE) | (label == out), out, MANY))
    return out


def _rule(eqn):
    name = eqn.primitive.name
    if name in ELEMENTWISE:
        return _elementwise
    if name in MOVES:
        return _move
    if name in REDUCTIONS:
        return _reduction
    if name == "dot_general":
        return _dot_general
    if name == "pad":
        return _pad
    if name == "cond":
        return _cond
    return _mix if _inner(eqn) is None else _call


def _elementwise(eqn, ins):
    shape = eqn.outvars[0].aval.shape
    return [np.broadcast_to(join(*ins), shape)]


def _move(eqn, ins):
    """Moves the labels with the primitive itself; labels are integers like any other."""
    with jax.ensure_compile_time_eval():
        outs = eqn.primitive.bind(*[np.asarray(i, np.int32) for i in ins], **eqn.params)
    return [np.asarray(o) for o in (outs if eqn.primitive.multiple_results else [outs])]


def _reduction(eqn, ins):
    return [_reduce(ins[0], tuple(eqn.params["axes"]))]


def _reduce(labels: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Joins along `axes`."""
    kept = [n for i, n in enumerate(labels.shape) if i not in axes]
    flat = np.moveaxis(labels, axes, range(len(axes))).reshape((-1, *kept))
    out = np.full(kept, NONE)
    some = flat != NONE
    if flat.shape[0]:
        low = np.min(np.where(some, flat, np.iinfo(flat.dtype).max), axis=0)
        high = np.max(np.where(some, flat, np.iinfo(flat.dtype).min), axis=0)
        one = np.where((low == high) & (low != MANY), low, MANY)
        out = np.where(some.any(axis=0), one, NONE)
    return out


def _dot_general(eqn, ins):
    (lhs_sum, rhs_sum), (lhs_batch, rhs_batch) = eqn.params["dimension_numbers"]
    left = _reduce_to_front(ins[0], lhs_sum, lhs_batch)
    right = _reduce_to_front(ins[1], rhs_sum, rhs_batch)
    batch = len(lhs_batch)
    left = left.reshape((*left.shape, *[1] * (right.ndim - batch)))
    middle = [1] * (ins[0].ndim - len(lhs_sum) - batch)
    right = right.reshape((*right.shape[:batch], *middle, *right.shape[batch:]))
    return [join(left, right)]


def _reduce_to_front(labels, summed, batch):
    """Joins over the summed axes and puts the batch axes first, as dot_general does."""
    rest = [i for i in range(labels.ndim) if i not in summed and i not in batch]
    ordered = np.transpose(labels, [*batch, *rest, *summed])
    return _reduce(ordered, tuple(range(len(batch) + len(rest), labels.ndim)))


def _pad(eqn, ins):
    """Padding by a constant; a padding value that carries a label is rare enough to mix."""
    if np.any(ins[1] != NONE):
        return _mix(eqn, ins)
    with jax.ensure_compile_time_eval():
        out = jax.lax.pad(
            np.asarray(ins[0], np.int32), np.int32(NONE), eqn.params["padding_config"]
        )
    return [np.asarray(out)]


def _cond(eqn, ins):
    """Any branch may run, and which one does is itself a dependence."""
    chooser, *operands = ins
    branches = [propagate(b.jaxpr, operands) for b in eqn.params["branches"]]
    chosen_by = _reduce(chooser, tuple(range(chooser.ndim)))
    return [join(*outs, chosen_by) for outs in zip(*branches, strict=True)]


def _inner(eqn):
    """The jaxpr of a primitive that is a plain call, or None."""
    calls = "jit pjit closed_call core_call remat checkpoint remat2 custom_jvp_call"
    if eqn.primitive.name not in [*calls.split(), "custom_vjp_call", "custom_vjp_call_jaxpr"]:
        return None
    for name in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        if name in eqn.params:
            return getattr(eqn.params[name], "jaxpr", eqn.params[name])
    return None


def _call(eqn, ins):
    return propagate(_inner(eqn), ins)


def _mix(eqn, ins):
    """Everything depends on everything: right for any primitive."""
    everything = np.array(NONE)
    for labels in ins:
        everything = join(everything, _reduce(labels, tuple(range(labels.ndim))))
    # One label alone may still be spread over many outputs, which stays one label each.
    return [np.broadcast_to(everything, v.aval.shape) for v in eqn.outvars]
