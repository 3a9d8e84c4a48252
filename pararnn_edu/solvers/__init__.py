"""Turning a nonlinear recurrence into linear ones, and solving it. Knows nothing of models."""

from .auto import Auto as Auto
from .elk import ELK as ELK
from .fused import Fused as Fused
from .fused import fused as fused
from .method import Iteration as Iteration
from .method import Method as Method
from .otherwise import Otherwise as Otherwise
from .predictability import Predictability as Predictability
from .predictability import predictability as predictability
from .problem import Problem as Problem
from .rules import Damped as Damped
from .rules import Jacobi as Jacobi
from .rules import Newton as Newton
from .rules import Picard as Picard
from .rules import QuasiNewton as QuasiNewton
from .sequential import Sequential as Sequential
from .shooting import MultipleShooting as MultipleShooting
from .solution import ConvergenceError as ConvergenceError
from .solution import History as History
from .solution import Solution as Solution
from .solve import solve as solve
from .solve import unroll as unroll
from .structure import jacobian_structure as jacobian_structure
from .windowed import Windowed as Windowed
