"""A stack machine, token by token: its control, its stacks, and the numbers they are."""

from fractions import Fraction

from matplotlib.patches import Rectangle

from . import style
from .data import count_of
from .interactive import Interactive, slider


def stack_stepper(
    name: str,
    machine,
    word: str,
    *,
    stacks: tuple[str, ...] | None = None,
    start: int = 0,
    title: str | None = None,
) -> Interactive:
    """Run a stack machine by a slider: the token read, the control, and every stack.

    `machine` is a `pararnn_edu.theory.StackMachine` (or anything with `symbols`, `base`,
    `states` and `interpret`); `stacks` names its stacks; `start` is the number of tokens read
    in the first picture. Each stack is shown with the digits of its number and where that lies.
    """
    frames = [(machine.states[0], ("",) * machine.stacks), *machine.interpret(word)]
    names = stacks or tuple(f"stack {k}" for k in range(machine.stacks))
    if len(names) != machine.stacks:
        raise ValueError(f"the machine has {machine.stacks} stacks, got the names {names}")
    if not 0 <= start < len(frames):
        raise ValueError(f"start must lie in 0..{len(word)}, got {start}")
    sentences = [_sentence(t, word, frame, names, machine) for t, frame in enumerate(frames)]
    return Interactive(
        name,
        "stack",
        title=title or "A stack machine, token by token",
        sentence=sentences[start],
        picture=_picture(machine, word, start, frames[start], names, title),
        data={
            "word": word,
            "now": start,
            "symbols": machine.symbols,
            "base": machine.base,
            "stacks": names,
            "frames": [[state or "stopped", *held] for state, held in frames],
            "sentences": sentences,
        },
        slider=slider(
            name, "step", "token", f"{start} of {len(word)}", last=len(word), value=start
        ),
        describe="The input with the token just read, the machine's control, and each stack as "
        "boxes, top first, over the digits of its number and its place between 0 and 1",
    )


def _value(held: str, machine) -> Fraction:
    """The number of a stack: odd digits, the top first."""
    digits = [2 * machine.symbols.index(symbol) + 1 for symbol in held]
    return sum((d * Fraction(1, machine.base) ** n for n, d in enumerate(digits, 1)), Fraction(0))


def _sentence(t, word, frame, names, machine):
    state, held = frame
    read = f"Token {t} of {len(word)} is {word[t - 1]}." if t else "Nothing read yet."
    control = "The machine has stopped." if state is None else f"Control {state}."
    each = [
        f"{label}: {count_of(len(stack), 'symbol')}, {_written(_value(stack, machine))}"
        for label, stack in zip(names, held, strict=True)
    ]
    return f"{read} {control} {'; '.join(each)}."


def _written(value: Fraction) -> str:
    """A fraction as people can read it: exact while short."""
    return f"{value}" if value.denominator < 10_000 else f"about {float(value):.6f}"


@style.use()
def _picture(machine, word, now, frame, names, title):
    """The first state as a plot, for print."""
    state, held = frame
    figure, axes = style.new(1.0 + 0.95 * len(held))
    for i, token in enumerate(word[:40]):
        lit = i == now - 1
        axes.text(
            i * 0.55,
            0,
            token,
            ha="center",
            family="monospace",
            color=style.ACCENT if lit else style.INK if i < now else style.IDLE,
            fontweight="bold" if lit else "normal",
        )
    axes.text(-0.3, -0.9, f"control {state or 'stopped'}", fontsize=style.NOTE, color=style.MUTED)
    for k, (label, stack) in enumerate(zip(names, held, strict=True)):
        row = -2.2 - 1.6 * k
        axes.text(-0.3, row + 0.25, label, fontsize=style.NOTE)
        _boxes(axes, stack[:14], row, machine)
    axes.set(xlim=(-0.5, 22.5), ylim=(-1.9 - 1.6 * len(held), 0.8))
    axes.axis("off")
    style.headline(figure, title)
    return figure


def _boxes(axes, stack, row, machine):
    for n, symbol in enumerate(stack):
        left = 4 + 1.25 * n
        look = {"facecolor": style.PANEL, "edgecolor": style.BLUE}
        axes.add_patch(Rectangle((left, row), 1.1, 0.8, **look))
        axes.text(left + 0.55, row + 0.4, symbol, ha="center", va="center")
        digit = 2 * machine.symbols.index(symbol) + 1
        note = {"fontsize": 9.5, "color": style.MUTED}
        axes.text(left + 0.55, row - 0.12, f"{digit}", ha="center", va="top", **note)
