"""The library's kernels on this machine's GPU: checked, then timed, then written down.

    python -m pararnn_edu.bench.gpu_kernels              # check and measure, print two tables
    python -m pararnn_edu.bench.gpu_kernels --out .      # and write gpu_<device>.json there
    python -m pararnn_edu.bench.gpu_kernels --check      # check only; works on any machine

Takes about five minutes on a GPU that runs the kernels (compute capability 8.0 and up). What is
written can be added to the library: see `results/gpu/README.md`.
"""

import argparse
import datetime
import re
import subprocess
import sys
from pathlib import Path

import jax

from ..scans.device import capability, has_kernels
from . import files
from .gpu_results import FORMAT, complaints
from .kernel_checks import Verdict, check, large, small
from .kernel_times import METHOD, line, measure
from .machine import machine

COMMAND = "python -m pararnn_edu.bench.gpu_kernels --out ."


def device() -> dict:
    """The default device: `name`, `platform`, `capability`, `driver`, `memory_mib`."""
    first, found = jax.devices()[0], capability()
    driver, memory = _nvidia("driver_version"), _nvidia("memory.total")
    return {
        "name": first.device_kind,
        "platform": first.platform,
        "capability": f"{found[0]}.{found[1]}" if found else None,
        "driver": driver if found else None,
        "memory_mib": int(memory) if found and memory else None,
    }


def describe(about: dict | None = None) -> str:
    """The device in a sentence, and whether the kernels run on it."""
    about = device() if about is None else about
    if about["capability"] is None:
        return f"{about['name']}: no CUDA GPU. The kernels run in Pallas's interpreter."
    runs = "runs the kernels" if has_kernels() else "is too old for the kernels (8.0 is needed)"
    return (
        f"{about['name']}, compute capability {about['capability']}, "
        f"driver {about['driver'] or 'unknown'}: {runs}."
    )


def document(verdicts: list[Verdict], records: list[dict], note: str = "") -> dict:
    """A result in the form that `gpu_results.py` describes, of this machine and day."""
    return {
        "format": FORMAT,
        "device": device(),
        "machine": machine(note),
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "command": COMMAND,
        "method": METHOD,
        "checks": [each.record() for each in verdicts],
        "records": records,
    }


def write(result: dict, folder: Path | str = ".") -> Path:
    """Writes a result into a folder, one record to a line; says where.

    **Raises** `ValueError` if it is not what `results/gpu` takes, in words.
    """
    if wrong := complaints(result):
        raise ValueError("this result cannot be kept: " + "; ".join(wrong))
    path = Path(folder) / file_name(result)
    path.write_text(as_json(result))
    return path


def file_name(result: dict) -> str:
    """gpu_<device>.json."""
    slug = re.sub(r"[^a-z0-9]+", "-", result["device"]["name"].lower()).strip("-")
    return f"gpu_{slug}.json"


def as_json(result: dict) -> str:
    """JSON with one check and one record to a line."""
    return files.as_json(result, ("checks", "records"))


def main(argv: list[str] | None = None) -> int:
    """Check, measure, write; 1 if a check failed or nothing could be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m pararnn_edu.bench.gpu_kernels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, help="write the result into this folder")
    parser.add_argument("--note", default="", help="what else was going on on the machine")
    parser.add_argument("--check", action="store_true", help="check only, time nothing")
    options = parser.parse_args(argv)
    print(describe())
    verdicts = _shown(check(small() + large() if has_kernels() else small()))
    failed = sum(not each.passed for each in verdicts)
    print(f"{len(verdicts)} cases, {failed} of them wrong")
    if options.check or failed:
        return int(failed > 0)
    if not has_kernels():
        print("There is no GPU here that runs the kernels: nothing was measured.")
        return 1
    found = _shown(measure(), line)
    if options.out:
        print(f"wrote {write(document(verdicts, found, options.note), options.out)}")
    return 0


def _shown(each, text=str) -> list:
    """A list of what comes, printed as it comes."""
    found = []
    for one in each:
        print(text(one), flush=True)
        found.append(one)
    return found


def _nvidia(field: str) -> str | None:
    """What NVIDIA's own tool says of the first GPU; None where there is none."""
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits", "--id=0"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


if __name__ == "__main__":
    sys.exit(main())
