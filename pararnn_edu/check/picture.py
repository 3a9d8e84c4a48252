"""A small picture of two trajectories around the step where they first differ."""

import sys

import numpy as np

STEPS = 15  # shown on either side of the difference


def in_notebook() -> bool:
    """Whether there is someone to show a picture to."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


def draw(yours: np.ndarray, expected: np.ndarray, index: tuple[int, ...]):
    """The figure: the channel of `index`, `yours` over `expected`, the first difference marked."""
    from ..figures import style  # brings matplotlib, which a passed check does not need

    first, channel = index[0], index[1:]
    steps = np.arange(max(0, first - STEPS), min(len(yours), first + STEPS + 1))
    mine, theirs = (np.asarray(a[(steps, *channel)], np.float64) for a in (yours, expected))
    with style.use():
        figure, axes = style.new(2.4)
        axes.axvline(first + 1, color=style.MUTED, linestyle=":")
        axes.plot(steps + 1, theirs, color=style.BAND, linewidth=6, label="expected")
        axes.plot(steps + 1, mine, color=style.ACCENT, marker="o", label="yours")
        axes.set(xlabel="time t", ylabel=f"entry {list(channel)}" if channel else "value")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.1)
    return figure


def show(yours: np.ndarray, expected: np.ndarray, index: tuple[int, ...]) -> None:
    """Display the figure in the notebook that runs the check."""
    from IPython.display import display

    display(draw(yours, expected, index))
