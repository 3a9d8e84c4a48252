"""`python -m pararnn_edu bench`: measure, draw, compare."""

import argparse
import math
import sys
from pathlib import Path

EPILOG = """\
examples:
  python -m pararnn_edu bench                                       # a look, 90 seconds
  python -m pararnn_edu bench --size full --out cpu.json            # a quarter of an hour, alone
  python -m pararnn_edu bench --size full --out cpu.json --resume   # go on where it was stopped
  python -m pararnn_edu bench --only step/ParaGRU --out step.json
  python -m pararnn_edu bench --page cpu.json --out page            # figures and tables
  python -m pararnn_edu bench --compare old.json new.json

Times are only as good as the quiet around them: close what else is running. glibc gives large
arrays back to the system after every call; for steady times of training steps on a CPU set

  export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_MMAP_THRESHOLD_=4294967296

The exit status is 0, 1 if --compare finds something slower or nothing was measured, 2 if what was
asked for cannot be done, 130 if Ctrl-C stopped it; what was measured by then is in the file.
"""
WHAT = "time the library against fair baselines on this device; draw and compare such results"


def add_command(commands) -> None:
    """Adds the command to the subparsers of the command line."""
    parser = commands.add_parser(
        "bench",
        help=WHAT,
        description=WHAT[0].upper() + WHAT[1:] + ".",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--list", action="store_true", help="print the problems and measure nothing")
    mode.add_argument("--page", metavar="FILE", help="write a page about a result into --out DIR")
    mode.add_argument(
        "--compare", nargs=2, metavar=("OLD", "NEW"), help="name what became slower beyond noise"
    )
    parser.add_argument("--size", choices=("quick", "full"), default="quick", help="(quick)")
    parser.add_argument("--out", metavar="FILE", help="the file of results; with --page a folder")
    parser.add_argument(
        "--budget", type=_minutes, metavar="MINUTES", help="of the whole run (1.5; full: 30)"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="problems whose name holds this, or fits it with * and ?",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the file --out")
    parser.add_argument("--note", default="", metavar="TEXT", help="what else was going on")
    parser.add_argument(
        "--by", choices=("ratio", "time"), default="ratio", help="what --compare looks at (ratio)"
    )
    parser.add_argument(
        "--any-device", action="store_true", help="let --compare take two different devices"
    )
    parser.set_defaults(run=bench)


def bench(args: argparse.Namespace) -> bool:
    """Does what was asked for; True if it went well."""
    try:
        return _mode(args)(args)
    except (ValueError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        where = f"; --resume --out {args.out} goes on" if args.out else ""
        print(f"bench: stopped{where}", file=sys.stderr)
        sys.exit(130)


def _mode(args: argparse.Namespace):
    if args.list:
        return _list
    if args.page:
        return _page
    return _compare if args.compare else _measure


def _list(args: argparse.Namespace) -> bool:
    from .grid import problems, select

    for problem in select(problems(args.size), args.only):
        print(problem.name)
    return True


def _page(args: argparse.Namespace) -> bool:
    from .page import write_page
    from .results import load

    if not args.out:
        raise ValueError("--page needs the folder to write to: --out DIR")
    print(f"wrote {write_page(load(args.page), args.out)}")
    return True


def _compare(args: argparse.Namespace) -> bool:
    from .compare import compare, report
    from .results import load

    found = compare(*map(load, args.compare), by=args.by, any_device=args.any_device)
    print(report(found))
    return found.passed


def _measure(args: argparse.Namespace) -> bool:
    from .grid import problems, select
    from .running import BUDGET, run
    from .show import Progress, summary

    todo = select(problems(args.size), args.only)
    path = None if args.out is None else Path(args.out)
    result = _started(args, path)
    minutes = BUDGET[args.size] if args.budget is None else args.budget
    with Progress(todo, result) as progress:
        result = run(todo, result, path, minutes, progress)
    print(summary(result, path))
    return bool(result["records"])


def _started(args: argparse.Namespace, path: Path | None) -> dict:
    """The result to go on with: an empty one, or the file's."""
    from .results import Refused, differences, head, load

    if args.resume and path is None:
        raise Refused("--resume needs the file to go on with: --out FILE")
    fresh = head(args.size, args.note)
    if path is None or not path.exists():
        return fresh
    if not args.resume:
        raise Refused(f"{path} is there already: --resume goes on with it, or choose another name")
    old = load(path)
    if changed := differences(old, fresh):
        raise Refused(
            f"{path} cannot be gone on with, for its times would not belong together: "
            + "; ".join(changed)
        )
    return old


def _minutes(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"the budget is a number of minutes above 0, got {text}")
    return value
