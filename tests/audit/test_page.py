"""The pages in headless Chromium: nothing overflows, errs, calls out or runs what it should not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.audit_planted import BIASES, Planted
from gravity.audit import evidence
from gravity.audit.examine import Audit
from gravity.audit.report import write
from gravity.audit.tables import build
from tests.audit.support import audited, pair, pairs
from tests.chromium import SCRIPT, Opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report")
    write(audited(Planted(120, 3, BIASES[4]).evidence()), made)
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["report.html", "culture-br.html"])
def test_a_page_fits_and_is_quiet(browser: Any, folder: Path, name: str, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900}
    with Opened(browser, folder / name, viewport=size, color_scheme=scheme, offline=True) as opened:
        opened.is_quiet(width)


def test_charts_are_drawn_and_each_has_its_words_and_its_table(browser: Any, folder: Path) -> None:
    with Opened(browser, folder / "report.html") as opened:
        opened.has_drawn(charts=15)


def test_the_page_has_landmarks_headings_in_order_and_links_that_lead_somewhere(browser: Any, folder: Path) -> None:
    with Opened(browser, folder / "report.html") as opened:
        opened.is_in_order()


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
