"""What a solve returns, and how it fails."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree


class ConvergenceError(RuntimeError):
    """A solve did not reach its tolerance; the message says why and what to try."""


class History(eqx.Module):
    """What happened, step by step.

    - `residual`: `(steps + 1,)`, the residual of the guess and after every step. Under
      `jax.jit` or `jax.vmap`, where `steps` is not yet known, it is padded with NaN.
    - `states`: the iterates, with a leading axis like `residual`; None unless `record=True`.
    - `noted`: which entries are records and which padding.
    """

    residual: Float[Array, " steps"]
    states: PyTree | None
    noted: Bool[Array, " steps"]

    def trimmed(self) -> "History":
        """The records without the padding."""
        return jax.tree.map(lambda x: x[self.noted], self)


def one_record(residual: Float[Array, ""]) -> History:
    """The history of a method that does not iterate."""
    return History(residual[None], None, jnp.ones(1, bool))


class Solution(eqx.Module):
    """The states of a recurrence and how they were found.

    - `states`: h_1..h_T, in the tree of the state with a leading T.
    - `steps`: iterations taken (for `Sequential` T; for `Windowed` the sum over windows).
    - `converged`: whether the residual is at most the tolerance. Never true of states that
      are not finite.
    - `residual`: max over t and i of |h_t - f(h_{t-1}, x_t)| / max(1, |h_t|).
    - `history`: a `History`.
    - `fell_back`: whether `on_failure="sequential"` had to step in.
    - `method`: what was run, in words.
    """

    states: PyTree
    steps: Int[Array, ""]
    converged: Bool[Array, ""]
    residual: Float[Array, ""]
    history: History
    fell_back: Bool[Array, ""]
    method: str = eqx.field(static=True)


class Raw(eqx.Module):
    """What a method hands back to `solve`, before dtypes, fallbacks and gradients."""

    states: PyTree
    steps: Int[Array, ""]
    residual: Float[Array, ""]
    history: History


class Options(eqx.Module):
    """When to stop, and what to keep."""

    tol: float = eqx.field(static=True)
    max_steps: int | None = eqx.field(static=True)
    record: bool = eqx.field(static=True)

    def limit(self, length: int) -> int:
        """The most iterations for a problem of this length: T suffices in exact arithmetic."""
        return min(length, 100) if self.max_steps is None else self.max_steps


def all_finite(tree: PyTree) -> Bool[Array, ""]:
    """Whether every number in the tree is finite."""
    return jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(tree)]).all()


TOLERANCES = {"float64": 1e-10, "float32": 1e-5, "float16": 1e-4, "bfloat16": 1e-3}


def default_tolerance(dtypes) -> float:
    """The loosest default among the dtypes of the state."""
    return max(TOLERANCES[jnp.dtype(d).name] for d in dtypes)


NOT_FINITE = (
    "{method} met values that are not finite: the states overflow, or the inputs or the "
    "weights hold NaN or infinity. If `pr.unroll` is finite, try pr.Windowed, pr.Damped or "
    'on_failure="sequential".'
)
NOT_CONVERGED = (
    "{method} stopped after {steps} steps with a residual above the tolerance {tol:g}"
    "{residual}. Try a larger max_steps (more shots for pr.Fused), pr.Windowed(window='auto') or "
    "pr.MultipleShooting; a looser tol if the residual has stalled; or "
    'on_failure="sequential" for the exact answer in any case.'
)


def messages(method: str, tol: float, limit: int) -> list[str]:
    """The messages for code under `jax.jit`, where the numbers are not yet known."""
    return [
        NOT_FINITE.format(method=method),
        NOT_CONVERGED.format(method=method, steps=f"at most {limit}", tol=tol, residual=""),
    ]


def message(solution: Solution, tol: float) -> str:
    """The message for a failed solution whose numbers are known."""
    if not jnp.isfinite(solution.residual):
        return NOT_FINITE.format(method=solution.method)
    return NOT_CONVERGED.format(
        method=solution.method,
        steps=int(solution.steps),
        tol=tol,
        residual=f": {float(solution.residual):.2e}",
    )
