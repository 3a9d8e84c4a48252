"""Problem sets: python -m tools.course COMMAND ... ; the Makefile has the everyday ones."""

import argparse
import os
import sys
from pathlib import Path

from . import records, sources
from .cells import by_machine
from .folders import ROOT, Course


def _source(args) -> None:
    from .release import write_source

    for name in _sets(args):
        print(f"{name}: {write_source(name, args.course, args.seed)}")


def _release(args) -> None:
    from .release import release

    for name in _sets(args):
        print(f"{name}: running the answers of this variant ...", flush=True)
        paths = release(name, args.course, args.seed)
        print("\n".join(f"{name}: {path}" for path in paths))


def _grade(args) -> None:
    from .grade import grade_folder
    from .report import write_report

    name = _one(args)
    say = lambda line: print(line, flush=True)
    results = grade_folder(name, args.submissions.resolve(), args.course, args.jobs, say=say)
    points = sum(by_machine(args.course.read_source(name)).values())
    report = write_report(name, results, args.course, points)
    if any(result.marks is not None for result in results):
        print("entering the marks into the gradebook ...", flush=True)
        records.autograde(args.course, name)
    missing = [result.student for result in results if result.marks is None]
    if missing:
        print(f"NOT GRADED, {len(missing)}: {', '.join(missing)}")
    print(f"report: {report}")


def _feedback(args) -> None:
    pages = records.feedback(args.course, _one(args))
    print(f"{len(pages)} pages, such as {pages[0]}" if pages else "nothing was graded")


def _grades(args) -> None:
    from .grades import write_grades

    print("\n".join(map(str, write_grades(_one(args), args.course))))


def _formgrader(args) -> None:
    print("opening nbgrader: menu Nbgrader, Formgrader. Stop with Ctrl-C.", flush=True)
    records.notebook_server(args.course)


def _check(args) -> None:
    for name in _sets(args):
        notebook = sources.read(name, args.seed)
        points = sum(by_machine(notebook).values())
        print(f"{name}: well formed, {points:g} points by machine")


def _list(args) -> None:
    from . import listing

    for page in listing.write():
        print(f"written: {page}")
    print(listing.table())


def _try(args) -> None:
    from .trial import trial

    failed = [line for name in _sets(args) for line in trial(name, args.seed, say=print)]
    if failed:
        raise ValueError("\n".join(["not as it should be:", *failed]))


COMMANDS = {
    "list": (_list, "list the sets, and bring the tables in the pages up to date"),
    "check": (_check, "is the source of a set well formed?"),
    "try": (_try, "run its answers, the empty notebook, and every mistake"),
    "source": (_source, "write the instructor's notebook"),
    "release": (_release, "write all notebooks of a set, once its answers earned full marks"),
    "grade": (_grade, "grade a folder, or a zip file, of submissions"),
    "feedback": (_feedback, "write a page for each student"),
    "formgrader": (_formgrader, "open nbgrader's page for grading by hand"),
    "grades": (_grades, "write grades as CSV, for Canvas and Moodle too"),
}


def _sets(args) -> list[str]:
    return [args.set] if args.set else sources.names()


def _one(args) -> str:
    """The set named, or the only one that the course folder has."""
    released = sorted(path.parent.name for path in args.course.root.glob("source/*/*.ipynb"))
    if args.set or len(released) == 1:
        return args.set or released[0]
    raise ValueError(
        f"name a set with PS=...; {args.course.root} has {', '.join(released) or 'none'}"
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m tools.course", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command, (_, text) in COMMANDS.items():
        sub = commands.add_parser(command, help=text, description=text)
        sub.add_argument("set", nargs="?", default="", metavar="PS", help="a set, such as ps1")
        sub.add_argument(
            "--course", type=Path, default=ROOT / "_build" / "course", help="its folder"
        )
        if command in ("check", "try", "source", "release"):
            sub.add_argument("--seed", default="", help="any text; none is the published variant")
        if command == "grade":
            sub.add_argument(
                "--submissions", type=Path, required=True, help="a folder or a zip file"
            )
            sub.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    return top


def main(argv: list[str] | None = None) -> int:
    """Do one command; 1 with a message if it fails."""
    args = parser().parse_args(argv)
    args.course = Course(args.course.resolve())
    try:
        COMMANDS[args.command][0](args)
    except (ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
