"""What the tests of the book share: the built site, a local server, a headless Chromium."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.book.page import Page, start_chromium
from tools.browser import find_or_install

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        del format, args


@pytest.fixture(scope="session")
def serve():
    """`serve(folder)` serves a folder on 127.0.0.1 and returns its address, no slash at the end."""
    servers = []

    def start(folder: Path) -> str:
        handler = partial(_QuietHandler, directory=str(folder))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site; `make book` makes it."""
    if not (SITE / "index.html").exists():
        pytest.fail(f"no built site at {SITE}: run `make book` first", pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def site_url(site, serve) -> str:
    """The address of the built site on a local server."""
    return serve(site)


@pytest.fixture(scope="session")
def _chromium(tmp_path_factory):
    found = find_or_install()
    if found is None:
        pytest.skip("no Chromium with chromedriver on this machine, and none could be installed")
    driver = start_chromium(*found, profile=tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture
def page(_chromium) -> Page:
    """A page in headless Chromium: `page.open(url, width=360, dark=True)`; see `page.py`."""
    return Page(_chromium)
