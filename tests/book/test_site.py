"""The built site, read as files: all pages there, links that lead somewhere, nothing foreign."""

import re

import pytest
from bs4 import BeautifulSoup

from tools.chapters import ROOT
from tools.check_site import missing, pages
from tools.set_repository import address, slug

PAGES = pages()
CHAPTERS = [page for page in PAGES if "/chapters/" in page]


@pytest.fixture
def html(site, request):
    return BeautifulSoup(
        (site / f"{request.param}.html").read_text(encoding="utf-8"), "html.parser"
    )


def links(html) -> list[str]:
    return [link["href"] for link in html.find_all("a", href=True)]


def test_every_page_is_there(site):
    assert missing(site, PAGES) == []


@pytest.mark.parametrize("html", PAGES, indirect=True)
def test_scripts_styles_and_pictures_come_from_the_site(html):
    asked = [
        tag.get("src") or tag.get("href")
        for tag in html.select("script[src], img[src], link[href]")
    ]
    assert [url for url in asked if re.match(r"(?:https?:)?//", url)] == []


@pytest.mark.parametrize("html", PAGES, indirect=True)
def test_every_picture_has_alt_text(html):
    pictures = html.select("article img")
    # Sphinx falls back to the file's name, which describes nothing.
    described = re.compile(r"(?!.*_images/)(?=.*\w)")
    assert [str(p)[:120] for p in pictures if not described.match(p.get("alt", ""))] == []


@pytest.mark.parametrize("page", CHAPTERS)
@pytest.mark.parametrize(
    ("host", "view", "ending"),
    [
        ("https://colab.research.google.com/github/", "blob", ".ipynb"),
        ("https://github.com/", "edit", ".md"),
    ],
    ids=["colab", "edit"],
)
def test_buttons_lead_to_files_that_exist(site, page, host, view, ending):
    html = BeautifulSoup((site / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
    assert f"{host}{slug(address())}/{view}/main/{page}{ending}" in links(html)
    assert (ROOT / f"{page}{ending}").is_file()


@pytest.mark.parametrize("html", PAGES, indirect=True)
def test_links_within_the_site_lead_somewhere(site, html, request):
    page = site / f"{request.node.callspec.params['html']}.html"
    inner = [link.partition("#")[0] for link in links(html) if not re.match(r"[a-z]+:|#|\?", link)]
    assert [link for link in inner if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("html", CHAPTERS, indirect=True)
def test_answers_are_folded(html):
    answers = html.select("div.solution")
    assert len(answers) >= 3
    assert [a.get("id") for a in answers if "dropdown" not in a["class"]] == []
