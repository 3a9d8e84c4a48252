"""What a seed changes in a problem set: `@{expression}` in the source, names from a variant cell.

:course: {variant: numbers}        T = pick(48, 36, 60)
anywhere else                      Cut @{T} steps into @{T // 12} segments.
"""

import random
import re
from collections.abc import Callable

import numpy as np
from nbformat import NotebookNode

PUBLISHED = ""  # the seed of the set as it stands in the repository
PLACE = re.compile(r"@\{([^{}\n]+)\}")


def substitute(notebook: NotebookNode, seed: str, name: str) -> None:
    """Run the variant cells, take them out, and put their values in place of `@{...}`.

    Raises `ValueError` with the expression if it cannot be evaluated.
    """
    values = _names(seed, name)
    kept = []
    for cell in notebook.cells:
        if "variant" in cell.metadata.get("course", {}):
            _run(cell, values)
        else:
            cell.source = fill(cell.source, values)
            kept.append(cell)
    notebook.cells = kept


def fill(text: str, values: dict) -> str:
    """`text` with every `@{expression}` replaced by its value: a str as it is, else its repr."""
    return PLACE.sub(lambda found: _value(found[1], values), text)


def _value(expression: str, values: dict) -> str:
    try:
        value = eval(expression.strip(), dict(values))
    except Exception as error:
        raise ValueError(
            f"@{{{expression}}} in the source: {type(error).__name__}: {error}"
        ) from error
    return value if isinstance(value, str) else repr(value)


def _run(cell: NotebookNode, values: dict) -> None:
    try:
        exec(cell.source, values)
    except Exception as error:
        name = cell.metadata["course"]["variant"]
        raise ValueError(f"variant cell {name}: {type(error).__name__}: {error}") from error


def _names(seed: str, name: str) -> dict:
    """What a variant cell may use; the same seed gives other choices in another set."""
    generator = random.Random(f"{name} {seed}")
    return {"pick": _pick(generator, seed), "random": generator, "np": np}


def _pick(generator: random.Random, seed: str) -> Callable:
    def pick(published, *others):
        """The published value without a seed; with one, any of the values."""
        return published if seed == PUBLISHED else generator.choice([published, *others])

    return pick
