"""The stack machine's figure in a real browser: by keyboard, light and dark, wide and narrow."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.unit.figures.test_machines import WORD, stepper

HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>-</title>'


@pytest.fixture
def opened(page, serve, tmp_path):
    def open_page(theme="light", **options):
        text = f'<!doctype html><html lang="en" data-theme="{theme}"><body>{HEAD}{stepper().html}'
        (tmp_path / "machine.html").write_text(text, "utf-8")
        page.open(f"{serve(tmp_path)}/machine.html", **options)
        return page

    yield open_page
    assert page.console_errors() == []
    assert page.foreign_requests() == []


def find(page, selector):
    return page.driver.find_element("css selector", selector)


def held(page):
    """The symbols in the boxes, the digits below them, and where the mark of stack 0 stands."""
    return page.script(
        "const all = (s) => [...document.querySelectorAll(s)];"
        "const mark = all('.prf-mark')[0], line = all('.prf-axis')[0];"
        "const at = (e, a) => +e.getAttribute(a);"
        "return [all('.prf-box').length, (at(mark, 'cx') - at(line, 'x1')) /"
        " (at(line, 'x2') - at(line, 'x1'))]"
    )


def test_stepping_by_keyboard_and_buttons(opened):
    page = opened()
    assert held(page) == [0, 0]
    slider = find(page, "#prf-machine-step")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert held(page) == [1, pytest.approx(3 / 4)]
    assert find(page, "#prf-machine-say").text.startswith("Token 1 of 15 is 1.")
    back, forth = page.driver.find_elements("css selector", "#prf-machine button")
    forth.click()
    assert held(page) == [2, pytest.approx(7 / 16)]
    forth.send_keys(Keys.ARROW_LEFT)
    back.send_keys(Keys.ENTER)
    assert not back.is_enabled()
    slider.send_keys(Keys.END)
    assert not forth.is_enabled()
    assert slider.get_attribute("aria-valuetext") == f"15 of {len(WORD)}"


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_sideways_scroll(opened, width, theme):
    page = opened(theme, width=width)
    find(page, "#prf-machine-step").send_keys(Keys.END)
    assert page.sideways_scroll() == 0
    box = find(page, ".prf svg").rect
    assert box["x"] + box["width"] <= width
