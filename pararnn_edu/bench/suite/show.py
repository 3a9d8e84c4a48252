"""What a run says while it goes, and when it is over."""

from pathlib import Path

from .measure import FLOOR, Measured
from .spec import Problem


class Progress:
    """A bar over the problems on a terminal, and a line for every record anywhere."""

    def __init__(self, todo: list[Problem], result: dict):
        from tqdm import tqdm

        names = {problem.name for problem in todo}
        done = len(names & {record["problem"] for record in result["records"]})
        self._bar = tqdm(
            total=len(todo), initial=done, disable=None, unit="problem", dynamic_ncols=True
        )

    def __call__(self, problem: Problem, measured: Measured | None) -> None:
        """Before a problem, with None, and after it."""
        if measured is None:
            self._bar.set_description_str(problem.name)
            return
        for record in measured.records:
            self._bar.write(line(record))
        for each in measured.left_out:
            self._bar.write(f"{named(each)}: left out, {each['why']}")
        self._bar.update()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *about) -> None:
        self._bar.close()


def line(record: dict) -> str:
    """A record as a line of a table."""
    off = [record[name] for name in ("deviation", "gradient_deviation")]
    errors = ", ".join(f"{error:.0e}" for error in off if error is not None)
    steps = "" if record["steps"] is None else f"  {record['steps']} steps"
    failed = "  NOT CONVERGED" if record["converged"] is False else ""
    floor = "" if record["variant"] == FLOOR else f"{record['floor_median']:9.1f} x copy"
    return (
        f"{record['problem']:32} {record['label']:28} {record['median_ms']:10.3f} ms "
        f"{record['ratio_median']:8.3f} x{floor:15}  {errors}{steps}{failed}"
    )


def named(left_out: dict) -> str:
    """A problem, or one variant of it."""
    return " ".join(filter(None, (left_out["problem"], left_out["variant"])))


def summary(result: dict, path: Path | None) -> str:
    """The last words of a run."""
    problems = {record["problem"] for record in result["records"]}
    lines = [f"not measured: {named(each)}: {each['why']}" for each in result["left_out"]]
    busy = [r["elsewhere"] for r in result["records"] if r["elsewhere"] is not None]
    if busy and max(busy) > 0.1:
        lines.append(
            f"other processes took up to {max(busy):.0%} of the machine: do not rely on these times"
        )
    where = f"; in {path}" if path else "; kept nowhere, for want of --out FILE"
    minutes = f"{result['minutes']:.1f} minutes"
    lines.append(f"{len(problems)} problems, {len(result['records'])} records, {minutes}{where}")
    return "\n".join(lines)
