"""A recurrence posed as a problem: h_t = step(h_{t-1}, u_t), t = 1..T, with h_0 given.

Posing it checks every shape and dtype once, projects the inputs outside the recurrence and
fixes the dtype to work in, so that the methods need not.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from ..cells import Cell, split_cell
from ..precision import cast_like, compute_dtype, is_inexact, widen
from ..scans.recurrence import shift
from .closed_form import ClosedForm, closed_form
from .closures import is_tree, opened
from .structure import jacobian_structure


class Problem(eqx.Module):
    """A recurrence ready to be solved. All arrays are in the compute dtype."""

    step: Callable  # a pytree: (state, input) -> next state
    inputs: PyTree  # leading axis T
    h0: PyTree
    closed_form: ClosedForm | None = None  # the cell's own Jacobian, if it has one

    def restricted(self, inputs: PyTree, h0: PyTree) -> "Problem":
        """The same step over other inputs, from another state."""
        return eqx.tree_at(
            lambda p: (p.inputs, p.h0), self, (inputs, h0), is_leaf=lambda x: x is None
        )

    @property
    def length(self) -> int:
        """The number of steps T."""
        return jax.tree.leaves(self.inputs)[0].shape[0]

    def previous(self, states: PyTree) -> PyTree:
        """h_0..h_{T-1} from h_1..h_T: the points at which every step is evaluated."""
        return shift(states, start=self.h0)

    def image(self, previous: PyTree) -> PyTree:
        """f(h_{t-1}, u_t) for all t at once."""
        return jax.vmap(self.step)(previous, self.inputs)

    def default_guess(self) -> PyTree:
        """h_t = f(h_0, u_t): every step taken from the initial state (ParaRNN's choice)."""
        return jax.vmap(self.step, (None, 0))(self.h0, self.inputs)

    def structure(self) -> str:
        """The structure of the Jacobian of one step, found out from its program."""
        return jacobian_structure(self.step, self.h0, first(self.inputs))

    def differentiated(self) -> "Problem":
        """This problem with its Jacobians by automatic differentiation."""
        return Problem(self.step, self.inputs, self.h0)

    def unroll(self) -> PyTree:
        """The states, one step after the other."""

        def step(h, u):
            h = self.step(h, u)
            return h, h

        return jax.lax.scan(step, self.h0, self.inputs)[1]


class Posed(eqx.Module):
    """A problem together with what turns its solution back into the user's terms."""

    problem: Problem
    dtypes: PyTree = eqx.field(static=True)  # of the result, in the tree of the state
    name: str = eqx.field(static=True)

    def result(self, states: PyTree) -> PyTree:
        """States in the dtype of the inputs."""
        return cast_like(states, jax.tree.unflatten(jax.tree.structure(states), self.dtypes))


class Widened(eqx.Module):
    """A step evaluated, and returned, in the dtype of the state it is given."""

    step: Callable

    def __call__(self, h, u):
        return jax.tree.map(lambda new, old: new.astype(old.dtype), self.step(h, u), h)


class Vectorised(eqx.Module):
    """A step on a state flattened to one vector, for dense Jacobians of any state."""

    step: Callable
    unravel: Callable = eqx.field(static=True)

    def __call__(self, h, u):
        return ravel_pytree(self.step(self.unravel(h), u))[0]


def pose(cell: Callable, xs: PyTree, h0: PyTree | None) -> Posed:
    """Checks the arguments of `solve` and `unroll` and puts them in one form.

    **Raises** `TypeError` or `ValueError` that names what came and what was expected.
    """
    name = name_of(cell)
    if not callable(cell):
        raise TypeError(f"cell must be callable as cell(state, input), got {name}")
    step, inputs = split_cell(cell, xs)
    inputs = jax.tree.map(jnp.asarray, inputs)
    _check_inputs(inputs)
    h0 = _initial_state(cell, step, h0, name)
    dtypes = _result_dtypes(step, h0, inputs, name)
    h0 = cast_like(h0, jax.tree.map(compute_dtype, dtypes))
    inputs = widen(inputs)
    step = opened(Widened(widen(step) if is_tree(step) else step), step, h0, first(inputs))
    form = closed_form(cell, h0, first(inputs), name)
    return Posed(Problem(step, inputs, h0, form), tuple(jax.tree.leaves(dtypes)), name)


def vectorise(problem: Problem) -> tuple[Problem, Callable]:
    """The problem on a state that is one vector, and the way back for its states."""
    leaves = jax.tree.leaves(problem.h0)
    if len(leaves) == 1 and leaves[0] is problem.h0 and leaves[0].ndim == 1:
        return problem, lambda states: states
    vector, unravel = ravel_pytree(problem.h0)
    step, form = Vectorised(problem.step, unravel), problem.closed_form
    if form is not None:
        form = form.on_vectors(unravel)
    return Problem(step, problem.inputs, vector, form), jax.vmap(unravel)


def ravel_states(states: PyTree) -> jax.Array:
    """States with a leading T as one `(T, n)` array, in the order of `vectorise`."""
    return jax.vmap(lambda h: ravel_pytree(h)[0])(states)


def first(inputs: PyTree) -> PyTree:
    """The shape and dtype of one step's input."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), inputs)


def name_of(cell) -> str:
    """What to call a cell in a message."""
    owner = getattr(cell, "__self__", None)
    if isinstance(owner, eqx.Module):
        return f"{type(owner).__name__}.{getattr(cell, '__name__', 'step')}"
    if isinstance(cell, eqx.Module) or not hasattr(cell, "__name__"):
        return type(cell).__name__
    return cell.__name__


def _check_inputs(inputs: PyTree) -> None:
    leaves = jax.tree.leaves(inputs)
    if not leaves:
        raise ValueError("xs holds no array, so the number of steps is unknown")
    shapes = [leaf.shape for leaf in leaves]
    if any(len(shape) == 0 for shape in shapes):
        raise ValueError(f"every array in xs needs a leading time axis, got shapes {shapes}")
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f"the arrays in xs must agree in length (axis 0), got shapes {shapes}")


def _initial_state(cell, step, h0, name: str) -> PyTree:
    owner = cell if isinstance(cell, Cell) else getattr(step, "__self__", None)
    if h0 is None:
        if not isinstance(owner, Cell):
            raise ValueError(
                f"{name} does not say what its state looks like: pass the initial state as h0"
            )
        return owner.initial_state()
    h0 = jax.tree.map(jnp.asarray, h0)
    for leaf in jax.tree.leaves(h0):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise TypeError(f"h0 must hold floating-point arrays, got dtype {leaf.dtype}")
    if isinstance(owner, Cell):
        wanted = owner.initial_state()
        if not _same_shapes(h0, wanted):
            raise ValueError(
                f"{name} has states of shape {_shapes(wanted)}, got h0 of shape {_shapes(h0)}"
            )
    return h0


def _result_dtypes(step, h0, inputs, name: str) -> PyTree:
    """The dtype of each state leaf: that of h0, promoted with what the step returns."""
    out = jax.eval_shape(step, h0, first(inputs))
    if not _same_shapes(out, h0):
        raise ValueError(
            f"{name} must return a state of the shape it was given, {_shapes(h0)}, but returned "
            f"{_shapes(out)}. A cell is called as cell(state, input), in this order."
        )
    for leaf in jax.tree.leaves(out):
        if not is_inexact(leaf) or jnp.issubdtype(leaf.dtype, jnp.complexfloating):
            raise TypeError(f"{name} must return real floating-point states, got {leaf.dtype}")
    return jax.tree.map(
        lambda a, b: np.dtype(jnp.promote_types(a.dtype, b.dtype)), h0, out, is_leaf=is_inexact
    )


def _same_shapes(a: PyTree, b: PyTree) -> bool:
    same_tree = jax.tree.structure(a) == jax.tree.structure(b)
    return same_tree and _leaf_shapes(a) == _leaf_shapes(b)


def _leaf_shapes(tree: PyTree) -> list[tuple[int, ...]]:
    return [jnp.shape(leaf) for leaf in jax.tree.leaves(tree)]


def _shapes(tree: PyTree) -> str:
    shapes = _leaf_shapes(tree)
    whole = len(shapes) == 1 and jax.tree.structure(tree) == jax.tree.structure(0)
    return str(shapes[0]) if whole else f"{type(tree).__name__} of {shapes}"
