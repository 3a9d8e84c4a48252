"""The interactive figures in a real browser: by keyboard, light and dark, wide and narrow."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.unit.figures.samples import heatmap_figure, jacobi_errors, stepper_figure

MARKS = {
    "sphinx": '<html lang="en" data-theme="{}"><body>',
    "colab": '<html lang="en" theme="{}"><body>',
    "vscode": '<html lang="en"><body data-vscode-theme-kind="vscode-{}">',
    "system": '<html lang="en"><body>',
}
HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>-</title>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pages that hold both figures, marked light or dark in each host's own way."""
    folder = tmp_path_factory.mktemp("figures")
    both = heatmap_figure(start=1, tol=1e-2).html + stepper_figure().html
    for theme in ("light", "dark"):
        for host, start in MARKS.items():
            page = f"<!doctype html>{start.format(theme)}{HEAD}{both}"
            (folder / f"{host}-{theme}.html").write_text(page, "utf-8")
        light = str(theme == "light").lower()
        lab = f'<!doctype html><html lang="en"><body data-jp-theme-light="{light}">{HEAD}{both}'
        (folder / f"lab-{theme}.html").write_text(lab, "utf-8")
    return folder


@pytest.fixture
def opened(page, serve, folder):
    """`opened(name, ...)` opens one of the pages; afterwards the console must be empty."""
    address = serve(folder)

    def open_page(name="sphinx-light", **options):
        page.open(f"{address}/{name}.html", **options)
        return page

    yield open_page
    assert page.console_errors() == []
    assert page.foreign_requests() == []


def find(page, selector):
    return page.driver.find_element("css selector", selector)


def said(page, name):
    return find(page, f"#prf-{name}-say").text


def pixels(page):
    return page.script("return document.querySelector('canvas').toDataURL()")


def lit(page):
    """How many lines are lit, and what the cells hold."""
    return page.script(
        "const all = (s) => [...document.querySelectorAll('#prf-stepper ' + s)];"
        "return [all('.prf-lit .prf-join').length, all('.prf-cell text').map(t => t.textContent)]"
    )


def test_slider_by_keyboard_changes_picture_and_words(opened):
    page = opened()
    assert said(page, "front").startswith("gain 1: ")
    before = pixels(page)
    slider = find(page, "#prf-front-gain")
    slider.send_keys(Keys.ARROW_RIGHT)
    assert said(page, "front") == (
        "gain 2: not below 0.01 everywhere after 12 iterations: "
        "only the first 12 of 24 states are right."
    )
    assert slider.get_attribute("aria-valuetext") == "2"
    assert pixels(page) != before
    slider.send_keys(Keys.ARROW_LEFT)
    assert said(page, "front").startswith("gain 1: ")
    assert pixels(page) == before


def test_jupyterlab_leaves_the_keys_to_the_controls(opened):
    """JupyterLab's own shortcuts pass over an element that carries this mark."""
    page = opened()
    for control in page.driver.find_elements("css selector", ".prf :is(input, button)"):
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"


def test_stair_can_be_hidden_by_keyboard(opened):
    page = opened()
    before = pixels(page)
    box = find(page, "#prf-front input[type=checkbox]")
    box.send_keys(Keys.SPACE)
    assert pixels(page) != before
    box.send_keys(Keys.SPACE)
    assert pixels(page) == before


def test_the_canvas_shows_the_errors_it_was_given(opened):
    """Exact cells have the palest shade; a cell with a large error is far darker."""
    page = opened()
    find(page, "#prf-front input[type=checkbox]").click()
    colours = page.script(
        """
        const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d");
        const w = canvas.width - 52, h = canvas.height - 46;
        return arguments[0].map(([k, t]) =>
            [...pen.getImageData(46 + (t + 0.5) / 24 * w, 6 + (k + 0.5) / 13 * h, 1, 1).data]);
        """,
        [[12, 1], [1, 20]],
    )
    exact, wrong = colours
    assert jacobi_errors(1.0)[12, 1] == 0 and jacobi_errors(1.0)[1, 20] > 0.1
    assert exact == [243, 246, 249, 255]
    assert sum(wrong[:3]) < sum(exact[:3]) - 200


def test_stepper_by_slider_buttons_and_arrow_keys(opened):
    page = opened()
    assert lit(page) == [7, ["0", "0..1", "1..2", "2..3", "3..4", "4..5", "5..6", "6..7"]]
    find(page, "#prf-stepper-level").send_keys(Keys.ARROW_RIGHT)
    assert said(page, "stepper").startswith("Hillis-Steele, level 2 of 3: 6 operations at once.")
    back, forth = page.driver.find_elements("css selector", "#prf-stepper button")
    forth.send_keys(Keys.ARROW_RIGHT)
    assert lit(page) == [4, ["0", *[f"0..{i}" for i in range(1, 8)]]]
    assert not forth.is_enabled()
    back.click()
    assert said(page, "stepper").startswith("Hillis-Steele, level 2 of 3")
    back.send_keys(Keys.ENTER)
    assert find(page, "#prf-stepper-level").get_attribute("value") == "1"


def test_stepper_changes_its_scan_by_keyboard(opened):
    page = opened()
    find(page, "#prf-stepper input[type=radio]").send_keys(Keys.ARROW_RIGHT)
    assert said(page, "stepper").startswith("Blelloch, level 1 of 5: 4 operations at once.")
    assert lit(page)[0] == 4
    find(page, "#prf-stepper-level").send_keys(Keys.END)
    assert said(page, "stepper").startswith("Blelloch, level 5 of 5")
    assert find(page, "#prf-stepper tr[aria-current=true] th").text == "Blelloch"


@pytest.mark.parametrize("host", [*MARKS, "lab"])
def test_dark_and_light_follow_the_host(opened, host):
    cards = {}
    for theme in ("light", "dark"):
        # All but the last host mark their page, and that outweighs the system's setting.
        dark = (theme == "dark") == (host == "system")
        page = opened(f"{host}-{theme}", dark=dark)
        cards[theme] = page.script(
            "return getComputedStyle(document.querySelector('.prf')).backgroundColor"
        )
    assert cards == {"light": "rgb(255, 255, 255)", "dark": "rgb(25, 34, 44)"}


def test_a_change_of_theme_redraws(opened):
    page = opened()
    before = pixels(page)
    page.script("document.documentElement.dataset.theme = 'dark'")
    page.wait(lambda: pixels(page) != before)


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_sideways_scroll(opened, width):
    page = opened(width=width)
    assert page.sideways_scroll() == 0
    for selector in ("canvas", "svg", "table"):
        box = find(page, f".prf {selector}").rect
        assert box["width"] > 0.7 * min(width, 700)
        assert box["x"] + box["width"] <= width


def test_two_copies_of_one_figure_do_not_disturb_each_other(page, serve, tmp_path):
    html = stepper_figure().html
    (tmp_path / "twice.html").write_text(f"<!doctype html>{HEAD}{html}{html}", "utf-8")
    page.open(f"{serve(tmp_path)}/twice.html")
    first, second = page.driver.find_elements("css selector", ".prf")
    second.find_elements("css selector", "input[type=radio]")[1].click()
    words = [figure.find_element("css selector", ".prf-say").text for figure in (first, second)]
    assert [text.split(",")[0] for text in words] == ["Hillis-Steele", "Blelloch"]
    checked = first.find_element("css selector", "input[type=radio]")
    assert checked.is_selected()
