"""The launch counts that the book shows, counted once and kept with the package."""

import functools
import json
from importlib import resources

FILE = "launches.json"


@functools.cache
def stored_launches() -> dict:
    """The launches of the book's programs on an A100, an H100 and a T4, as compiled.

    `["provenance"]` says how they were counted; `["records"]` is a list with, for each program,
    target and T: `program`, `label`, `target`, `T`, `d`, `total`, `outside` and `loops` (each with
    `trips`, `launches` and `inner`). Made by `tools/count_launches.py`. The programs were compiled
    and counted, never run: there are no times.
    """
    return json.loads((resources.files(__package__) / FILE).read_text())
