"""One run out of many: a slider that brings one curve, or one point, to the front."""

import numpy as np

from . import style
from .curves import level_line
from .data import count_of
from .interactive import Interactive, slider


def lyapunov_steps(
    name: str,
    gains,
    exponents,
    steps,
    *,
    length: int,
    start: int = 0,
    title: str | None = None,
    gain_label: str = "gain",
) -> Interactive:
    """Iterations against the Lyapunov exponent, one point a run, with a slider over the gain.

    `gains`, `exponents`, `steps` (G,), sorted by gain; `length` is T, drawn as the limit above
    which nothing is gained. `start` is the gain shown first.
    """
    gains, exponents, steps = (
        style.numbers(label, values, 1)
        for label, values in (("gains", gains), ("exponents", exponents), ("steps", steps))
    )
    for label, values in (("exponents", exponents), ("steps", steps)):
        style.same_length(label, values, gains)
    sentences = [
        f"{gain_label} {style.short(g)}: exponent {e:+.3f} per step, "
        f"{count_of(int(n), 'iteration')} for {length} steps."
        for g, e, n in zip(gains, exponents, steps, strict=True)
    ]
    return _pick(
        name,
        [([e], [n]) for e, n in zip(exponents, steps, strict=True)],
        [style.short(g) for g in gains],
        sentences,
        start=start,
        title=title or "Iterations against the Lyapunov exponent",
        label=gain_label,
        xlabel="largest Lyapunov exponent per step",
        ylabel="iterations",
        levels=[(length, f"T = {length}")],
        upright=0.0,
    )


def damping_curves(
    name: str,
    labels,
    histories,
    *,
    tol: float = 1e-10,
    start: int = 0,
    title: str | None = None,
    label: str = "damping",
) -> Interactive:
    """Residual after every iteration, one curve a damping, with a slider over the damping.

    `labels`: what the slider says at each position (texts, "adaptive" among them perhaps).
    `histories`: a residual history (steps + 1,) for each, or an object with a `.residual`.
    Zeros are drawn at 1e-17; values that are not finite leave a gap.
    """
    labels = [str(each) for each in labels]
    curves = [
        style.numbers(f"histories[{i}]", getattr(each, "residual", each), 1)
        for i, each in enumerate(histories)
    ]
    if len(labels) != len(curves):
        raise ValueError(f"{len(labels)} labels for {len(curves)} histories")
    return _pick(
        name,
        [
            (np.arange(len(c)), np.where(np.isfinite(c), np.maximum(c, 1e-17), np.nan))
            for c in curves
        ],
        labels,
        [f"{label} {text}: {_course(c, tol)}" for text, c in zip(labels, curves, strict=True)],
        start=start,
        title=title or "The price of safety",
        label=label,
        xlabel="iteration",
        ylabel="residual",
        levels=[(tol, f"tolerance {style.short(tol)}")],
    )


def _course(curve, tol: float) -> str:
    """What a residual history shows, in words."""
    finite = curve[np.isfinite(curve)]
    peak = f"largest residual on the way {style.short(float(f'{finite.max():.1e}'))}"
    if finite.size < curve.size:
        peak = "the residual overflows on the way"
    steps = count_of(len(curve) - 1, "iteration")
    end = f"done after {steps}" if curve[-1] <= tol else f"not done after {steps}"
    return f"{end}; {peak}."


def _pick(
    name, curves, labels, sentences, *, start, title, label, xlabel, ylabel, levels, upright=None
) -> Interactive:
    if not 0 <= start < len(curves):
        raise ValueError(f"start must lie in 0..{len(curves) - 1}, got {start}")
    curves = [(_rounded(x), _rounded(y)) for x, y in curves]
    return Interactive(
        name,
        "pick",
        title=title,
        sentence=sentences[start],
        picture=_picture(curves, start, title, xlabel, ylabel, levels, upright),
        data={
            "curves": curves,
            "labels": labels,
            "sentences": sentences,
            "start": start,
            "xlabel": xlabel,
            "ylabel": ylabel,
            "levels": levels,
            "upright": upright,
        },
        slider=slider(name, "pick", label, labels[start], last=len(curves) - 1, value=start),
        describe=f"Plot: {xlabel} to the right, {ylabel} upwards, on a logarithmic scale",
    )


def _rounded(values) -> list:
    """Four digits are more than a screen shows; None where there is no number."""
    return [float(f"{v:.4g}") if np.isfinite(v) else None for v in np.asarray(values, float)]


@style.use()
def _picture(curves, start, title, xlabel, ylabel, levels, upright):
    figure, axes = style.new(3.4)
    order = [i for i in range(len(curves)) if i != start] + [start]
    for i in order:
        x, y = (np.array(v, dtype=float) for v in curves[i])
        chosen = i == start
        axes.plot(
            x,
            y,
            color=style.ACCENT if chosen else style.WIRE,
            marker="o" if len(x) < 60 else None,
            markersize=7 if chosen else 4,
            linewidth=1.8 if chosen else 1.2,
        )
    for height, text in levels:
        level_line(axes, height, text)
    if upright is not None:
        axes.axvline(upright, color=style.MUTED, linestyle=":", linewidth=1.2)
    axes.set(yscale="log", xlabel=xlabel, ylabel=ylabel)
    style.headline(figure, title)
    return figure
