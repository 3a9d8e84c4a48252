"""Results as tables in HTML."""

import itertools
from collections.abc import Iterable
from html import escape

from .measure import FLOOR

COLUMNS = (
    "", "median", "quartiles", "times as fast", "quartiles", "over copy", "over best", "steps",
    "deviation", "of gradients", "compile", "memory", "elsewhere",
)  # fmt: skip


def table(caption: str, columns: Iterable[str], rows: Iterable[str]) -> str:
    """A table that scrolls sideways on a narrow screen; `rows` are whole `<tr>`s."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def row(cells: Iterable[str], kind: str = "") -> str:
    """A row; the first cell is its heading."""
    first, *rest = map(escape, cells)
    kind = f' class="{kind}"' if kind else ""
    return (
        f'<tr{kind}><th scope="row">{first}</th>' + "".join(f"<td>{c}</td>" for c in rest) + "</tr>"
    )


def problem_tables(records: list[dict]) -> str:
    """A table for every problem."""
    made = []
    for problem, group in itertools.groupby(records, lambda record: record["problem"]):
        made.append(table(problem, COLUMNS, [_row(record) for record in group]))
    return "\n".join(made)


def _row(record: dict) -> str:
    fast = [1 / record[f"ratio_{key}"] for key in ("median", "high", "low")]
    failed = record["converged"] is False
    cells = (
        record["label"],
        f"{record['median_ms']:.4g} ms",
        f"{record['low_ms']:.4g} to {record['high_ms']:.4g}",
        f"{fast[0]:.3g}",
        f"{fast[1]:.3g} to {fast[2]:.3g}",
        "" if record["variant"] == FLOOR else f"{record['floor_median']:.3g}",
        "" if record["variant"] == FLOOR else f"{record['best_median']:.3g}",
        ("" if record["steps"] is None else f"{record['steps']:,}") + " FAILED" * failed,
        _optional(record["deviation"], "{:.0e}"),
        _optional(record["gradient_deviation"], "{:.0e}"),
        f"{record['compile_seconds']:.2g} s",
        _optional(record["megabytes"], "{:,.3g} MB"),
        _optional(record["elsewhere"], "{:.0%}"),
    )
    kind = "baseline" * (record["variant"] == record["baseline"])
    return row(cells, kind or "bad" * failed)


def _optional(value, form: str) -> str:
    return "" if value is None else form.format(value)


def growth_table(rows: list[dict]) -> str:
    """The fitted powers."""
    columns = ("", "variant", "over", "from", "to", "points", "power", "standard error")
    cells = [
        (
            each["problem"],
            each["variant"],
            each["over"],
            f"{each['from']:,}",
            f"{each['to']:,}",
            str(each["points"]),
            f"{each['slope']:.2f}",
            f"{each['error']:.2f}",
        )
        for each in rows
    ]
    return table("time grows with the size to the power", columns, map(row, cells))


def left_out_table(entries: list[dict]) -> str:
    """What was not measured, and why."""
    cells = [(each["problem"], each["variant"] or "everything", each["why"]) for each in entries]
    return table("not measured", ("", "variant", "why"), map(row, cells))
