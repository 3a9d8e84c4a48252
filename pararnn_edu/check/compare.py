"""Compare an answer with the expected one, and say where and by how much they first differ."""

import numpy as np

from .picture import in_notebook, show

# What |yours - expected| / max(1, |expected|) may be: room for another order of summation, another
# device or another correct method, none for a wrong one. Integers and truth values must agree.
TOLERANCES = {"float64": 1e-8, "float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}
SHOWN = 8  # longer arrays are shown around the first difference only


class CheckFailed(AssertionError):
    """An answer that is not right yet. A notebook shows the message without a traceback."""

    def _render_traceback_(self) -> list[str]:  # IPython asks for this
        return [f"Not yet: {self}"]


def equal(
    name: str, yours, expected, *, over_time: bool = False, hint: str = "", reveal: bool = True
) -> None:
    """Raise `CheckFailed` unless `yours` equals `expected`, in shape and in value.

    - `name`: what is checked, in words.
    - `yours`, `expected`: numbers or arrays of any real dtype. The tolerance is that of the
      coarser of the two, see `TOLERANCES`.
    - `over_time`: axis 0 counts time steps 1, 2, ...; a notebook then shows a picture.
    - `hint`: a sentence to add to a failure.
    - `reveal=False`: say that the two differ and nothing more, for tests that stay hidden.
    """
    mine, theirs = _numbers(name, yours), _numbers(name, expected)
    index = first_difference(mine, theirs)
    if index is None:
        print(f"ok: {name}")
        return
    if not reveal:
        raise CheckFailed(
            _join(name, "differs from the expected answer on inputs not shown here", hint)
        )
    if over_time and mine.shape == theirs.shape and in_notebook():
        show(mine, theirs, index)
    raise CheckFailed(_join(name, *_explain(mine, theirs, index, over_time), hint))


def holds(name: str, condition, message: str = "") -> None:
    """Raise `CheckFailed` with `message` unless `condition` is true."""
    if not bool(condition):
        raise CheckFailed(_join(name, message or "does not hold"))
    print(f"ok: {name}")


def first_difference(yours: np.ndarray, expected: np.ndarray) -> tuple[int, ...] | None:
    """The index of the first wrong entry, in order of axis 0; `()` for a wrong shape or number."""
    if yours.shape != expected.shape:
        return ()
    a, b = yours.astype(np.float64), expected.astype(np.float64)
    tolerance = max(TOLERANCES.get(array.dtype.name, 0.0) for array in (yours, expected))
    with np.errstate(all="ignore"):
        near = np.isfinite(b) & (np.abs(a - b) <= tolerance * np.maximum(1, np.abs(b)))
    wrong = ~(near | (a == b))  # a NaN is wrong, and so is a number where infinity is expected
    return tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.any() else None


def _numbers(name: str, value) -> np.ndarray:
    if value is None:
        raise CheckFailed(_join(name, "got None: does the function end with `return`?"))
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf" and array.dtype.name not in TOLERANCES:
        raise CheckFailed(_join(name, f"expected numbers, got {type(value).__name__}: {value!r}"))
    return array


def _explain(yours, expected, index, over_time: bool) -> list[str]:
    if yours.shape != expected.shape:
        return [f"yours:    shape {yours.shape}", f"expected: shape {expected.shape}"]
    lines = [f"yours:    {_text(yours, index)}", f"expected: {_text(expected, index)}"]
    if index:
        step = f" (time step t = {index[0] + 1})" if over_time else ""
        lines.append(f"They first differ at index {list(index)}{step}.")
    if _shifted(yours, expected):
        lines.append("Yours is the expected answer moved by one place along axis 0.")
    return lines


def _text(array: np.ndarray, index: tuple[int, ...]) -> str:
    """All of a small array; of a large one, the first wrong number."""
    shown = array if array.size <= SHOWN else array[index]
    shown = shown if shown.dtype.kind in "biu" else shown.astype(np.float64)
    return " ".join(np.array2string(shown, precision=10, separator=", ").split())


def _shifted(yours: np.ndarray, expected: np.ndarray) -> bool:
    if yours.ndim == 0 or len(yours) < 4 or first_difference(expected[1:], expected[:-1]) is None:
        return False
    pairs = (yours[1:], expected[:-1]), (yours[:-1], expected[1:])
    return any(first_difference(a, b) is None for a, b in pairs)


def _join(name: str, *lines: str) -> str:
    return "\n  ".join([name, *filter(None, lines)])
