"""Measurements kept with the package: made once, on a machine that is named, and cited."""

import functools
import json
from importlib import resources

RESULTS = ("cpu_forward",)


@functools.cache
def stored(name: str) -> dict:
    """A stored measurement: `["machine"]`, `["method"]` in words, and `["records"]`.

    - `"cpu_forward"`: forward solves of nonlinear recurrences and diagonal linear recurrences on a
      CPU, against a compiled `lax.scan`. Made by `python -m pararnn_edu.bench.cpu_forward`.

    **Raises** `ValueError` for a name that is not stored.
    """
    if name not in RESULTS:
        raise ValueError(f"no stored measurement {name!r}; there are {list(RESULTS)}")
    return json.loads((resources.files(__package__) / "results" / f"{name}.json").read_text())
