import pytest

from pararnn_edu.figures.trace import trace
from pararnn_edu.scans import schedules


@pytest.mark.parametrize("n", range(1, 18))
@pytest.mark.parametrize(
    "schedule",
    [
        schedules.sequential,
        schedules.hillis_steele,
        schedules.blelloch,
        lambda n: schedules.chunked(n, 4),
    ],
)
def test_the_librarys_schedules_end_in_full_prefixes(schedule, n):
    assert trace(schedule(n), n).finished


def test_what_each_cell_holds():
    followed = trace([[(1, 0), (3, 2)], [(2, 1), (3, 1)]])
    assert followed.spans[1] == ((0, 0), (0, 1), (2, 2), (2, 3))
    assert followed.spans[2] == ((0, 0), (0, 1), (0, 2), (0, 3))
    assert (followed.work, followed.depth, followed.finished) == (4, 2, True)


def test_reads_come_before_writes():
    assert trace([[(1, 0), (2, 1)]]).spans[1] == ((0, 0), (0, 1), (1, 2))


@pytest.mark.parametrize(
    ("schedule", "size", "message"),
    [
        ([[(2, 0)]], 3, r"level 1, pair \(dst=2, src=0\).*do not stand next to each other"),
        ([[(1, 0), (1, 0)]], 2, "level 1 writes one cell twice"),
        ([[(5, 4)]], 3, "names cell 5, but there are 3 cells"),
    ],
)
def test_schedules_that_are_no_scan(schedule, size, message):
    with pytest.raises(ValueError, match=message):
        trace(schedule, size)
