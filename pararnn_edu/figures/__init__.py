"""Every picture of the book: static plots in one style, and figures the reader can move.

    from pararnn_edu import figures

Functions take plain arrays and return a figure that shows itself in a notebook.
"""

from .automata import automaton, generalisation, transition_matrices
from .backward import backward_graph
from .bench import intervals, powers, winners
from .circuits import circuit
from .classes import class_map
from .curves import convergence, launches, sweep
from .devices import shares, summaries
from .diagrams import bidiagonal, matrix, recurrence_graph
from .explorer import launch_explorer
from .front import iteration_heatmap
from .gpu import memory_hierarchy, roofline
from .heat import heatmap
from .jacobians import cell_jacobians
from .labs import newton_lab, scan_lab
from .language import block_stages, learning_curves, seed_spread
from .machines import connectivity_run, newton_counts, stack_line
from .newton import tangents
from .pick import damping_curves, lyapunov_steps
from .reduction import reduction_stepper
from .scans import scan_diagram, staircase, work_depth
from .stack_machine import stack_stepper
from .states import iterates, phase, shooting, trajectory
from .stepper import scan_stepper
from .style import new, use
from .synthetic import scoreboard, step_maps
from .training import loss_curves

__all__ = [
    "automaton",
    "backward_graph",
    "bidiagonal",
    "block_stages",
    "cell_jacobians",
    "circuit",
    "class_map",
    "connectivity_run",
    "convergence",
    "damping_curves",
    "generalisation",
    "heatmap",
    "intervals",
    "iterates",
    "iteration_heatmap",
    "launch_explorer",
    "launches",
    "learning_curves",
    "loss_curves",
    "lyapunov_steps",
    "matrix",
    "memory_hierarchy",
    "new",
    "newton_counts",
    "newton_lab",
    "phase",
    "powers",
    "recurrence_graph",
    "reduction_stepper",
    "roofline",
    "scan_diagram",
    "scan_lab",
    "scan_stepper",
    "scoreboard",
    "seed_spread",
    "shares",
    "shooting",
    "stack_line",
    "stack_stepper",
    "staircase",
    "step_maps",
    "summaries",
    "sweep",
    "tangents",
    "trajectory",
    "transition_matrices",
    "use",
    "winners",
    "work_depth",
]
