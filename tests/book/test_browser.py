"""The built site in a browser: quiet, self-sufficient, and as wide as its window."""

import pytest

from tools.check_site import pages

PAGES = pages()

FONTS = "return [...document.fonts].some(f => f.family.includes('MJX') && f.status === 'loaded')"
UNSET = """
return [...document.querySelectorAll('.math')].filter(e => !e.querySelector('mjx-container')).length
  + document.querySelectorAll('mjx-merror, [data-mjx-error]').length
"""


@pytest.mark.parametrize("name", PAGES)
def test_page_asks_nobody_else_and_has_no_error(page, site_url, name):
    page.open(f"{site_url}/{name}.html")
    asked = page.requests()
    assert f"{site_url}/{name}.html" in asked, "the log of requests is empty: nothing was tested"
    assert [url for url in asked if not url.startswith(site_url)] == []
    assert page.console_errors() == []


@pytest.mark.parametrize("name", PAGES)
def test_maths_is_set(page, site_url, name):
    page.open(f"{site_url}/{name}.html")
    assert page.script(UNSET) == 0
    if page.script("return document.querySelectorAll('mjx-container').length"):
        assert page.script(FONTS)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_page_fits_its_window(page, site_url, name, width, dark):
    page.open(f"{site_url}/{name}.html", width=width, dark=dark)
    assert page.sideways_scroll() == 0
    theme = page.script("return document.documentElement.dataset.theme")
    assert theme == ("dark" if dark else "light")


def test_a_request_elsewhere_would_be_noticed(page, serve, tmp_path):
    (tmp_path / "a.html").write_text("<img src='https://example.org/a.png' alt='none'>")
    page.open(f"{serve(tmp_path)}/a.html")
    assert page.foreign_requests() == ["https://example.org/a.png"]
    assert "ERR_NAME_NOT_RESOLVED" in page.console_errors()[0]


def test_too_wide_a_page_would_be_noticed(page, serve, tmp_path):
    (tmp_path / "a.html").write_text("<body style='margin: 0'><div style='width: 400px'>wide</div>")
    page.open(f"{serve(tmp_path)}/a.html", width=360)
    assert page.sideways_scroll() == 40


def test_the_front_door_leads_to_the_book(page, site_url):
    page.open(f"{site_url}/index.html")
    page.wait(lambda: page.driver.current_url.endswith("/book/index.html"))


def test_search_finds_without_a_network(page, site_url):
    page.open(f"{site_url}/search.html?q=residual")
    found = "return document.querySelectorAll('#search-results li').length"
    assert page.wait(lambda: page.script(found)) >= 1
    assert page.foreign_requests() == []


def test_an_answer_unfolds(page, site_url):
    chapter = next(name for name in PAGES if "/chapters/" in name)
    page.open(f"{site_url}/{chapter}.html")
    hidden = "return document.querySelector('div.solution').classList.contains('toggle-hidden')"
    assert page.script(hidden)
    page.script("document.querySelector('div.solution button.toggle-button').click()")
    assert not page.script(hidden)
