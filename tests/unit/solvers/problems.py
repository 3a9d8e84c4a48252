"""The methods, and what each may be expected to reach."""

import pararnn_edu as pr

STRUCTURES = ["GRU", "ParaGRU", "ParaLSTM"]  # one cell each: dense, diagonal, block

METHODS = {
    "Sequential": pr.Sequential(),
    "Jacobi": pr.Jacobi(),
    "Picard": pr.Picard(),
    "Newton": pr.Newton(),
    "dense Newton": pr.Newton(jacobian="dense"),
    "QuasiNewton": pr.QuasiNewton(),
    "Damped": pr.Damped(0.3),
    "Damped QuasiNewton": pr.Damped(0.1, pr.QuasiNewton()),
    "Damped search": pr.Damped("search"),
    "ELK": pr.ELK(),
    "quasi-ELK": pr.ELK(pr.QuasiNewton(), damping=0.1, estimate="smoother"),
    "MultipleShooting": pr.MultipleShooting(segments=4),
    "MultipleShooting Jacobi": pr.MultipleShooting(pr.Jacobi(), segments=5),
    "Windowed": pr.Windowed(window=5),
    "Windowed Picard": pr.Windowed(pr.Picard(), window=4),
    "Windowed auto": pr.Windowed(window="auto"),
    "Auto": pr.Auto(),
}
# One rule over all points at once: exact prefixes, and iterates to record.
POINTWISE = [
    "Jacobi",
    "Picard",
    "Newton",
    "dense Newton",
    "QuasiNewton",
    "Damped",
    "Damped QuasiNewton",
    "Damped search",
    "ELK",
    "quasi-ELK",
]
DIRECT = ["Sequential", "Auto"]  # on the CPU of the tests, Auto is Sequential
