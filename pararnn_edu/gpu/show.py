"""A report as text and as a table."""

import html as escape

SHOWN = 20  # kernels in the text of a report; the rest in one line
HEAD = (
    "kernel", "launches", "bytes", "registers", "spilled", "loads (bits)", "stores (bits)",
)  # fmt: skip


def text(report) -> str:
    """The report in lines, a kernel a line."""
    cells = [HEAD, *rows(report)]
    width = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    lines = [*said(report), ""]
    for row in cells[: SHOWN + 1]:
        others = [f"{cell:>{w}}" for cell, w in zip(row[1:], width[1:], strict=True)]
        lines.append("  ".join([f"{row[0]:<{width[0]}}", *others]).rstrip())
    return "\n".join([*lines, *rest(report)])


def html(report) -> str:
    """The report as an HTML table."""
    cell = lambda tag, words: f"<{tag}>{escape.escape(words)}</{tag}>"
    line = lambda tag, row: "<tr>" + "".join(cell(tag, words) for words in row) + "</tr>"
    body = "".join(line("td", row) for row in rows(report)[:SHOWN])
    table = f"<table><thead>{line('th', HEAD)}</thead><tbody>{body}</tbody></table>"
    return "".join(
        [
            *(cell("p", words) for words in said(report)),
            table,
            *(cell("p", words) for words in rest(report)),
        ]
    )


def said(report) -> list[str]:
    """What stands above the table."""
    return [headline(report), registers(report), modelled(report), *report.unknown]


def headline(report) -> str:
    """Function, card, launches and bytes in a line."""
    least = f"{size(report.least_bytes)} of arguments and results"
    if report.launches is None:
        return f"{report.function} on {report.card.name}: launches unknown, {least}"
    ratio = report.bytes / max(report.least_bytes, 1)
    launches = f"{report.launches:,} launch" + ("es" if report.launches != 1 else "")
    moved = f"{size(report.bytes)} moved, {ratio:.2f} x the {least}"
    return f"{report.function} on {report.card.name}: {launches}; {moved}"


def registers(report) -> str:
    """The kernel with the most registers, and what is spilled."""
    known = [each for each in report.kernels if each.registers is not None]
    if not known:
        return "registers unknown: no kernel of the program was assembled"
    most = max(known, key=lambda each: each.registers)
    spilled = sum(each.spill_bytes for each in known)
    spills = f"{spilled} bytes spilled" if spilled else "none spilled"
    number = f"{len(known)} kernel" + ("s" if len(known) != 1 else "")
    return f"{number}; at most {most.registers} registers a thread ({most.name}), {spills}"


def modelled(report) -> str:
    """The modelled time with its assumptions."""
    if report.modelled_seconds is None:
        return "modelled time: none, as the launches are unknown; say how many trips, with trips=N"
    rate, launch = f"{report.card.bandwidth / 1e9:.0f} GB/s", f"{report.launch_seconds * 1e6:g} us"
    return (
        f"modelled time, not measured: {seconds(report.modelled_seconds)} = {report.launches:,} x "
        f"{launch} + {size(report.bytes)} / ({rate}); no cache, no arithmetic, one launch after "
        "the other"
    )


def rest(report) -> list[str]:
    """The kernels that the table leaves out, in a line."""
    left = report.kernels[SHOWN:]
    if not left:
        return []
    numbers = [each.launches for each in left]
    launches = "an unknown number of" if None in numbers else f"{sum(numbers):,}"
    return [f"and {len(left)} more kernels with {launches} launches"]


def rows(report) -> list[tuple[str, ...]]:
    """The cells of each kernel, as text."""
    return [
        (
            each.name if each.kind != "library call" else f"{each.name} (library)",
            "?" if each.launches is None else f"{each.launches:,}",
            "?" if each.bytes is None else size(each.bytes),
            "" if each.registers is None else str(each.registers),
            "" if each.spill_bytes is None else str(each.spill_bytes),
            _widths(each.load_widths),
            _widths(each.store_widths),
        )
        for each in report.kernels
    ]


def size(count: float) -> str:
    """Bytes in a readable unit: `size(4200) == "4.2 kB"`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def seconds(value: float) -> str:
    """Seconds in a readable unit."""
    for unit, factor in (("s", 1), ("ms", 1e3)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e6:.3g} us"


def _widths(found: dict[int, int]) -> str:
    """`{128: 4, 32: 1}` as `128 x4, 32 x1`."""
    return ", ".join(f"{bits} x{number}" for bits, number in found.items())
