"""From the steps needed on short windows to a prediction and to advice."""

import math
from typing import NamedTuple

FRONT = 1 / 2  # of its length: a window that needs so many steps is solved from left to right
MODEST = 1e4  # growth of small errors that leaves the trajectory within reach of a good method
FEW = 16  # but so few say nothing yet


class Pilot(NamedTuple):
    """What a window of `window` steps needed, the worst of the places tried."""

    window: int
    steps: int
    calm: bool
    """Whether the residual never rose far above that of the guess."""

    @property
    def front(self) -> bool:
        """Whether the steps needed are a good part of the window: no parallel gain."""
        return self.steps > max(FRONT * self.window, FEW)


def predict(pilots: tuple[Pilot, ...], length: int) -> int:
    """Steps for the whole sequence, by the power law through the last two pilots."""
    last = pilots[-1]
    if not last.calm:  # iterates that overflow are put right one state at a time
        return min(length, last.steps + length - last.window)
    if last.front:
        power = 1.0
    elif len(pilots) == 1:
        power = 0.0
    else:
        before = pilots[-2]
        rise = math.log(max(last.steps, 1) / max(before.steps, 1))
        power = min(1.0, max(0.0, rise / math.log(last.window / before.window)))
    return min(length, math.ceil(last.steps * (length / last.window) ** power))


def depth(steps: int, length: int) -> float:
    """Scan levels one after the other in so many iterations: the price in parallel time."""
    return steps * 2 * math.log2(max(length, 2))


def advise(
    exponent: float, log_growth: float, pilots: tuple[Pilot, ...], steps: int, length: int
) -> tuple[str, int | None, str]:
    """`(recommendation, window, words)`: the least depth of Newton, windows and the loop.

    A loop has depth T. The parallel forms must promise less than half of it, for they do more
    work; and on a CPU, where depth is not what costs, the loop wins in any case. Where
    Newton's iterates blow up although the trajectory itself amplifies little, a trust region
    is what is missing.
    """
    windows = [(depth(p.steps, p.window) * length / p.window, p.window, p.steps) for p in pilots]
    in_windows, window, each = min(windows)
    whole = depth(steps, length)
    if not pilots[-1].calm and log_growth <= math.log(MODEST):
        return "elk", None, _elk(log_growth, steps)
    if min(whole, in_windows) >= length / 2:
        return "sequential", None, _sequential(exponent, steps, length)
    if whole > in_windows:
        return "windows", window, _windows(window, each, steps)
    return "newton", None, f"use pr.Newton(): {_count(steps)} for {length}."


def _count(steps: int) -> str:
    return f"about {steps} step{'s' * (steps != 1)}"


def _elk(log_growth: float, steps: int) -> str:
    return (
        "use pr.ELK(): Newton's iterates grow by orders of magnitude on the way, so that it "
        f"would need {_count(steps)}, although small errors along the trajectory grow no more "
        f"than {math.exp(log_growth):.3g} times. A trust region keeps the iterates in bounds."
    )


def _windows(window: int, each: int, steps: int) -> str:
    return (
        f"use pr.Windowed(window={window}): {_count(each)} for each window, where the whole at "
        f"once would need {_count(steps)}."
    )


def _sequential(exponent: float, steps: int, length: int) -> str:
    need = f"{_count(steps)} of Newton for {length}, each a scan, save nothing over the loop"
    if exponent < 0:
        return (
            f"run it sequentially: {need}. The exponent is negative, so nearby trajectories do "
            "merge; but the guess is not nearby, and from far away Newton is no quicker here."
        )
    return f"run it sequentially: {need}. The exponent is not negative: errors grow with time."
