import pytest

from pararnn_edu.figures import style
from pararnn_edu.figures.backward import backward_graph


def texts(figure):
    return [t.get_text() for t in figure.axes[0].texts]


def test_every_adjoint_but_the_last_hears_from_the_next():
    """A node, a g_t and a share of the sum for each step; transposed Jacobians 2..T between."""
    found = texts(backward_graph(5))
    for t in range(1, 6):
        assert found.count(f"$\\lambda_{{{t}}}$") == found.count(f"$g_{{{t}}}$") == 1
    between = [t for t in found if t.startswith("$J")]
    assert sorted(between) == [f"$J_{{{t}}}^{{\\top}}$" for t in range(2, 6)]


def test_the_lower_chain_alone_is_lit():
    arrows = [p for p in backward_graph(4).axes[0].patches if hasattr(p, "set_arrowstyle")]
    colours = [style_of(p) for p in arrows]
    assert colours.count(style.ACCENT) == 3
    assert colours.count(style.IDLE) == 4 + 4 + 4


def style_of(patch):
    from matplotlib.colors import to_hex

    return to_hex(patch.get_edgecolor())


def test_one_step_and_same_bytes():
    assert backward_graph(1).png() == backward_graph(1).png()
    assert len(backward_graph(4, title="Two chains").png()) < 60_000


def test_no_steps_is_an_error():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        backward_graph(0)
