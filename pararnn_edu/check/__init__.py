"""Instant feedback for exercises: plain assertions that answer with *yours* and *expected*.

from pararnn_edu import check

check.equal("the residual by hand", residual(f, hs, xs, h0), [[0.0], [-1.0], [0.0]])
check.holds("few steps", steps <= 5, f"Newton took {steps} steps; at most 5 are allowed")
"""

from .compare import CheckFailed as CheckFailed
from .compare import equal as equal
from .compare import holds as holds
