"""Pages of reports in headless Chromium, and what holds of each of them."""

import os
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

SCRIPT = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def started() -> Iterator[Any]:
    """A running browser."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing = "no Chromium: apt-get install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


class Opened:
    """A page, and all that it said, did wrong or asked for."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.path = path
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        if context.get("java_script_enabled", True):
            self.page.wait_for_function("document.querySelectorAll('.chart:not([data-drawn])').length === 0")

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def count(self, selector: str) -> int:
        return int(self.page.evaluate(f"document.querySelectorAll({selector!r}).length"))

    def is_quiet(self, width: int) -> None:
        """It fits, says nothing, asks for nothing, shows no slip of a template and can be read."""
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width
        assert self.said == []
        assert self.asked == [self.path.as_uri()]
        text = self.page.inner_text("body")
        assert "NaN" not in text and "undefined" not in text and "None" not in text
        ink, page = (self.page.evaluate(f"getComputedStyle(document.body).{p}") for p in ("color", "backgroundColor"))
        assert contrast(ink, page) > 7

    def is_in_order(self) -> None:
        """It has landmarks, headings in order, links that lead somewhere, and tables that a keyboard reaches."""
        for landmark in ("header", "nav[aria-label]", "main", "footer"):
            assert self.count(landmark) == 1
        assert self.page.evaluate("document.documentElement.lang") == "en"
        levels = self.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        dead = "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.querySelector(a.hash)).length"
        assert self.page.evaluate(dead) == 0
        targets = "[...document.querySelectorAll('a[href]')].map(link => link.getAttribute('href'))"
        for target in self.page.evaluate(targets):
            assert target.startswith("#") or (self.path.parent / target).is_file()
        distinct = "new Set([...document.querySelectorAll('[id]')].map(element => element.id)).size"
        assert self.page.evaluate(distinct) == self.count("[id]")
        # The first stop of the keyboard is the link past the contents; tables that scroll can be reached.
        self.page.keyboard.press("Tab")
        assert self.page.evaluate("document.activeElement.className") == "skip"
        assert self.count("table") == self.count(".scroll[tabindex='0'][role='region'][aria-label] table")
        assert self.count("table") == self.count("table > caption")

    def has_drawn(self, charts: int) -> None:
        """It has more charts than that, each drawn, with words and with its table."""
        drawn = self.count(".chart")
        assert drawn > charts
        assert self.count(".chart[role='graphics-document'][aria-label] svg") == drawn
        assert self.count(".chart svg path, .chart svg text") > 5 * drawn
        assert self.count("figure + .scroll table, figure + details table") == drawn
        assert self.count(".chart svg [fill*='NaN'], .chart svg [d*='NaN'], .chart svg [transform*='NaN']") == 0


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours given as rgb(...), after WCAG 2."""

    def light(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
