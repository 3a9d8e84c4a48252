"""How a measurement is written down: as JSON that people can compare line by line."""

import json
import math
import os
from pathlib import Path


def as_json(result: dict, lists: tuple[str, ...] = ("records",)) -> str:
    """JSON with one entry of `lists` to a line, so that two measurements can be compared."""
    head = json.dumps({k: v for k, v in result.items() if k not in lists}, indent=2)[:-2]
    rows = [
        f'  "{name}": [\n' + ",\n".join("    " + json.dumps(each) for each in result[name])
        for name in lists
    ]
    return head + ",\n" + "\n  ],\n".join(rows) + "\n  ]\n}\n"


def replace(path: Path | str, text: str) -> None:
    """Writes a file as a whole: whoever reads it meanwhile, or after a crash, sees old or new."""
    path = Path(path)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def short(value: float, digits: int = 3) -> float | None:
    """So many digits; None, in JSON null, for what is not finite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
