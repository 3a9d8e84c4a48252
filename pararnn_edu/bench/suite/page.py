"""A page about a result: one HTML file with its pictures inside."""

import string
from collections.abc import Iterator
from html import escape
from importlib import resources
from pathlib import Path

from . import pictures
from .tables import growth_table, left_out_table, problem_tables

HEADINGS = {
    "step": "A training step of a recurrence",
    "forward": "States alone",
    "linear": "Linear recurrences",
}


def write_page(result: dict, folder: Path | str) -> Path:
    """Writes index.html into the folder and returns its path. Needs nothing from elsewhere."""
    path = Path(folder) / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(result), encoding="utf-8")
    return path


def page(result: dict) -> str:
    """The whole page."""
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    title = f"Measured on {result['device']['name']}"
    if result["device"]["platform"] == "cpu":
        title = f"Measured on {result['machine']['cpu']}, {result['machine']['cores']} cores"
    body = "\n".join([about(result), *_sections(result), how(result)])
    return string.Template(template).substitute(title=escape(title), body=body)


def about(result: dict) -> str:
    """Device, versions, day, and whether the machine was quiet."""
    machine = result["machine"]
    facts = [
        f"{machine['cpu']}, {machine['cores']} cores; {machine['os']}",
        f"device {result['device']['name']}; python {machine['python']}, jax {machine['jax']}, "
        f"jaxlib {machine['jaxlib']}, numpy {machine['numpy']}",
        f"{machine['date']}, {result['size']} size, {result['minutes']:.1f} minutes",
    ]
    variables = [f"{name}={value}" for name, value in result["environment"].items()]
    facts += [f"environment: {', '.join(variables)}"] * bool(variables)
    busy = [r["elsewhere"] for r in result["records"] if r["elsewhere"] is not None]
    if busy:
        facts.append(f"other processes took up to {max(busy):.0%} of the machine")
    facts += [machine["note"]] * bool(machine["note"])
    return "<ul>" + "".join(f"<li>{escape(fact)}</li>" for fact in facts) + "</ul>"


def _sections(result: dict) -> Iterator[str]:
    for group in HEADINGS:
        records = [record for record in result["records"] if record["group"] == group]
        if records:
            yield section(group, records)
    if result["growth"]:
        yield f"<h2>Growth</h2>\n{growth_table(result['growth'])}"
    if result["left_out"]:
        yield f"<h2>What is missing</h2>\n{left_out_table(result['left_out'])}"


def section(group: str, records: list[dict]) -> str:
    """The pictures and the tables of a group."""
    parts = [
        f"<h2>{HEADINGS[group]}</h2>",
        pictures.fast(group, records),
        pictures.floors(group, records),
        *pictures.winners(group, records),
        *pictures.growing(group, records),
        f"<details><summary>All numbers</summary>{problem_tables(records)}</details>",
    ]
    return "\n".join(filter(None, parts))


def how(result: dict) -> str:
    """The method, and the command."""
    command = escape(result["command"])
    return f"<h2>How</h2><p>{escape(result['method'])}</p><p><code>{command}</code></p>"
