"""Text to train on."""

from .corpus import shakespeare as shakespeare
