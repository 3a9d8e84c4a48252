"""The file of a measurement: what is in it, what keeps one from being believed, and resuming.

format      1
size        "quick" or "full"
device      the JAX device: name, platform, capability, driver, memory_mib
machine     as in every stored measurement: cpu, cores, versions of python and jax, date, note
environment variables that change how fast XLA runs
source      a digest of the library's code, so that old and new are not mixed
time        when it was last written, in UTC; minutes: how long it took in all
command     what was run; method: how it was timed, in words
records     one for every problem and variant, see `measure.py`
growth      fitted powers of T, d and batch, see `growth.py`
left_out    what was not measured: problem, variant (null for all of them), why
"""

import datetime
import functools
import hashlib
import json
from pathlib import Path

import pararnn_edu

from ..files import as_json, replace
from ..gpu_kernels import device
from ..machine import environment, machine
from .growth import growth
from .schema import FORMAT, complaints
from .spec import FLAG

LISTS = ("records", "growth", "left_out")
COMMAND = "python -m pararnn_edu bench --size {size} --out FILE"
METHOD = (
    "Wall-clock time of one call on arguments that are on the device, compiled before and called "
    "three times. All variants of one problem are called in turn, each waited for with "
    "block_until_ready, in rounds that start one variant later each time; median and quartiles "
    "over the rounds, whose number fits the time there is. linear: from A and b to all states of "
    "h' = A h + b. forward: from projected inputs to all states of a cell with the library's "
    "first weights and inputs N(0, 1) in float32. step: that, and back from a given gradient of "
    "the states to those of recurrent weights and projected inputs. Arrays are planes with time "
    "in front, also of a batch. ratio: time over that of the baseline, the first variant of the "
    "problem, round by round: below 1 is faster. floor: time over that of a program that reads "
    "and writes as many bytes, once, and does nothing else. best: time over that of the fastest "
    "method of the problem, which best names; auto, which chooses one, is none. deviation: "
    "largest difference of the states from a loop in float64, over max(1, the largest state); "
    "gradient_deviation: of the gradients from its automatic differentiation, over the largest "
    "entry of the same array. "
    "steps, converged, residual: what the solver says, the worst of the batch. chosen: what it "
    "says that it ran. compile_seconds: tracing, lowering and compiling. megabytes: memory beside "
    "arguments and results, by XLA's own account. elsewhere: share of the machine's processor "
    "time that other processes took meanwhile. A name that ends in /long has gates biased by 4, "
    "so that states are remembered for longer; one in /flag was measured in a process of its own "
    "with XLA_FLAGS={flag}."
)

SAME = ("format", "size", "source", "device", "environment")
SAME_MACHINE = ("cpu", "cores", "python", "jax", "jaxlib", "numpy")


class Refused(ValueError):
    """A file cannot be used for what was asked; the message says why."""


def head(size: str, note: str = "") -> dict:
    """Everything but the measurements, of this machine and day."""
    return {
        "format": FORMAT,
        "size": size,
        "device": device(),
        "machine": machine(note),
        "environment": environment(),
        "source": source(),
        "time": now(),
        "minutes": 0.0,
        "command": COMMAND.format(size=size),
        "method": METHOD.format(flag=FLAG),
        "records": [],
        "growth": [],
        "left_out": [],
    }


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def source() -> str:
    """Twelve digits that change when the code that is measured, or measures, does."""
    package = Path(pararnn_edu.__file__).parent
    rooms = ("cells", "scans", "solvers", "bench/suite")
    files = [path for room in rooms for path in sorted((package / room).rglob("*.py"))]
    digest = hashlib.sha256()
    for path in [*files, package / "bench" / "timing.py", package / "precision.py"]:
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def save(path: Path, result: dict) -> None:
    """Writes the file as a whole, one record to a line."""
    result = result | {"growth": growth(result["records"]), "time": now()}
    replace(path, as_json(result, LISTS))


def load(path: Path | str) -> dict:
    """A result. **Raises** `Refused` if it is none, naming file and fault."""
    try:
        result = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read: {error}") from None
    if wrong := complaints(result):
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise Refused(f"{path}: " + "; ".join(wrong[:3]) + more)
    return result


@functools.cache
def stored() -> dict[str, dict]:
    """The results that the package holds: file name without its ending -> result.

    **Raises** `Refused` for a file that is not of the form above.
    """
    folder = Path(pararnn_edu.__file__).parent / "bench" / "results" / "suite"
    return {path.stem: load(path) for path in sorted(folder.glob("*.json"))}


def differences(old: dict, new: dict) -> list[str]:
    """What keeps measurements of one from standing beside those of the other, in words."""
    pairs = [(name, old[name], new[name]) for name in SAME]
    pairs += [(name, old["machine"].get(name), new["machine"].get(name)) for name in SAME_MACHINE]
    return [f"{name} was {_words(a)}, now {_words(b)}" for name, a, b in pairs if a != b]


def _words(value) -> str:
    if not isinstance(value, dict):
        return str(value)
    return value["name"] if "name" in value else ", ".join(f"{k}={v}" for k, v in value.items())
