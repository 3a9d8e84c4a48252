"""Every problem set: solved, untouched, got wrong, and solved again in a variant."""

import pytest

from tools.course import sources
from tools.course.trial import trial


@pytest.mark.parametrize("set_name", sources.names())
def test_answers_earn_everything_and_each_mistake_what_it_should(set_name):
    assert trial(set_name) == []


@pytest.mark.parametrize("set_name", sources.names())
def test_the_answers_of_a_variant_earn_everything(set_name):
    if "{variant:" in sources.source_of(set_name).read_text(encoding="utf-8"):
        assert trial(set_name, "b") == []
