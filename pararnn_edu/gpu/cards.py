"""The graphics cards that programs are compiled for, from their descriptions in `targets/`."""

import functools
import re
from importlib import resources
from typing import NamedTuple

TARGETS = ("A100", "H100", "L4", "T4")


class Card(NamedTuple):
    """What the reports and the model need to know of a card."""

    target: str
    name: str
    """As the driver calls it, such as `NVIDIA A100-SXM4-40GB`."""
    capability: tuple[int, int]
    """Compute capability, such as `(8, 0)`."""
    bandwidth: float
    """Bytes a second between the chip and its memory, by the data sheet."""
    processors: int
    """Streaming multiprocessors (SMs)."""
    lanes: int
    """Single-precision multiply-adds that one of them begins per clock tick."""
    clock: float
    """Ticks a second."""
    cache: int
    """Bytes of level-2 cache."""

    @property
    def flops(self) -> float:
        """Single-precision operations a second at best; a multiply-add counts as two."""
        return 2 * self.processors * self.lanes * self.clock


def target_config(target: str) -> str:
    """The description of a card, as XLA reads it."""
    if target not in TARGETS:
        raise ValueError(f"target must be one of {list(TARGETS)}, got {target!r}")
    return (resources.files(__package__) / "targets" / f"{target}.pbtxt").read_text()


@functools.cache
def card(target: str) -> Card:
    """The data of a target."""
    config = target_config(target)

    def number(field: str) -> float:
        return float(re.search(rf"\b{field}: ([\d.]+)", config)[1])

    return Card(
        target=target,
        name=re.search(r'device_description_str: "(.*)"', config)[1],
        capability=(int(number("major")), int(number("minor"))),
        bandwidth=number("memory_bandwidth"),
        processors=int(number("core_count")),
        lanes=int(number("fpus_per_core")),
        clock=number("clock_rate_ghz") * 1e9,
        cache=int(number("l2_cache_size")),
    )
