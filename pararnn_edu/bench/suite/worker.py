"""One problem in a process of its own: XLA reads its flags once, when it starts."""

import json
import os
import subprocess
import sys

from .measure import Measured, measure
from .spec import FLAG, Problem

LIMIT = 900  # seconds; then the process is ended


def measure_flagged(problem: Problem, seconds: float) -> Measured:
    """What `measure` returns, from a process with FLAG."""
    flags = " ".join(filter(None, (os.environ.get("XLA_FLAGS"), FLAG)))
    done = subprocess.run(
        [sys.executable, "-m", __name__, json.dumps([*problem, seconds])],
        env=os.environ | {"XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    if done.returncode:
        return failed(problem, (done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def failed(problem: Problem, why: str) -> Measured:
    """Nothing was measured, and why."""
    return Measured([], [{"problem": problem.name, "variant": None, "why": why}])


if __name__ == "__main__":
    *fields, seconds = json.loads(sys.argv[1])
    print(json.dumps(measure(Problem(*fields), seconds)))
