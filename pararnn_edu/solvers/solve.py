"""`solve` and `unroll`: the states of a recurrence, in parallel and one by one."""

from collections.abc import Callable
from numbers import Integral, Real

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import PyTree

from .adjoint import with_gradient
from .arguments import FAILURES, check_choice, check_method, check_positive, checked_guess
from .claims import claim_is_wrong
from .method import Method
from .problem import Posed, Problem, pose
from .rules import Newton
from .solution import (
    ConvergenceError,
    Options,
    Solution,
    all_finite,
    default_tolerance,
    message,
    messages,
    one_record,
)


def unroll(cell: Callable, xs: PyTree, h0: PyTree | None = None) -> PyTree:
    """The states h_1..h_T of `cell`, one step after the other: the sequential oracle.

    - `cell`: a `Cell`, or any function of (state, input).
    - `xs`: inputs with a leading time axis, `(T, ...)`, an array or a tree of arrays.
    - `h0`: the initial state; zeros for a `Cell`, needed for a plain function.

    Returns the states in the tree of the state with a leading T. Work and depth T. Gradients
    are those of `lax.scan`.
    """
    posed = pose(cell, xs, h0)
    if posed.problem.length == 0:
        return posed.result(_no_states(posed.problem))
    return posed.result(_unroll(posed.problem))


def solve(
    cell: Callable,
    xs: PyTree,
    h0: PyTree | None = None,
    method: Method = Newton(),  # noqa: B008 (frozen)
    tol: float | None = None,
    max_steps: int | None = None,
    initial_guess: PyTree | None = None,
    on_failure: str = "raise",
    record: bool = False,
) -> Solution:
    """Solves h_t = cell(h_{t-1}, x_t) for all t at once.

    **Arguments**

    - `cell`, `xs`, `h0`: as for `unroll`. The parts of a `Cell` that do not depend on the
      state are computed once, for the whole sequence.
    - `method`: `pr.Newton()` unless another is given.
    - `tol`: the residual max |h_t - cell(h_{t-1}, x_t)| / max(1, |h_t|) at which to stop.
      By default 1e-10 in float64, 1e-5 in float32, 1e-4 in float16, 1e-3 in bfloat16.
    - `max_steps`: the most iterations; by default min(T, 100).
    - `initial_guess`: states to start from, with a leading T; by default
      h_t = cell(h_0, x_t).
    - `on_failure`: `"raise"` an error, `"return"` the solution as it is with
      `converged=False`, or run the loop, `"sequential"`, which is exact.
    - `record`: keep all iterates in `history.states`.

    **Returns** a `Solution`. Its states have the dtype of h0 and the inputs; float16 and
    bfloat16 are worked on in float32.

    Works under `jax.jit` and `jax.vmap`. Derivatives, forward and reverse, come from the
    implicit function theorem with the exact Jacobian, whatever the method; their memory grows
    with T and not with the number of steps.

    **Raises** `ConvergenceError` (under `jax.jit` a run-time error with the same text) if the
    solve fails and `on_failure="raise"`; `TypeError` or `ValueError` for arguments that do not
    fit, naming what came and what was expected.

    **Example**

        cell = pr.GRU(3, 32, key=jax.random.key(0))
        states = pr.solve(cell, xs).states  # (T, 32) from xs (T, 3)
    """
    check_method(method)
    check_choice("on_failure", on_failure, FAILURES)
    check_positive("tol", tol, Real)
    check_positive("max_steps", max_steps, Integral)
    posed = pose(cell, xs, h0)
    problem = posed.problem
    tol = default_tolerance(posed.dtypes) if tol is None else float(tol)
    options = Options(tol, None if max_steps is None else int(max_steps), record)
    guess = checked_guess(posed, initial_guess)
    if problem.length == 0:
        return _empty(posed, method)
    problem = _check_claim(posed, method)
    _check_closed_form(posed)
    label = method.describe(problem)
    raising = on_failure == "raise"
    texts = tuple(messages(label, options.tol, options.limit(problem.length)))
    # Only concrete numbers can be tested, and reported, after the fact.
    guard = texts if raising and not _known((problem, guess)) else None
    solution = _solve(problem, guess, method, options, on_failure == "sequential", guard, label)
    solution = _as_posed(solution, posed)
    if _known(solution.steps):
        solution = eqx.tree_at(lambda s: s.history, solution, solution.history.trimmed())
    if raising and guard is None:
        solution = _raise_on_failure(solution, options, texts)
    return solution


