"""What a student may be told about a hidden test that failed."""

import re

TEXT = re.compile(r'f?"((?:[^"\\\n]|\\.)+)"')


def hints(source: str, said: str) -> list[str]:
    """The lines of a message that stand in the test as a text: names of checks, and hints.

    What a student's code made up, or computed from the test, does not stand there, and is not told.
    """
    patterns = [_pattern(found[1]) for found in TEXT.finditer(source)]
    lines = [line.strip() for line in said.splitlines()]
    return [line for line in lines if any(re.fullmatch(pattern, line) for pattern in patterns)]


def _pattern(text: str) -> str:
    """The text, with a short number or word where an f-string has a place for one."""
    return r"[\w.+-]{1,12}".join(map(re.escape, re.split(r"\{[^}]*\}", text)))
