"""Two files of results: what became slower, beyond what the spread of both explains."""

from typing import NamedTuple

from . import results
from .results import Refused

LEAST = 1.10  # a change of less than this is not worth a word
BUSY = 0.1  # with more of the machine taken by others, a time is not to be relied upon
SAME_DEVICE = (("device", "name"), ("machine", "cpu"), ("machine", "cores"))


class Change(NamedTuple):
    """How one variant of one problem fared."""

    problem: str
    variant: str
    factor: float
    """New over old."""
    old: tuple[float, float, float]
    """Median and quartiles, in milliseconds or in multiples of the baseline."""
    new: tuple[float, float, float]
    busy: bool
    """Whether other processes took much of the machine in either."""


class Comparison(NamedTuple):
    """What two results say of each other."""

    by: str
    slower: list[Change]
    faster: list[Change]
    broken: list[tuple[str, str]]
    """Problem and variant of what converged before and does not now."""
    only_old: list[str]
    only_new: list[str]
    compared: int
    notes: list[str]
    """What else differs between the two."""

    @property
    def passed(self) -> bool:
        """Whether nothing is slower or broken."""
        return not self.slower and not self.broken


def compare(old: dict, new: dict, by: str = "ratio", any_device: bool = False) -> Comparison:
    """Holds every record of `new` against that of `old` for the same problem and variant.

    - `by`: `"ratio"`, multiples of the baseline of the same run, in which the state of the machine
      cancels; or `"time"`, which shows when the baseline itself became slower.

    Slower is what takes at least a tenth longer, and whose lower quartile is above the upper
    quartile of before. **Raises** `Refused` for two devices, unless `any_device`.
    """
    notes = results.differences(old, new)
    if (devices := _devices(old, new)) and not any_device:
        raise Refused(
            f"these were measured on different devices ({devices}); give --any-device to "
            "compare them nevertheless"
        )
    before, after = _table(old), _table(new)
    both = [key for key in before if key in after]
    changes = [_change(before[key], after[key], by) for key in both]
    return Comparison(
        by,
        sorted((c for c in changes if slower(c.old, c.new)), key=lambda c: -c.factor),
        sorted((c for c in changes if slower(c.new, c.old)), key=lambda c: c.factor),
        [key for key in both if _broken(before[key], after[key])],
        [" ".join(key) for key in before if key not in after],
        [" ".join(key) for key in after if key not in before],
        len(both),
        notes,
    )


def slower(old: tuple, new: tuple) -> bool:
    """Whether `new` is slower than `old` beyond noise; both (median, low, high)."""
    return new[0] >= LEAST * old[0] and new[1] > old[2]


def _devices(old: dict, new: dict) -> str:
    pairs = [(old[part][name], new[part][name]) for part, name in SAME_DEVICE]
    return ", ".join(f"{a} and {b}" for a, b in pairs if a != b)


def _table(result: dict) -> dict[tuple[str, str], dict]:
    return {(each["problem"], each["variant"]): each for each in result["records"]}


def _change(old: dict, new: dict, by: str) -> Change:
    spreads = _spread(old, by), _spread(new, by)
    busy = any((each["elsewhere"] or 0) > BUSY for each in (old, new))
    factor = spreads[1][0] / spreads[0][0]
    return Change(new["problem"], new["variant"], factor, *spreads, busy)


def _spread(record: dict, by: str) -> tuple[float, float, float]:
    unit = "{}_ms" if by == "time" else "ratio_{}"
    return tuple(record[unit.format(key)] for key in ("median", "low", "high"))


def _broken(old: dict, new: dict) -> bool:
    return old["converged"] is True and new["converged"] is False


def report(found: Comparison) -> str:
    """The comparison in words, the bad news last, where a terminal shows it."""
    lines = [f"different: {note}" for note in found.notes]
    for name, missing in (("old", found.only_old), ("new", found.only_new)):
        lines += [f"only in the {name} file: {each}" for each in missing]
    lines += [f"faster: {_line(each, found.by)}" for each in found.faster]
    lines += [f"NO LONGER CONVERGES: {' '.join(each)}" for each in found.broken]
    lines += [f"SLOWER: {_line(each, found.by)}" for each in found.slower]
    counts = f"{found.compared} compared by {found.by}: {len(found.slower)} slower"
    return "\n".join([*lines, f"{counts}, {len(found.faster)} faster beyond noise"])


def _line(change: Change, by: str) -> str:
    unit = " ms" if by == "time" else " x"
    spread = lambda s: f"{s[0]:.4g}{unit} ({s[1]:.4g} to {s[2]:.4g})"
    busy = ", while others used the machine" if change.busy else ""
    return (
        f"{change.problem} {change.variant}: {change.factor:.2f} times as long, "
        f"from {spread(change.old)} to {spread(change.new)}{busy}"
    )