_unroll = eqx.filter_jit(Problem.unroll)


@eqx.filter_jit
def _solve(problem, guess, method, options, fall_back, guard, label: str) -> Solution:
    fixed, guess = _constant((problem, guess))
    raw = method.run(fixed, guess, options)
    converged = (raw.residual <= options.tol) & all_finite(raw.states)
    states, error, fell_back = raw.states, raw.residual, jnp.asarray(False)
    if fall_back:
        fell_back = ~converged
        states = lax.cond(converged, lambda: raw.states, lambda: fixed.unroll())
        finite = all_finite(states)
        error = jnp.where(converged, error, jnp.where(finite, 0, jnp.nan).astype(error.dtype))
        converged = converged | finite
    if guard is not None:
        # Before the gradient is attached: a gradient must not be had from unchecked states.
        states = _guarded(states, converged, error, guard)
    exact = problem.differentiated()
    states = with_gradient(exact, lax.stop_gradient(states), method.adjoint(exact))
    return Solution(states, raw.steps, converged, error, raw.history, fell_back, label)


def _constant(tree: PyTree) -> PyTree:
    """The tree with its arrays cut off from differentiation; the gradient comes after."""
    arrays, rest = eqx.partition(tree, eqx.is_array)
    return eqx.combine(lax.stop_gradient(arrays), rest)


def _check_claim(posed: Posed, method: Method) -> Problem:
    """The problem, made to fail if the method claims a Jacobian structure it has not."""
    problem = posed.problem
    try:
        claimed = method.check(problem)
    except ValueError as error:
        raise ValueError(f"{posed.name}: {error}") from None
    if claimed is None:
        return problem
    wrong = eqx.filter_jit(claim_is_wrong)(problem, claimed)
    text = (
        f"{posed.name} has no {claimed} Jacobian, as jacobian={claimed!r} claims: the product "
        "with a random vector differs. Use jacobian='auto'."
    )
    if _known(wrong):
        if wrong:
            raise ValueError(text)
        return problem
    return eqx.tree_at(lambda p: p.h0, problem, eqx.error_if(problem.h0, wrong, text))


def _check_closed_form(posed: Posed) -> None:
    """Raises `ValueError` if a cell's own Jacobian is wrong, where that can be seen."""
    form = posed.problem.closed_form
    if form is None or not _known(posed.problem):
        return
    if eqx.filter_jit(claim_is_wrong)(posed.problem, form.structure):
        raise ValueError(
            f"the jacobian(h, u) of {posed.name} is not the derivative of its step: the product "
            "with a random vector differs from jax.jvp"
        )


def _raise_on_failure(solution: Solution, options: Options, texts: tuple[str, ...]) -> Solution:
    if _known(solution.converged):
        if not solution.converged:
            raise ConvergenceError(message(solution, options.tol))
        return solution
    checked = _guarded(solution.states, solution.converged, solution.residual, texts)
    return eqx.tree_at(lambda s: s.states, solution, checked)


def _guarded(states: PyTree, converged, error, texts: tuple[str, ...]) -> PyTree:
    """States that raise, when the compiled program runs, if the solve did not converge."""
    return eqx.branched_error_if(states, ~converged, jnp.isfinite(error).astype(int), texts)


def _as_posed(solution: Solution, posed: Posed) -> Solution:
    """A solution in the dtypes of the user."""
    return eqx.tree_at(lambda s: s.states, solution, posed.result(solution.states))


def _empty(posed: Posed, method: Method) -> Solution:
    """The solution of no steps."""
    zero, yes, no = jnp.zeros(()), jnp.asarray(True), jnp.asarray(False)
    states = posed.result(_no_states(posed.problem))
    return Solution(states, jnp.asarray(0), yes, zero, one_record(zero), no, str(method))


def _no_states(problem: Problem) -> PyTree:
    return jax.tree.map(lambda h: jnp.zeros((0, *h.shape), h.dtype), problem.h0)


def _known(tree: PyTree) -> bool:
    """Whether every array in the tree has its numbers, none being traced."""
    return not any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(tree))
