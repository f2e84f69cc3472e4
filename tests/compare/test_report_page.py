"""The report on writers in headless Chromium: what a viewer chooses is shown, and nothing runs that should not."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gravity.compare.evidence import Comparison, Evidence
from gravity.compare.report import write
from tests.chromium import SCRIPT, Opened, contrast
from tests.compare.report_support import LINE_UP, examined, planted

OWN, OTHER = 2, 3  # the places of the pair that is shown first
HOSTILE = f"{SCRIPT}</script></style></textarea>{{{{ 7 * 7 }}}}{{% raw %}}${{7 * 7}}' onload='x' \"&amp;"


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return planted()


@pytest.fixture(scope="module")
def report(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    return write(examined(evidence), folder)[0]


def shown(opened: Opened) -> list[str]:
    """The readers and titles of the cells that are shown."""
    return list(opened.page.locator("article.cell:visible > h3 + p code").all_inner_texts())


def compared(evidence: Evidence, first: int, second: int) -> dict[str, Comparison]:
    """By cell, the comparison of two writers of the line-up."""
    pair = {LINE_UP[first].name, LINE_UP[second].name}
    return {one.cell: one for one in evidence.comparisons if {one.first, one.second} == pair}


def faulty(evidence: Evidence, cell: str, writer: str, fault: str = "invention") -> bool:
    """Whether a checker found such a fault in a text."""
    found = [each for one in evidence.checks if (one.cell, one.writer) == (cell, writer) for each in one.found]
    return any(remark.fault == fault for each in found for remark in each.remarks)


def tied(evidence: Evidence, one: Comparison) -> bool:
    """Whether no judge could tell, or the text that they prefer invents."""
    if one.prefers is not None:
        return faulty(evidence, one.cell, one.prefers)
    return all(choice.prefers is None for choice in one.choices)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_and_is_quiet(browser: Any, report: Path, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900}
    with Opened(browser, report, viewport=size, color_scheme=scheme, offline=True) as opened:
        opened.is_quiet(width)
        # Words that differ lie on a ground of their own, and labels of faults have a colour of their own.
        page = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        label = opened.page.evaluate("getComputedStyle(document.querySelector('mark'), '::after').color")
        assert contrast(label, page) > 4.5
        for selector in (".soft", ".choose select", "a[href]"):
            colour = opened.page.evaluate(f"getComputedStyle(document.querySelector({selector!r})).color")
            assert contrast(colour, page) > 4.5


def test_the_page_is_in_order_and_has_its_charts(browser: Any, report: Path) -> None:
    with Opened(browser, report) as opened:
        opened.is_in_order()
        opened.has_drawn(charts=3)
        unnamed = "[...document.querySelectorAll('select, input')].filter(e => !e.closest('label').innerText.trim())"
        assert opened.page.evaluate(f"{unnamed}.length") == 0


def test_the_answer_comes_first(browser: Any, report: Path) -> None:
    with Opened(browser, report) as opened:
        assert opened.page.locator("main h2").first.inner_text() == "The answer"
        rows = opened.page.locator("table.writers tbody tr")
        assert rows.count() == len(LINE_UP)
        for place, writer in enumerate(LINE_UP):
            assert rows.nth(place).inner_text().startswith(writer.name)


def test_own_against_another_s_card_is_shown_first_with_what_differs(browser: Any, report: Path) -> None:
    with Opened(browser, report) as opened:
        cell = opened.page.locator("article.cell[data-culture='us']").first
        cell.scroll_into_view_if_needed()
        texts = cell.locator(".text:visible")
        assert texts.locator("h4").all_inner_texts() == [LINE_UP[OWN].name, LINE_UP[OTHER].name]
        opened.page.wait_for_selector("article.cell[data-culture='us'] .differs")
        words = [" ".join(side.locator(".differs").all_inner_texts()) for side in texts.all()]
        assert "Bells, fog" in words[0] and "never rests" in words[1]
        assert "daughter" not in words[0].split() and "daughter" not in words[1].split()
        # Marking changes no letter of a text.
        plain = [side.locator(".words").text_content() for side in texts.all()]
        opened.page.uncheck("input[name=marked]")
        ground = "getComputedStyle(document.querySelector('.text .differs')).backgroundColor"
        assert opened.page.evaluate(ground) == "rgba(0, 0, 0, 0)"
        assert [side.locator(".words").text_content() for side in texts.all()] == plain


def test_of_japanese_single_words_are_marked(browser: Any, report: Path) -> None:
    with Opened(browser, report) as opened:
        cell = opened.page.locator("article.cell[data-culture='jp']").first
        cell.scroll_into_view_if_needed()
        opened.page.wait_for_selector("article.cell[data-culture='jp'] .differs")
        marked = cell.locator(".text:visible .differs").all_inner_texts()
        assert len(marked) >= 4
        assert not any("灯台守" in piece for piece in marked)


def test_two_selects_choose_the_texts_and_the_judges_answers(browser: Any, report: Path, evidence: Evidence) -> None:
    with Opened(browser, report) as opened:
        opened.page.select_option("select[name=left]", "0")
        opened.page.select_option("select[name=right]", "1")
        for cell in opened.page.locator("article.cell").all()[:5]:
            assert cell.locator(".text:visible h4").all_inner_texts() == [LINE_UP[0].name, LINE_UP[1].name]
            assert cell.locator(".judged:visible").count() == 1
            assert cell.locator(".judged:visible").get_attribute("data-pair") == "0 1"
            # Two judges, each in both orders.
            shown_first = cell.locator(".judged:visible tbody td:nth-child(2)").all_inner_texts()
            assert Counter(shown_first) == {LINE_UP[0].name: 2, LINE_UP[1].name: 2}
        opened.page.select_option("select[name=right]", "0")
        assert opened.page.locator("article.cell").first.locator(".text:visible").count() == 1
        assert opened.said == []


def test_filters_leave_what_they_say(browser: Any, report: Path, evidence: Evidence) -> None:
    pair = compared(evidence, OWN, OTHER)
    own, other = LINE_UP[OWN].name, LINE_UP[OTHER].name
    truth = {
        ("culture", "jp"): [c.reader for c in evidence.cells if c.culture == "jp"],
        ("kind", "Fiction"): [c.reader for c in evidence.cells if c.kind == "Fiction"],
        ("family", "History"): [c.reader for c in evidence.cells if c.family == "History"],
        ("outcome", "won"): [
            c.reader for c in evidence.cells if pair[c.id].prefers == own and not faulty(evidence, c.id, own)
        ],
        ("outcome", "lost"): [
            c.reader for c in evidence.cells if pair[c.id].prefers == other and not faulty(evidence, c.id, other)
        ],
        ("outcome", "tied"): [c.reader for c in evidence.cells if tied(evidence, pair[c.id])],
        ("faults", "left"): [c.reader for c in evidence.cells if faulty(evidence, c.id, own)],
        ("faults", "neither"): [
            c.reader for c in evidence.cells if not any(faulty(evidence, c.id, one) for one in (own, other))
        ],
        ("faults", "reader"): [
            c.reader for c in evidence.cells if any(faulty(evidence, c.id, one, "reader") for one in (own, other))
        ],
    }
    with Opened(browser, report) as opened:
        for (name, value), readers in truth.items():
            assert 0 < len(readers) < len(evidence.cells), (name, value)
            opened.page.select_option(f"select[name={name}]", value)
            assert sorted(shown(opened)) == sorted(readers), (name, value)
            assert opened.page.inner_text("#shown") == f"{len(readers)} of {len(evidence.cells)} shown."
            opened.page.select_option(f"select[name={name}]", "")
        opened.page.select_option("select[name=culture]", "br")
        opened.page.select_option("select[name=faults]", "either")
        both = [c for c in evidence.cells if c.culture == "br" and any(faulty(evidence, c.id, o) for o in (own, other))]
        assert sorted(shown(opened)) == sorted(cell.reader for cell in both)
        assert both


def test_the_rule_on_inventions_is_told(browser: Any, report: Path, evidence: Evidence) -> None:
    own = LINE_UP[OWN].name
    barred = [
        one for one in compared(evidence, OWN, OTHER).values() if one.prefers == own and faulty(evidence, one.cell, own)
    ]
    with Opened(browser, report) as opened:
        opened.page.select_option("select[name=outcome]", "tied")
        told = opened.page.locator(".judged:visible h4").all_inner_texts()
        assert sum(f"have {own}, which invents; so it counts as a tie" in line for line in told) == len(barred) > 0


def test_a_finding_leads_to_its_texts(browser: Any, report: Path) -> None:
    with Opened(browser, report) as opened:
        opened.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        link = opened.page.locator(".finding li a").first
        cell = opened.page.locator(f"article.cell{link.get_attribute('href')}")
        for value in ("br", "in"):
            opened.page.select_option("select[name=culture]", value)
            if not cell.is_visible():
                break
        assert not cell.is_visible()
        link.click()
        # The page hears of another address a moment later.
        cell.wait_for(state="visible", timeout=5_000)
        assert opened.page.input_value("select[name=culture]") == ""


def test_faults_are_marked_where_they_are_quoted(browser: Any, report: Path, evidence: Evidence) -> None:
    # What checkers quoted is marked, and nothing else.
    quotes = [(r.fault, r.quote) for c in evidence.checks for e in c.found for r in e.remarks]
    with Opened(browser, report) as opened:
        for fault in ("invention", "reader"):
            said = opened.page.locator(f".text mark.{fault}").all_text_contents()
            assert sorted(said) == sorted(quote for kind, quote in quotes if kind == fault)


def test_without_scripts_every_text_is_there(browser: Any, report: Path, evidence: Evidence) -> None:
    with Opened(browser, report, java_script_enabled=False) as opened:
        assert opened.page.locator(".text .words:visible").count() == len(evidence.writings)
        assert opened.page.locator(".judged:visible").count() == len(evidence.comparisons)
        assert opened.page.locator("form:visible").count() == 0


def test_printing_opens_what_is_folded(browser: Any, report: Path) -> None:
    with Opened(browser, report) as opened:
        opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert opened.count("details:not([open])") == 0
        assert opened.page.locator("article.cell:has(.differs)").count() > 40
        assert opened.page.pdf(format="A4")[:5] == b"%PDF-"


def test_text_from_outside_stays_text(browser: Any, tmp_path: Path) -> None:
    hostile = planted(12, say=lambda text: f"{text} {HOSTILE}")
    path = write(examined(hostile), tmp_path)[0]
    with Opened(browser, path) as opened:
        for name in ("culture", "kind", "family"):
            opened.page.select_option(f"select[name={name}]", index=1)
            assert shown(opened)
            opened.page.select_option(f"select[name={name}]", index=0)
        opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert opened.page.title() != "taken"
        assert opened.count("img") == 0
        assert opened.said == []
        assert opened.asked == [path.as_uri()]
        assert opened.count(".differs") > 0
        words = opened.page.locator(".text .words").first.text_content()
        assert words.endswith(HOSTILE)
        for selector in (".cell h3", ".text h4 >> nth=1", ".judged td.long", ".cell > h3 + p code", ".text mark"):
            assert HOSTILE in opened.page.locator(selector).first.text_content(), selector
    assert "<script" not in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_script_that_got_in_would_not_run(browser: Any, report: Path, tmp_path: Path) -> None:
    text = report.read_text(encoding="utf-8")
    (tmp_path / "broken.html").write_text(text.replace("</h1>", f"</h1>{SCRIPT}", 1), encoding="utf-8")
    with Opened(browser, tmp_path / "broken.html") as opened:
        assert opened.page.title() != "taken"
        assert any("Content Security Policy" in message for message in opened.said)
