"""Turing machines: a plain interpreter, and a compiler to two stacks.

The tape is two stacks whose tops meet at the head: what stands to the left, nearest first, and
the head's own cell with what stands to the right. A move takes a symbol from one and puts it
on the other, so one step of the machine is one step of the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .stacks import ANY, EMPTY, StackMachine, StackRule

CLOCK = "."  # a token that says nothing: one more step


@dataclass(frozen=True)
class TuringMachine:
    """A machine with one tape, endless both ways.

    `rules` maps (state, symbol) to (next state, symbol to write, move), move "L", "R" or "N";
    a state without rules halts. `symbols[0]` is the blank.
    """

    symbols: str
    start: str
    rules: Mapping[tuple[str, str], tuple[str, str, str]]

    @property
    def states(self) -> tuple[str, ...]:
        """All states, in the order in which the rules name them, the start first."""
        named = [name for (q, _), (p, _, _) in self.rules.items() for name in (q, p)]
        return tuple(dict.fromkeys([self.start, *named]))

    @property
    def halting(self) -> tuple[str, ...]:
        """The states in which the machine stays."""
        return tuple(q for q in self.states if not any(p == q for p, _ in self.rules))

    def interpret(self, word: str, max_steps: int = 10_000) -> tuple[str, str, int]:
        """(last state, tape without outer blanks, steps): a dictionary for a tape, no stacks.

        **Raises** `RuntimeError` if it has not halted after `max_steps`.
        """
        tape, head, state, blank = dict(enumerate(word)), 0, self.start, self.symbols[0]
        for step in range(max_steps + 1):
            if state in self.halting:
                reached = range(min(tape, default=0), max(tape, default=0) + 1)
                return state, "".join(tape.get(i, blank) for i in reached).strip(blank), step
            state, written, move = self.rules[state, tape.get(head, blank)]
            tape[head] = written
            head += {"L": -1, "R": 1, "N": 0}[move]
        raise RuntimeError(f"not halted after {max_steps} steps; last state {state!r}")

    def compile(self, accepting: tuple[str, ...] = ()) -> StackMachine:
        """Two stacks that read the word, wind the tape back, and then run the machine.

        A word w is given as w and clock tokens: one to see that w has ended, one per symbol to
        wind back, one to start, then one per step.
        """
        letters = self.symbols[1:]
        read = [StackRule("read", a, (ANY, ANY), "read", (a, "")) for a in letters]
        read.append(StackRule("read", CLOCK, (ANY, ANY), "wind", ("", "")))
        wind = [StackRule("wind", CLOCK, (a, ANY), "wind", ("-", a)) for a in self.symbols]
        wind.append(StackRule("wind", CLOCK, (EMPTY, ANY), f"@{self.start}", ("", "")))
        run = [rule for key, value in self.rules.items() for rule in self._moves(*key, *value)]
        stay = [StackRule(f"@{q}", CLOCK, (ANY, ANY), f"@{q}", ("", "")) for q in self.halting]
        states = ("read", "wind", *(f"@{q}" for q in self.states))
        tokens = "".join(letters) + CLOCK
        ends = tuple(f"@{q}" for q in accepting or self.halting)
        return StackMachine(states, tokens, self.symbols, 2, [*read, *wind, *run, *stay], ends)

    def _moves(self, state, symbol, following, written, move):
        """The rules for one entry of the table; the end of a stack is one more blank."""
        blank = self.symbols[0]
        for seen in [symbol, EMPTY] if symbol == blank else [symbol]:
            drop = "-" if seen else ""
            if move == "R":
                cases = [(ANY, written, drop)]
            elif move == "N":
                cases = [(ANY, "", drop + written)]
            else:
                cases = [(a, "-", drop + written + a) for a in self.symbols]
                cases.append((EMPTY, "", drop + written + blank))
            for left, left_action, right_action in cases:
                tops, actions = (left, seen), (left_action, right_action)
                yield StackRule(f"@{state}", CLOCK, tops, f"@{following}", actions)

    def clocked(self, word: str, steps: int) -> str:
        """The input for the compiled machine: `word`, and clock tokens for `steps` steps."""
        return word + CLOCK * (len(word) + 2 + steps)

    def tape(self, stacks: tuple[str, str]) -> str:
        """What two stacks hold, as a tape without outer blanks."""
        return (stacks[0][::-1] + stacks[1]).strip(self.symbols[0])


def palindromes() -> TuringMachine:
    """Halts in "yes" if the word over 0, 1 reads the same backwards, else in "no".

    It takes a letter off the left end, carries it in its control to the right end, compares,
    and returns.
    """
    rules = {("left", "_"): ("yes", "_", "N")}
    for a in "01":
        rules["left", a] = (f"carry{a}", "_", "R")
        rules[f"carry{a}", "_"] = (f"check{a}", "_", "L")
        rules[f"check{a}", "_"] = ("yes", "_", "N")
        rules["back", a] = ("back", a, "L")
        for b in "01":
            rules[f"carry{a}", b] = (f"carry{a}", b, "R")
            rules[f"check{a}", b] = ("back", "_", "L") if a == b else ("no", b, "N")
    rules["back", "_"] = ("left", "_", "R")
    return TuringMachine("_01", "left", rules)


def increment() -> TuringMachine:
    """Adds one to a binary number, most significant digit first."""
    rules = {("right", a): ("right", a, "R") for a in "01"}
    rules["right", "_"] = ("carry", "_", "L")
    rules["carry", "1"] = ("carry", "0", "L")
    rules["carry", "0"] = ("done", "1", "N")
    rules["carry", "_"] = ("done", "1", "N")
    return TuringMachine("_01", "right", rules)


def busy_beaver() -> TuringMachine:
    """Three states, two symbols: from an empty tape it writes six ones, as many as any can."""
    rules = {
        ("A", "0"): ("B", "1", "R"), ("A", "1"): ("halt", "1", "R"),
        ("B", "0"): ("C", "0", "R"), ("B", "1"): ("B", "1", "R"),
        ("C", "0"): ("C", "1", "L"), ("C", "1"): ("A", "1", "L"),
    }  # fmt: skip
    return TuringMachine("01", "A", rules)
