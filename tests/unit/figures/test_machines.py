import json
import re

import pytest

from pararnn_edu.figures.machines import connectivity_run, newton_counts, stack_line
from pararnn_edu.figures.stack_machine import stack_stepper
from pararnn_edu.theory.circuit_value import NandCircuit, circuit_machine
from tests.unit.figures.samples import Outline

WORD = NandCircuit((1, 0), ((0, 1), (0, 2))).tokens()


def stepper(name="machine", **options):
    return stack_stepper(name, circuit_machine(), WORD, stacks=("values", "spare"), **options)


def test_the_stepper_is_valid_small_and_alone():
    figure = stepper()
    outline = Outline(figure.html)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert set(outline.references) <= set(outline.ids)
    assert len(figure.html) < 30_000
    assert not re.search(r"https?:|@import|url\(|src=", figure.html)
    assert not set(outline.ids) & set(Outline(stepper("other").html).ids)


def test_same_input_same_bytes():
    first = stepper()._repr_mimebundle_()
    assert first == stepper()._repr_mimebundle_()
    assert set(first) == {"text/html", "image/png", "text/plain"}


def test_the_stepper_carries_the_run_and_words():
    figure = stepper(start=2)
    [text] = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', figure.html)
    data = json.loads(text)
    assert data["frames"][2] == ["0", "01", ""]
    assert data["base"] == 4 and data["word"] == WORD and data["now"] == 2
    assert figure.sentence == (
        "Token 2 of 15 is 0. Control 0. values: 2 symbols, 7/16; spare: 0 symbols, 0."
    )
    assert f'aria-live="polite">{figure.sentence}</p>' in figure.html


def test_a_machine_that_stopped_says_so():
    figure = stack_stepper("stopped", circuit_machine(), "<", start=1)
    assert "The machine has stopped." in figure.sentence


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="2 stacks, got the names"):
        stack_stepper("wrong", circuit_machine(), WORD, stacks=("one",))
    with pytest.raises(ValueError, match=r"start must lie in 0\.\.15, got 16"):
        stepper(start=16)
    with pytest.raises(ValueError, match="depth must be 1 to 4, got 9"):
        stack_line(9)


def test_static_pictures_are_drawn_and_repeat():
    edges, word = {1: 3, 2: 4, 3: 5}, "0|0|000|00|0000|000|00000|#00000$"
    run = {"S": [1] * len(word), "I": [0] * len(word)}
    pictures = [
        lambda: connectivity_run(edges, [1, 3, 5], word, run, title="A path"),
        lambda: stack_line(3, title="Gaps"),
        lambda: newton_counts({"a": ([10, 20], [9, 19]), "b": ([30], [1])}, title="Steps"),
    ]
    for draw in pictures:
        assert draw().png() == draw().png()
        assert len(draw().png()) < 60_000
    with pytest.raises(ValueError, match="counters"):
        connectivity_run(edges, [1, 3, 5], word, {"S": [1, 2]})
    with pytest.raises(ValueError, match=r"runs\['a'\] has 1 values for 2 places"):
        newton_counts({"a": ([1, 2], [1])})
