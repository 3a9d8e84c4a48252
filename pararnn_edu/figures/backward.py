"""The two chains of a gradient: states forwards, adjoints backwards. Needs no data."""

from matplotlib.patches import Rectangle

from . import style
from .diagrams import _arrow, _board, _node

_GAP = 1.45  # from one time step to the next
_ADJOINT = -1.6  # height of the lower chain; the states are at 0
_SUM = -2.75  # top of the bar that adds up


@style.use()
def backward_graph(steps: int = 4, *, title: str | None = None):
    """States h_t from left to right, and below them the adjoints from right to left.

    Each adjoint takes g_t, the loss's own derivative at h_t, and what the next one sends back
    through a transposed Jacobian (the lit chain); each gives its share to the weights' gradient.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps!r}")
    figure, axes = _board(_GAP * steps + 1, _SUM - 0.75, 0.55)
    for t in range(steps + 1):
        x = _GAP * t + 0.5
        _node(axes, x, 0, f"$h_{{{t}}}$", style.INK if t else style.MUTED, filled=t > 0)
        if t == 0:
            continue
        _arrow(axes, (x - _GAP + 0.33, 0), (x - 0.33, 0), lit=False)
        _column(axes, x, t)
        if t > 1:
            _arrow(axes, (x - 0.33, _ADJOINT), (x - _GAP + 0.33, _ADJOINT), lit=True)
            _label(axes, x - _GAP / 2, _ADJOINT + 0.14, f"$J_{{{t}}}^{{\\top}}$", "center")
    _label(axes, _GAP / 2 + 0.5, 0.14, "$f$", "center")
    _bar(axes, _GAP * steps + 1)
    style.headline(figure, title)
    return figure


def _column(axes, x, t):
    """The adjoint under a state: what comes from the loss, what goes to the weights."""
    _node(axes, x, _ADJOINT, f"$\\lambda_{{{t}}}$", style.ACCENT, filled=True)
    _arrow(axes, (x, -0.33), (x, _ADJOINT + 0.33), lit=False)
    _label(axes, x + 0.08, _ADJOINT / 2 - 0.08, f"$g_{{{t}}}$", "left")
    _arrow(axes, (x, _ADJOINT - 0.33), (x, _SUM + 0.02), lit=False)


def _bar(axes, width):
    left = _GAP - 0.05
    axes.add_patch(
        Rectangle((left, _SUM - 0.7), width - left, 0.7, facecolor=style.PANEL, edgecolor="none")
    )
    text = r"$\sum_t \,(\partial f/\partial \theta)_t^{\top} \lambda_t$"
    axes.text((left + width) / 2, _SUM - 0.36, text, ha="center", va="center", fontsize=13)


def _label(axes, x, y, text, align):
    axes.text(x, y, text, ha=align, fontsize=13)
