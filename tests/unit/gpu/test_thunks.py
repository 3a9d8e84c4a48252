"""The second count, from XLA's own list of operations."""

import pytest

from pararnn_edu.gpu import Loop
from pararnn_edu.gpu.thunks import operations, thunks

AS_THEY_ARE = """\
001: kCopy         [source       | next=003 (1)] kCopy
002: kCustomKernel [source       | next=003 (1)] broadcast_fusion grid: [1, 1, 1]
003: kWhile        [prev=002 (1) | next=012 (1)]
condition:
    004: kCustomKernel [source | sink] compare_fusion grid: [1, 1, 1]
  body:
    005: kCustomKernel       [source       | next=006 (1)] reduce_fusion grid: [1, 1, 1]
    006: kAsyncStart         [prev=005 (1) | sink        ] stream=computation_stream[0]
        007: kDynamicSliceFusion [source | sink] params=1, results=1
            008: kCopy [source | sink] kCopy
    009: kAsyncDone          [source       | sink        ] async_id=13
    010: kCustomKernel       [prev=005 (2) | sink        ] add_fusion grid: [1, 1, 1]
    011: kWhile              [prev=005 (2) | sink        ]
condition:
        012: kCustomKernel [source | sink] compare_fusion grid: [1, 1, 1]
      body:
        013: kCustomKernel [source | sink] tanh_fusion grid: [1, 1, 1]
    014: kGemm               [prev=005 (2) | sink        ] gemm
015: kCustomKernel [prev=003 (1) | sink        ] add_fusion grid: [1, 1, 1]
"""

BUNDLED = """\
000: kCommandBuffer [source | next=003 (1)]
    001: kCopy         [source       | sink        ] kCopy
    002: kCustomKernel [source       | sink        ] broadcast_fusion grid: [1, 1, 1]
003: kWhile        [prev=002 (1) | sink]
condition:
    004: kCustomKernel [source | sink] compare_fusion grid: [1, 1, 1]
  body:
    000: kCommandBuffer [source | sink]
        005: kCustomKernel [source       | next=006 (1)] reduce_fusion grid: [1, 1, 1]
        006: kCustomKernel [prev=005 (1) | sink        ] add_fusion grid: [1, 1, 1]
"""


def test_loops_inside_loops():
    loops = (Loop(10, 11, (Loop(7, 1),)),)
    assert operations(thunks(AS_THEY_ARE), loops) == 3 + 10 * (4 + 7)


def test_a_bundle_is_one_submission():
    assert operations(thunks(BUNDLED), (Loop(10, 2),)) == 1 + 10


def test_a_loop_of_assumed_length_is_tested_every_time():
    assert operations(thunks(BUNDLED), (Loop(3, 4, known=False),)) == 1 + 3 * (1 + 2) + 2


def test_what_is_not_understood_is_refused():
    with pytest.raises(ValueError, match="not a list of thunks"):
        thunks("kGemm\nkKernel, kernel = wrapped_slice")
    with pytest.raises(ValueError, match="kAllReduce"):
        operations(thunks("001: kAllReduce [source | sink]"), ())
