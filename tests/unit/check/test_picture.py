"""The picture of a failure, and that nothing is drawn where nobody looks."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from pararnn_edu.check import picture

IN_A_SHELL = """
    from IPython.core.interactiveshell import InteractiveShell
    shell = InteractiveShell.instance()
    shell.run_cell("from pararnn_edu import check")
    shell.kernel = object()  # what tells a notebook from a terminal
    shown = []
    import IPython.display
    IPython.display.display = shown.append
    shell.run_cell("check.equal('passes', 1, 1, over_time=True)")
    assert not shown and "matplotlib" not in __import__("sys").modules
    shell.run_cell("check.equal('a run', [1.0, 2.0, 3.0], [1.0, 2.0, 4.0], over_time=True)")
    assert len(shown) == 1, shown
    shell.run_cell("check.equal('a secret', [1.0, 2.0], [1.0, 4.0], over_time=True, reveal=False)")
    assert len(shown) == 1, shown
"""


@pytest.mark.parametrize(
    "shape, index", [((40,), (0,)), ((40, 3), (22, 1)), ((2, 2, 2), (1, 0, 1))]
)
def test_the_picture_marks_the_first_difference(shape, index):
    expected = np.random.default_rng(0).normal(size=shape)
    yours = expected.copy()
    yours[index] += 1
    axes = picture.draw(yours, expected, index).axes[0]
    marked, theirs, mine = axes.lines
    step = index[0] + 1
    assert list(marked.get_xdata()) == [step, step]
    differs = mine.get_xdata()[mine.get_ydata() != theirs.get_ydata()]
    assert list(differs) == [step]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["expected", "yours"]


def test_values_that_are_not_finite_can_be_drawn():
    yours = np.array([1.0, np.nan, np.inf, 3.0])
    picture.draw(yours, np.ones(4), (1,)).png()


def test_there_is_no_picture_outside_a_notebook():
    assert not picture.in_notebook()


def test_a_notebook_shows_one_picture_and_a_message_without_traceback():
    script = textwrap.dedent(IN_A_SHELL)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Not yet: a run\n  yours:    [1., 2., 3.]" in done.stdout
    assert "Not yet: a secret\n  differs from" in done.stdout
    assert "Traceback" not in done.stdout
