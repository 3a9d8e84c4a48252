"""ParaRNN's reduction over thread, warp, block and grid, as a stepper."""

from . import style
from .interactive import Interactive, choice, slider
from .scans import scan_diagram
from .stepper import _row
from .trace import Trace, trace

# 24 steps of time, three to a thread, two threads to a warp, two warps to a block, two blocks: as
# in ParaRNN, where a thread has 2 to 4 steps, a warp 32 threads and a block up to 32 warps.
THREAD, WARP, BLOCK, GRID = 3, 6, 12, 24


def reduction_schedule() -> tuple:
    """The levels of the reduction over 24 elements, as `pararnn_edu.scans.schedules` has them."""
    chains = [tuple((i + k, i + k - 1) for i in range(0, GRID, THREAD)) for k in (1, 2)]
    up = [
        tuple((i + span - 1, i + span // 2 - 1) for i in range(0, GRID, span))
        for span in (WARP, BLOCK, GRID)
    ]
    down = [
        ((BLOCK + WARP - 1, BLOCK - 1),),
        tuple((i + THREAD - 1, i - 1) for i in range(WARP, GRID, WARP)),
        tuple((i + k, i - 1) for i in range(THREAD, GRID, THREAD) for k in range(THREAD - 1)),
    ]
    return (*chains, *up, *down)


SENTENCES = (
    "Before level 1: each of 24 steps in time holds its own map (A, b). Eight threads have loaded "
    "three steps each.",
    "Level 1, thread: every thread joins its second step to its first, in registers. Nobody waits "
    "for anybody.",
    "Level 2, thread: and its third. Three steps to a thread are three registers' worth of work, "
    "one after the other.",
    "Level 3, warp: two threads of a warp join their totals. A shuffle moves a register from "
    "thread to thread; no memory is touched.",
    "Level 4, block: two warps of a block join theirs, through shared memory, and the block waits "
    "until all have written.",
    "Level 5, grid: two blocks join theirs, through the GPU's memory. Blocks cannot wait for each "
    "other inside a kernel, so this is another launch.",
    "Level 6, back down, grid: the later block learns what came before it, and hands it to its "
    "first warp's last thread. A third launch.",
    "Level 7, back down, block: every warp learns what came before it, through shared memory.",
    "Level 8, back down, thread: every step learns what came before its thread. All 24 cells hold "
    "everything from step 0 on.",
)


def reduction_stepper(name: str, others: dict, *, title: str | None = None) -> Interactive:
    """ParaRNN's four layers, level by level, next to `others` (label -> schedule of 24 elements).

    As `scan_stepper`, with sentences that say where the numbers are and who waits.
    """
    label = "thread, warp, block, grid"
    schedules = {label: reduction_schedule(), **style.labelled(others)}
    scans = {each: trace(schedule, GRID) for each, schedule in schedules.items()}
    sentences = {each: _plain(each, scan) for each, scan in scans.items()}
    sentences[label] = list(SENTENCES)
    start = 3
    return Interactive(
        name,
        "stepper",
        title=title or "ParaRNN's reduction, layer by layer",
        sentence=SENTENCES[start],
        picture=scan_diagram(schedules[label], GRID, accent_level=start, labels=False, title=title),
        data={
            "size": GRID,
            "scan": 0,
            "level": start,
            "scans": [
                {"levels": scan.levels, "sentences": sentences[each]}
                for each, scan in scans.items()
            ],
        },
        choice=choice(name, "scan", "order", list(scans), 0),
        slider=slider(
            name, "level", "level", f"{start} of {scans[label].depth}",
            last=scans[label].depth, value=start,
        ),
        describe="Diagram of the reduction: one column per step in time, levels downwards, and "
        "below each column the steps its cell holds",
        size=GRID,
        counts="".join(_row(each, scan, None, each == label) for each, scan in scans.items()),
    )  # fmt: skip


def _plain(label: str, scan: Trace) -> list[str]:
    """A line per level, 0 to the last."""
    lines = [f"{label}, before level 1: every cell holds its own map."]
    for number, level in enumerate(scan.levels, 1):
        full = sum(first == 0 for first, _ in scan.spans[number])
        lines.append(
            f"{label}, level {number} of {scan.depth}: {len(level)} joined at once; {full} of "
            f"{scan.size} cells are finished."
        )
    return lines
