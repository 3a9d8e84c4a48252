"""Regular expressions to automata: a small parser and Glushkov's construction.

expression  =  branch ( '|' branch )*
branch      =  item*                       nothing at all is the empty word
item        =  atom ( '*' | '+' | '?' )?
atom        =  letter | '(' expression ')'
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from .automata import DFA, NFA, check_alphabet

REPEATS = "*+?"
UNSUPPORTED = ".[]{}^$\\"


class RegexError(ValueError):
    """A regular expression that cannot be read; the message points at the place."""

    def __init__(self, text: str, position: int, problem: str):
        super().__init__(f"{problem} at position {position}\n    {text}\n    {' ' * position}^")
        self.position = position


@dataclass(frozen=True)
class Part:
    """What Glushkov's construction knows of a part: where its words may begin and end.

    `first` and `last` are sets of letter positions; `nullable` says whether the empty word fits.
    """

    nullable: bool
    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()


EMPTY = Part(True)


@dataclass
class _Parser:
    """Recursive descent; `follow[p]` are the letter positions that may come right after p."""

    text: str
    place: int = 0
    letters: list[str] = field(default_factory=list)
    follow: list[set[int]] = field(default_factory=list)

    def next(self) -> str:
        return self.text[self.place] if self.place < len(self.text) else ""

    def fail(self, problem: str):
        raise RegexError(self.text, self.place, problem)

    def whole(self) -> Part:
        part = self.expression()
        if self.next():
            self.fail("')' without '('")
        return part

    def expression(self) -> Part:
        part = self.branch()
        while self.next() == "|":
            self.place += 1
            other = self.branch()
            either = part.nullable or other.nullable
            part = Part(either, part.first | other.first, part.last | other.last)
        return part

    def branch(self) -> Part:
        part = EMPTY
        while self.next() and self.next() not in "|)":
            part = self.join(part, self.item())
        return part

    def item(self) -> Part:
        part = self.atom()
        sign = self.next()
        if not sign or sign not in REPEATS:
            return part
        self.place += 1
        if self.next() and self.next() in REPEATS:
            self.fail(f"a second repeat {self.next()!r}; write parentheses between the two")
        if sign in "*+":
            self.link(part.last, part.first)
        return Part(part.nullable or sign in "*?", part.first, part.last)

    def atom(self) -> Part:
        symbol = self.next()
        if symbol in REPEATS:
            self.fail(f"nothing to repeat before {symbol!r}")
        if symbol in UNSUPPORTED:
            self.fail(f"{symbol!r} is not supported; use letters, |, *, +, ? and ( )")
        opened = self.place
        self.place += 1
        if symbol != "(":
            return self.letter(symbol)
        part = self.expression()
        if self.next() != ")":
            self.place = opened
            self.fail("'(' without ')'")
        self.place += 1
        return part

    def letter(self, symbol: str) -> Part:
        self.letters.append(symbol)
        self.follow.append(set())
        here = frozenset({len(self.letters) - 1})
        return Part(False, here, here)

    def join(self, a: Part, b: Part) -> Part:
        self.link(a.last, b.first)
        first = a.first | b.first if a.nullable else a.first
        last = a.last | b.last if b.nullable else b.last
        return Part(a.nullable and b.nullable, first, last)

    def link(self, before: Iterable[int], after: Iterable[int]):
        for p in before:
            self.follow[p] |= set(after)


def nfa(expression: str, alphabet: Iterable[str] | None = None) -> NFA:
    """Glushkov's automaton: state 0, and one state for every letter written in `expression`.

    `alphabet` defaults to the letters that occur, sorted. **Raises** `RegexError`, a `ValueError`
    that points at the place, for an expression it cannot read; `ValueError` for a letter outside
    the alphabet.
    """
    if not isinstance(expression, str):
        raise TypeError(f"expression must be a str, got {type(expression).__name__}")
    parser = _Parser(expression)
    part = parser.whole()
    alphabet = check_alphabet(sorted(set(parser.letters)) if alphabet is None else alphabet)
    foreign = sorted(set(parser.letters) - set(alphabet))
    if foreign:
        raise ValueError(f"{expression!r} uses {foreign[0]!r}, not in the alphabet {alphabet}")
    after = [part.first, *parser.follow]  # state p + 1 stands behind letter p
    table = [
        [frozenset(q + 1 for q in options if parser.letters[q] == a) for a in alphabet]
        for options in after
    ]
    accepting = {p + 1 for p in part.last} | ({0} if part.nullable else set())
    return NFA(alphabet, table, frozenset({0}), frozenset(accepting))


def compile_regex(expression: str, alphabet: Iterable[str] | None = None) -> DFA:
    """The smallest deterministic automaton that accepts what `re.fullmatch` would.

    Letters, `|`, `*`, `+`, `?` and parentheses. From m letters it can have 2^m states: that is a
    property of the language, not of the algorithm. Sources: Glushkov (1961); Moore (1956).
    """
    return nfa(expression, alphabet).determinised().minimised()
