"""Every picture of the book: static plots in one style, and figures the reader can move.

    from pararnn_edu import figures

Functions take plain arrays and return a figure that shows itself in a notebook.
"""

from .curves import convergence, launches, sweep
from .diagrams import bidiagonal, matrix, recurrence_graph
from .front import iteration_heatmap
from .heat import heatmap
from .labs import newton_lab, scan_lab
from .newton import tangents
from .scans import scan_diagram, staircase, work_depth
from .states import iterates, phase, shooting, trajectory
from .stepper import scan_stepper
from .style import new, use

__all__ = [
    "bidiagonal",
    "convergence",
    "heatmap",
    "iterates",
    "iteration_heatmap",
    "launches",
    "matrix",
    "new",
    "newton_lab",
    "phase",
    "recurrence_graph",
    "scan_diagram",
    "scan_lab",
    "scan_stepper",
    "shooting",
    "staircase",
    "sweep",
    "tangents",
    "trajectory",
    "use",
    "work_depth",
]
