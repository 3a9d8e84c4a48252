"""The circuit value problem, by a two-stack machine with two states of control.

Given a circuit of NAND gates and its inputs, what does the last gate give? The problem is
complete for polynomial time: if it had circuits of polylogarithmic depth, so had everything
that can be computed in polynomial time.
"""

from typing import NamedTuple

import numpy as np

from .stacks import ANY, StackMachine, StackRule


class NandCircuit(NamedTuple):
    """Wires 0..n-1 carry `inputs`; gate g is wire n + g, the NAND of two earlier wires."""

    inputs: tuple[int, ...]
    gates: tuple[tuple[int, int], ...]

    def values(self) -> list[int]:
        """The oracle: every wire's value, gate after gate."""
        wires = list(self.inputs)
        for i, j in self.gates:
            wires.append(1 - wires[i] * wires[j])
        return wires

    def depth(self) -> int:
        """The longest chain of gates."""
        levels = [0] * len(self.inputs)
        for i, j in self.gates:
            levels.append(1 + max(levels[i], levels[j]))
        return max(levels)

    def tokens(self) -> str:
        """The circuit as a word for `circuit_machine`.

        A gate with inputs i and j is `<^a r >^a <^b n >^b p`, a and b being how deep the wires
        i and j lie on the stack of values; a last `r` reads the result.

        **Raises** `ValueError` if a gate reads a wire that does not come before it.
        """
        word = "".join(map(str, self.inputs))
        for wire, (i, j) in enumerate(self.gates, len(self.inputs)):
            if not (0 <= i < wire and 0 <= j < wire):
                raise ValueError(f"wire {wire} must read wires 0..{wire - 1}, got {(i, j)}")
            a, b = wire - 1 - i, wire - 1 - j
            word += "<" * a + "r" + ">" * a + "<" * b + "n" + ">" * b + "p"
        return word + "r"


def circuit_machine() -> StackMachine:
    """Evaluates any circuit, one step per token; accepts if the result is 1.

    Stack 0 holds the values of all wires so far. `0`, `1` push an input. `<` moves the top
    value over to stack 1, `>` moves it back. `r` reads the top into the control, `n` replaces
    the control by its NAND with the top, `p` pushes the control as the new wire.
    """
    R, rules = StackRule, []
    for q in "01":
        for b in "01":
            rules += [
                R(q, b, (ANY, ANY), q, (b, "")),
                R(q, "<", (b, ANY), q, ("-", b)),
                R(q, ">", (ANY, b), q, (b, "-")),
                R(q, "r", (b, ANY), b, ("", "")),
                R(q, "n", (b, ANY), str(1 - int(q) * int(b)), ("", "")),
            ]
        rules.append(R(q, "p", (ANY, ANY), q, (q, "")))
    return StackMachine(("0", "1"), "01<>rnp", "01", 2, rules, accepting=("1",))


def random_circuit(rng: np.random.Generator, inputs: int, gates: int, reach: int) -> NandCircuit:
    """Gates that read random wires among the last `reach` before them, but never one twice."""
    bits = tuple(int(b) for b in rng.integers(0, 2, inputs))
    chosen = []
    for wire in range(inputs, inputs + gates):
        pair = rng.choice(np.arange(max(0, wire - reach), wire), 2, replace=wire < 2)
        chosen.append((int(pair[0]), int(pair[1])))
    return NandCircuit(bits, tuple(chosen))
