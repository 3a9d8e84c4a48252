"""The launch-count and roofline explorer: what limits a scan, over length, channels and card."""

from . import style
from .interactive import Interactive, choice, slider

LAUNCH_SECONDS = 3e-6  # as in gpu/model.py


def launch_explorer(
    name: str,
    sweep,
    cards: dict,
    *,
    labels: dict,
    start: tuple[int, int] = (65_536, 64),
    title: str | None = None,
) -> Interactive:
    """Modelled time of several programs, split into launches and bytes, with sliders.

    `sweep` is a list of counts, dictionaries with `backend`, `T`, `d`, `launches`, `bytes` and
    `least_bytes`, one for each combination; `cards` maps a label to bytes a second; `labels` maps
    a backend to what it is called, in the order of the rows. `start` is the (T, d) shown first.
    """
    counts = {(each["backend"], each["d"], each["T"]): each for each in sweep}
    steps, channels = (sorted({each[key] for each in sweep}) for key in ("T", "d"))
    _check(counts, labels, steps, channels, start)
    table = [
        [
            [[counts[b, d, T]["launches"], counts[b, d, T]["bytes"]] for b in labels]
            for T in steps
        ]
        for d in channels
    ]  # fmt: skip
    first = next(iter(labels))
    least = [[counts[first, d, T]["least_bytes"] for T in steps] for d in channels]
    rates = list(style.labelled(cards).values())
    names = list(labels.values())
    sentences = [
        [
            [_sentence(names, row, rate, T, d) for row, T in zip(rows, steps, strict=True)]
            for rows, d in zip(table, channels, strict=True)
        ]
        for rate in rates
    ]
    at, d = steps.index(start[0]), channels.index(start[1])
    return Interactive(
        name,
        "explorer",
        title=title or "Launches or bytes: what a scan waits for",
        sentence=sentences[0][d][at],
        picture=_picture(names, table[d][at], rates[0], title),
        data={
            "programs": names,
            "steps": steps,
            "channels": channels,
            "cards": list(cards.items()),
            "launch": LAUNCH_SECONDS,
            "counts": table,
            "least": least,
            "sentences": sentences,
            "start": {"T": at, "d": d, "card": 0},
        },
        choice=choice(name, "card", "card", list(cards), 0),
        steps=slider(name, "steps", "steps T", f"{start[0]:,}", last=len(steps) - 1, value=at),
        channels=slider(
            name, "channels", "channels d", str(start[1]), last=len(channels) - 1, value=d
        ),
        describe="Bars of modelled seconds, for each program one for its launches and one for "
        "its bytes",
    )


def _check(counts, labels, steps, channels, start):
    style.labelled(labels)
    missing = [
        (b, d, T) for b in labels for d in channels for T in steps if (b, d, T) not in counts
    ]
    if missing:
        raise ValueError(f"the sweep has no counts for (backend, d, T) = {missing[0]}")
    if start[0] not in steps or start[1] not in channels:
        raise ValueError(f"start={start!r} is not among T in {steps} and d in {channels}")


def _seconds(launches, bytes, rate) -> tuple[float, float]:
    return launches * LAUNCH_SECONDS, bytes / rate


def _sentence(names, row, rate, T, d) -> str:
    """Which program the model finds fastest, and what each of them waits for."""
    times = [_seconds(*each, rate) for each in row]
    best = min(range(len(names)), key=lambda i: sum(times[i]))
    ratio = sum(times[0]) / sum(times[best])
    faster = f"{names[best]} take 1/{_three(ratio)} of the modelled time of {names[0]}"
    waits = {"launches": [], "bytes": []}
    for name, (waiting, moving) in zip(names, times, strict=True):
        waits["launches" if waiting > moving else "bytes"].append(name)
    limits = [f"Mostly {what}: {', '.join(who)}." for what, who in waits.items() if who]
    first = faster if best else f"{names[0]} is modelled fastest"
    return " ".join([f"T = {T:,}, d = {d}: {first}.", *limits])


def _three(value: float) -> str:
    """Three digits and no exponent: 1.23, 45.6, 9,330."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


@style.use()
def _picture(names, row, rate, title):
    """The first state, for where no script runs."""
    figure, axes = style.new(0.6 * len(names) + 1.2)
    for index, each in enumerate(row):
        waiting, moving = _seconds(*each, rate)
        axes.barh(index - 0.18, waiting, 0.34, color=style.BLUE, label="launches" * (not index))
        axes.barh(index + 0.18, moving, 0.34, color=style.ACCENT, label="bytes" * (not index))
    axes.set_yticks(range(len(names)), names)
    axes.set(xscale="log", xlim=(1e-6, None), xlabel="modelled seconds")
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    style.legend_below(figure, axes)
    style.headline(figure, title)
    return figure
