"""How many symbols a floating-point number can hold as a stack: precision is memory."""

from collections.abc import Sequence

import numpy as np

from .stacks import at_least, pop, push


def recovered(word: Sequence[int], dtype) -> int:
    """Symbols that come back, newest first, when `word` is pushed and then popped in `dtype`.

    Two symbols, base 4, every operation rounded to `dtype`. Counting stops at the first wrong
    symbol; the stack must also be empty after the last, or the last does not count.
    """
    one = np.dtype(dtype).type
    s = one(0)
    for b in word:
        s = one(push(s, one(b), one(4)))
    for count, b in enumerate(reversed(word)):
        if at_least(s, 0, one(4)) != 1 or at_least(s, 1, one(4)) != b:
            return count
        s = one(pop(s, 2, one(4)))
    return len(word) if s == 0 else len(word) - 1


def first_failure(dtype, words_of) -> int:
    """The smallest depth at which some word of `words_of(depth)` does not come back whole."""
    depth = 1
    while all(recovered(word, dtype) == depth for word in words_of(depth)):
        depth += 1
    return depth


def predicted_failure(dtype, newest: int = 1) -> int:
    """The depth at which a stack with `newest` on top first needs more bits than there are.

    A stack of n symbols is an odd number over 4^n: 2n bits behind the point. With a 1 on top
    the first of them is set (s >= 3/4), with a 0 only the second (1/4 <= s < 1/2); the last is
    always set. So 2n or 2n - 1 significant bits, against `significand_bits(dtype)`.
    """
    p = significand_bits(dtype)
    return p // 2 + 1 if newest else (p + 1) // 2 + 1


def significand_bits(dtype) -> int:
    """Bits of the significand with the leading one that is not stored: 11, 24, 53."""
    return np.finfo(dtype).nmant + 1
