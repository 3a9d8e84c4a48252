"""The command line: `python -m pararnn_edu COMMAND`, with `--help` on each command."""

import argparse
import sys

from .bench.suite import command as benchmarks
from .doctor import doctor
from .gpu import xray
from .train import commands as training


def parser() -> argparse.ArgumentParser:
    """All commands; each sets `run`, which returns True for success."""
    top = argparse.ArgumentParser(prog="python -m pararnn_edu", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser(
        "doctor",
        help="print versions and device, and check a parallel solve against the loop",
        description="Print versions and device, and check a parallel solve against the loop.",
    )
    check.set_defaults(run=lambda args: doctor())
    look = commands.add_parser(
        "xray",
        help="compile a function for a GPU that need not be there, and print what it asks of it",
        description="Compile a function for a GPU, and print launches, bytes, registers.",
    )
    xray.add_arguments(look)
    look.set_defaults(run=xray.xray)
    benchmarks.add_command(commands)
    training.add_commands(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 if it succeeded, 1 if not."""
    args = parser().parse_args(argv)
    return 0 if args.run(args) else 1


if __name__ == "__main__":
    sys.exit(main())
