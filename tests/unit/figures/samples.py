"""Small results to draw: a random tanh network solved by Jacobi iteration, in plain numpy."""

from html.parser import HTMLParser

import numpy as np

from pararnn_edu import figures
from pararnn_edu.scans import schedules

GAINS = [0.5, 1.0, 2.0]
SCHEDULES = {"Hillis-Steele": schedules.hillis_steele(8), "Blelloch": schedules.blelloch(8)}


def jacobi_errors(gain: float, steps: int = 24, iterations: int = 12) -> np.ndarray:
    """Errors (iterations + 1, steps); the guess is zero, so row k has k exact states."""
    rng = np.random.default_rng(3)
    weights = gain * np.linalg.qr(rng.normal(size=(3, 3)))[0]
    xs = 0.7 * rng.normal(size=(steps, 3))

    def sweep(states):
        return np.tanh(np.vstack([np.zeros(3), states[:-1]]) @ weights.T + xs)

    iterates = [np.zeros((steps, 3))]
    for _ in range(steps):
        iterates.append(sweep(iterates[-1]))
    return np.abs(np.array(iterates[: iterations + 1]) - iterates[-1]).max(axis=-1)


def heatmap_figure(name="front", **options):
    return figures.iteration_heatmap(name, GAINS, [jacobi_errors(g) for g in GAINS], **options)


def stepper_figure(name="stepper", **options):
    return figures.scan_stepper(name, SCHEDULES, **options)


class Outline(HTMLParser):
    """Ids, references to ids, and tags opened but not closed."""

    EMPTY = ("input", "meta", "img", "br")

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.references, self.open, self.radios = [], [], [], set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        for reference in ("for", "aria-labelledby", "aria-describedby"):
            self.references += attrs.get(reference, "").split()
        if attrs.get("type") == "radio":
            self.radios.add(attrs["name"])
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()
