"""Barrington's theorem, executed: a formula of depth d becomes a word of 4^d letters of S5.

A formula is an int (the variable of that number), `("not", f)`, `("and", f, g)` or `("or", f, g)`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .groups import Group, symmetric


class Instruction(NamedTuple):
    """Emit the group element `yes` if the variable is true, `no` if not."""

    variable: int
    yes: int
    no: int


class Program(NamedTuple):
    """Instructions whose product is `true` where the formula holds, and the identity elsewhere."""

    group: Group
    instructions: list[Instruction]
    true: int

    def word(self, bits: Sequence[bool]) -> list[int]:
        """The word of group elements for these values of the variables: one look-up a letter."""
        return [i.yes if bits[i.variable] else i.no for i in self.instructions]


def compile_formula(formula) -> Program:
    """A program over S5 for a formula; its length is at most 4^depth, "not" costing nothing.

    The trick: for 5-cycles a, b the product a b a^-1 b^-1 can be a 5-cycle again, and it is the
    identity if a or b is replaced by the identity: an AND. In a solvable group such products end
    in the identity after a few levels. Source: Barrington (1989).
    """
    S5 = symmetric(5)
    five_cycles = [a for a in range(120) if _order(S5, a) == 5]
    pairs = {S5.commutator(a, b): (a, b) for a in five_cycles for b in five_cycles}
    true = S5.index((1, 2, 3, 4, 0))
    return Program(S5, _compile(formula, true, S5, pairs), true)


def evaluate(formula, bits: Sequence[bool]) -> bool:
    """The formula's value, by the definition: the reference."""
    if isinstance(formula, int):
        return bool(bits[formula])
    name, *parts = _checked(formula)
    values = [evaluate(part, bits) for part in parts]
    return {"not": lambda: not values[0], "and": lambda: all(values), "or": lambda: any(values)}[
        name
    ]()


def depth(formula) -> int:
    """Levels of "and" and "or"; "not" is free."""
    if isinstance(formula, int):
        return 0
    name, *parts = _checked(formula)
    return (name != "not") + max(map(depth, parts))


def _compile(formula, true: int, group: Group, pairs: dict) -> list[Instruction]:
    compiled = lambda f, element: _compile(f, element, group, pairs)
    if isinstance(formula, int):
        return [Instruction(formula, true, group.identity)]
    name, *parts = _checked(formula)
    if name == "not":  # product true^-1 or identity; times true: the other way round
        *body, last = compiled(parts[0], int(group.inverses[true]))
        yes, no = (int(group.table[element, true]) for element in last[1:])
        return [*body, Instruction(last.variable, yes, no)]
    if name == "or":  # not (not f and not g)
        return compiled(("not", ("and", ("not", parts[0]), ("not", parts[1]))), true)
    a, b = pairs[true]
    back = (int(group.inverses[a]), int(group.inverses[b]))
    f, g = parts
    return compiled(f, a) + compiled(g, b) + compiled(f, back[0]) + compiled(g, back[1])


def _checked(formula) -> tuple:
    sizes = {"not": 2, "and": 3, "or": 3}
    if not isinstance(formula, tuple) or not formula or sizes.get(formula[0]) != len(formula):
        raise ValueError(
            f"a formula is an int, ('not', f), ('and', f, g) or ('or', f, g); got {formula!r}"
        )
    return formula


def _order(group: Group, element: int) -> int:
    product, count = element, 1
    while product != group.identity:
        product, count = int(group.table[product, element]), count + 1
    return count
