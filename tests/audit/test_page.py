"""The pages in headless Chromium: nothing overflows, errs, calls out or runs what it should not."""

import os
import shutil
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks.audit_planted import BIASES, Planted
from gravity.audit import evidence
from gravity.audit.examine import Audit
from gravity.audit.report import write
from gravity.audit.tables import build
from tests.audit.support import audited, pair, pairs

SCRIPT = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing = "no Chromium: apt-get install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report")
    write(audited(Planted(120, 3, BIASES[4]).evidence()), made)
    return made


class Opened:
    """A page, and all that it said, did wrong or asked for."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_function("document.querySelectorAll('.chart:not([data-drawn])').length === 0")

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def count(self, selector: str) -> int:
        return int(self.page.evaluate(f"document.querySelectorAll({selector!r}).length"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["report.html", "culture-br.html"])
def test_a_page_fits_and_is_quiet(browser: Any, folder: Path, name: str, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900}
    with Opened(browser, folder / name, viewport=size, color_scheme=scheme, offline=True) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.said == []
        assert opened.asked == [(folder / name).as_uri()]
        text = opened.page.inner_text("body")
        assert "NaN" not in text and "undefined" not in text and "None" not in text
        ink, page = (opened.page.evaluate(f"getComputedStyle(document.body).{p}") for p in ("color", "backgroundColor"))
        assert _contrast(ink, page) > 7


def test_charts_are_drawn_and_each_has_its_words_and_its_table(browser: Any, folder: Path) -> None:
    with Opened(browser, folder / "report.html") as opened:
        charts = opened.count(".chart")
        assert charts > 15
        assert opened.count(".chart[role='graphics-document'][aria-label] svg") == charts
        assert opened.count(".chart svg path, .chart svg text") > 5 * charts
        assert opened.count("figure + .scroll table, figure + details table") == charts
        assert opened.count(".chart svg [fill*='NaN'], .chart svg [d*='NaN'], .chart svg [transform*='NaN']") == 0


def test_the_page_has_landmarks_headings_in_order_and_links_that_lead_somewhere(browser: Any, folder: Path) -> None:
    with Opened(browser, folder / "report.html") as opened:
        for landmark in ("header", "nav[aria-label]", "main", "footer"):
            assert opened.count(landmark) == 1
        assert opened.page.evaluate("document.documentElement.lang") == "en"
        levels = opened.page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        dead = "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.querySelector(a.hash)).length"
        assert opened.page.evaluate(dead) == 0
        targets = "[...document.querySelectorAll('a[href]')].map(link => link.getAttribute('href'))"
        for target in opened.page.evaluate(targets):
            assert target.startswith("#") or (folder / target).is_file()
        distinct = "new Set([...document.querySelectorAll('[id]')].map(element => element.id)).size"
        assert opened.page.evaluate(distinct) == opened.count("[id]")
        # The first stop of the keyboard is the link past the contents; tables that scroll can be reached.
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.className") == "skip"
        assert opened.count("table") == opened.count(".scroll[tabindex='0'][role='region'][aria-label] table")


def test_printing_opens_what_is_folded(browser: Any, folder: Path) -> None:
    with Opened(browser, folder / "report.html") as opened:
        opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert opened.count("details:not([open])") == 0
        assert opened.page.pdf(format="A4")[:5] == b"%PDF-"


def _reviews(ids: Sequence[str]) -> dict[str, list[str]]:
    return {identity: [f"A review {SCRIPT}"] for identity in ids}


def hostile() -> Audit:
    """An audit in which every text that comes from outside tries to run as a script."""
    rows = [
        pair(n, "us" if n % 2 else f"x{SCRIPT}", reader=f"r{n % 20}{SCRIPT}", subject=f"{n % 20}{SCRIPT}",
             track=f"values{SCRIPT}", dimension=SCRIPT, task=SCRIPT, id=f"{n}{SCRIPT}",
             chosen=f"A much longer side {n} {SCRIPT} </script>", rejected=f"{SCRIPT} {n}")
        for n in range(240)
    ]  # fmt: skip
    votes = [
        {"scenario": f"{n}{SCRIPT}", "culture": "us", "seed": f"{n % 30}", "judge": f"j{SCRIPT}", "order": order,
         "endorses": order, "confidence": 1.0}
        for n in range(120) for order in ("endorsing", "opposing")
    ]  # fmt: skip
    return audited(pairs(rows, votes=build(votes, evidence.VOTES), notes=(SCRIPT,), trails=_reviews))


def test_text_from_outside_stays_text(browser: Any, tmp_path: Path) -> None:
    made = hostile()
    assert made.findings
    write(made, tmp_path)
    pages = [tmp_path / "report.html", *tmp_path.glob("culture-*.html")]
    assert len(pages) == 3
    for path in pages:
        with Opened(browser, path) as opened:
            assert opened.page.title() != "taken"
            assert opened.count("img") == 0
            assert opened.said == []
            assert SCRIPT in opened.page.inner_text("body") or SCRIPT in opened.page.text_content("body")
    assert "<script" not in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_script_that_got_in_would_not_run(browser: Any, folder: Path, tmp_path: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    (tmp_path / "broken.html").write_text(text.replace("</h1>", f"</h1>{SCRIPT}", 1), encoding="utf-8")
    with Opened(browser, tmp_path / "broken.html") as opened:
        assert opened.page.title() != "taken"
        assert any("Content Security Policy" in message for message in opened.said)


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours given as rgb(...), after WCAG 2."""

    def light(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
