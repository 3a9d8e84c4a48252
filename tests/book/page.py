"""A page in headless Chromium, with what the tests ask of it: requests, console errors, width."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)

# Whatever a page asks of another host must fail here as it would with no network.
NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"

REQUEST = "Network.requestWillBeSent"

SETTLED = """
const done = arguments[arguments.length - 1];
const maths = window.MathJax?.startup?.promise;
const frames = () => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)));
Promise.resolve(maths).then(() => document.fonts.ready).then(frames)
  .then(() => done(true), error => done(String(error)));
"""


def start_chromium(browser: str, driver: str, profile: Path) -> Chrome:
    """Start headless Chromium with a fresh profile, keeping its console and network logs."""
    options = ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, NO_OTHER_HOST, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    chrome = Chrome(options=options, service=Service(driver))
    chrome.set_script_timeout(60)
    return chrome


class Page:
    """One browser tab; `driver` is selenium's own object for all that is not here."""

    def __init__(self, driver: Chrome):
        self.driver = driver

    def open(self, url: str, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open `url`, this many CSS pixels wide, and wait until maths and fonts are set."""
        self.driver.get("about:blank")
        self._drain("performance")
        self._drain("browser")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get(url)
        self.wait(lambda: self.script("return document.readyState") == "complete")
        settled = self.driver.execute_async_script(SETTLED)
        assert settled is True, f"{url}: maths or fonts did not load: {settled}"

    def script(self, code: str, *arguments):
        """Run JavaScript in the page and return its value."""
        return self.driver.execute_script(code, *arguments)

    def wait(self, condition, seconds: float = 20):
        """Wait until `condition()` is true, and return its value."""
        return WebDriverWait(self.driver, seconds, 0.05).until(lambda _: condition())

    def requests(self) -> list[str]:
        """Every address asked for since `open`, data: and blob: addresses left out. Reads once."""
        messages = [json.loads(entry["message"])["message"] for entry in self._drain("performance")]
        urls = [m["params"]["request"]["url"] for m in messages if m["method"] == REQUEST]
        return [url for url in urls if urlsplit(url).scheme not in ("data", "blob", "about")]

    def foreign_requests(self) -> list[str]:
        """The addresses asked for that are not on 127.0.0.1. Reads once."""
        return [url for url in self.requests() if urlsplit(url).hostname != "127.0.0.1"]

    def console_errors(self) -> list[str]:
        """What the console holds at level error since `open`. Reads once."""
        severe = [e["message"] for e in self._drain("browser") if e["level"] == "SEVERE"]
        return [text for text in severe if "/favicon.ico" not in text]  # the browser's own wish

    def sideways_scroll(self) -> int:
        """By how many pixels the page is wider than its window; 0 when it fits."""
        return self.script(
            "const e = document.scrollingElement; return Math.max(0, e.scrollWidth - e.clientWidth)"
        )

    def screenshot(self, path: Path) -> None:
        """Save what the window shows."""
        self.driver.save_screenshot(str(path))

    def _drain(self, log: str) -> list[dict]:
        return self.driver.get_log(log)
