"""Pictures of a GPU and of reports; the explorer and the reduction stepper."""

import re
from types import SimpleNamespace

import pytest

from pararnn_edu.figures import gpu
from pararnn_edu.figures.explorer import LAUNCH_SECONDS, launch_explorer
from pararnn_edu.figures.reduction import SENTENCES, reduction_schedule, reduction_stepper
from pararnn_edu.figures.trace import trace
from pararnn_edu.gpu.model import LAUNCH_SECONDS as MODELLED
from pararnn_edu.scans import schedules
from tests.unit.figures.samples import Outline
from tests.unit.figures.test_interactive import data_of

SWEEP = [
    {"backend": b, "d": d, "T": T, "launches": n(T), "bytes": 20 * T * d, "least_bytes": 12 * T * d}
    for b, n in {"loop": lambda T: 3 * T, "kernels": lambda T: 3}.items()
    for d in (1, 64)
    for T in (256, 65_536)
]
LABELS = {"loop": "lax.scan", "kernels": "our kernels"}


def explorer(name="explorer", **options):
    cards = {"A100": 1555e9, "T4": 320e9}
    return launch_explorer(name, SWEEP, cards, labels=LABELS, **options)


def stepper(name="reduction"):
    return reduction_stepper(name, {"chunked": schedules.chunked(24, 6)})


def kernel(name, **fields):
    found = {"launches": 3, "bytes": 4000, "registers": 32, "spill_bytes": 0}
    return SimpleNamespace(name=name, **(found | fields))


def test_report_draws_a_row_per_kernel():
    kernels = [kernel("a"), kernel("b" * 40, spill_bytes=8), kernel("c", registers=None)]
    figure = gpu.report(SimpleNamespace(kernels=kernels), title="Three kernels")
    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert names[0] == "a" and len(names[1]) == 20
    colours = [bar.get_facecolor() for bar in figure.axes[2].patches]
    assert colours[0] == colours[2] != colours[1]
    assert len(figure.png()) > 1000
    with pytest.raises(ValueError, match="no kernel"):
        gpu.report(SimpleNamespace(kernels=[]))


def test_report_of_unknown_launches_and_of_many_kernels():
    kernels = [kernel(f"k{i}", launches=None, bytes=None) for i in range(30)]
    figure = gpu.report(SimpleNamespace(kernels=kernels))
    assert len(figure.axes[0].patches) == gpu.SHOWN


def test_memory_hierarchy():
    levels = {"registers": (28e6, 117e12), "memory": (40e9, 2e12)}
    figure = gpu.memory_hierarchy(levels, accent="memory")
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"registers", "28 MB", "117 TB/s", "40 GB", "2 TB/s"} <= texts
    near, far = figure.axes[0].patches
    assert near.get_width() < far.get_width()
    with pytest.raises(ValueError, match="'disk' is not among the levels"):
        gpu.memory_hierarchy(levels, accent="disk")


def test_roofline_puts_programs_on_the_roof():
    figure = gpu.roofline({"A100": (19.5e12, 1555e9)}, {"scan": 1 / 6, "product": 1000.0})
    points = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    heights = [float(line.get_ydata()[0]) for line in points]
    assert heights == pytest.approx([1555e9 / 6, 19.5e12])


@pytest.mark.parametrize("make", [explorer, stepper])
def test_interactive_figures_stand_alone(make):
    figure = make()
    outline = Outline(figure.html)
    assert outline.open == [] and len(set(outline.ids)) == len(outline.ids)
    assert set(outline.references) <= set(outline.ids)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|src=", figure.html)
    assert "{{" not in figure.html and len(figure.html) < 60_000
    assert f'aria-live="polite">{figure.sentence}</p>' in figure.html
    assert make()._repr_mimebundle_() == figure._repr_mimebundle_()


def test_explorer_holds_counts_and_says_what_is_waited_for():
    assert LAUNCH_SECONDS == MODELLED
    figure = explorer()
    data = data_of(figure)
    assert data["counts"][1][1] == [[196_608, 20 * 65_536 * 64], [3, 20 * 65_536 * 64]]
    assert data["least"][1][1] == 12 * 65_536 * 64
    # 3 x 65,536 launches of 3 us and 84 MB at 1555 GB/s, over 3 launches and the same bytes.
    loop, kernels = 196_608 * 3e-6 + 83_886_080 / 1555e9, 9e-6 + 83_886_080 / 1555e9
    ratio = f"{round(loop / kernels, -1):,.0f}"
    assert figure.sentence == (
        f"T = 65,536, d = 64: our kernels take 1/{ratio} of the modelled time of lax.scan. "
        "Mostly launches: lax.scan. Mostly bytes: our kernels."
    )
    assert len(data["sentences"]) == 2  # a card each


def test_explorer_refuses_a_sweep_with_holes():
    with pytest.raises(ValueError, match=r"no counts for .* \('kernels', 64, 65536\)"):
        launch_explorer("holes", SWEEP[:-1], {"A100": 1e12}, labels=LABELS)
    with pytest.raises(ValueError, match="start="):
        explorer(start=(7, 64))


def test_the_reduction_is_a_scan_and_every_level_has_its_words():
    scan = trace(reduction_schedule(), 24)
    assert scan.finished
    assert scan.depth == 8 == len(SENTENCES) - 1
    data = data_of(stepper())
    assert data["scans"][0]["sentences"] == list(SENTENCES)
    assert len(data["scans"][1]["sentences"]) == len(data["scans"][1]["levels"]) + 1
    for number, words in enumerate(SENTENCES[1:], 1):
        assert words.startswith(f"Level {number}, ")
