"""Solving h_t = A_t h_{t-1} + b_t, step by step or in parallel. Knows nothing of cells."""

from . import schedules as schedules
from . import textbook as textbook
from .affine import Block2 as Block2
from .affine import Dense as Dense
from .affine import Diagonal as Diagonal
from .affine import Identity as Identity
from .affine import Structure as Structure
from .affine import Zero as Zero
from .affine import combine as combine
from .recurrence import linear_recurrence as linear_recurrence
from .recurrence import recur as recur
