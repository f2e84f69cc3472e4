"""What an exported dataset's card says of how far labels hold."""

import json
from pathlib import Path

import pytest

from gravity.store.dataset import export
from gravity.store.facets import FacetReliability, Facets
from gravity.store.ledger import Ledger
from gravity.store.reliability import Reliability
from gravity.store.runs import RunSettings
from tests.store.planted import RUN


def test_the_card_says_how_far_stances_hold(ledger: Ledger, folder: Path) -> None:
    given = {"run": RUN.id, "readers": 10, "stances": 40, "expected_error": 0.125}
    rows = [
        Reliability.model_validate({**given, "source": "carried over", "culture": culture, "threshold": t} | tested)
        for culture, tested in (
            ("br", {"tested": 0, "contradicted": 0}),
            ("us", {"tested": 50, "contradicted": 5}),
        )
        for t in (0.55, 0.6)
    ]
    ledger.carry_over(RUN.id, [], rows)
    settings = RUN.settings.model_copy(update={"curate": {"min_confidence": 0.58}})
    export(ledger, RUN.model_copy(update={"settings": settings}), folder, test_share=0.2, overwrite=False)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "of those of at least 0.55" in card
    assert "| carried over | br | not measured | 40 | 12.5% |" in card
    assert "| carried over | us | 10.0% (4.3% to 21.4%, n=50) | 40 | 12.5% |" in card
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert [(row["culture"], row["threshold"]) for row in manifest["reliability"]] == [("br", 0.55), ("us", 0.55)]


def test_a_card_without_figures_of_stances_has_no_table_of_them(ledger: Ledger, folder: Path) -> None:
    export(ledger, RUN, folder, test_share=0.2, overwrite=False)
    assert "expected label error" not in (folder / "README.md").read_text(encoding="utf-8")


def test_the_card_says_how_far_facets_hold_and_which_make_no_pairs(ledger: Ledger, folder: Path) -> None:
    settings = RunSettings(**{**RUN.settings.model_dump(), "curate": {"min_reliability": 0.5}})
    rows = [
        FacetReliability.model_validate(
            {
                "run": RUN.id,
                "of": "facet",
                "name": name,
                "culture": culture,
                "readers": n,
                "r": r,
                "low": r and r - 0.1,
                "high": r and r + 0.1,
                "partial": partial,
                "both": 20,
                "agreed": 18,
                "halves": 100,
                "told": 60,
            }
        )
        for name, culture, n, r, partial in (
            ("trust", "us", 50, 0.2, None),
            ("trust", "all", 90, 0.6, 0.55),
            ("anger", "us", 12, None, None),
        )
    ]
    Facets(ledger.database).keep_reliability(RUN.id, rows)
    export(ledger, RUN.model_copy(update={"settings": settings}), folder, 0.2, overwrite=False)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "| trust (facet) | us | 50 | 0.33 (0.18 to 0.46) | 0.20 | not measured | 18 of 20 |" in card
    assert "| trust (facet) | all | 90 | 0.75 (0.67 to 0.82) | 0.60 | 0.55 | 18 of 20 |" in card
    assert "| anger (facet) | us | 12 | not measured | not measured | not measured | 18 of 20 |" in card
    assert "In us these facets make no pairs, since their reliability is below 0.5: trust." in card
    assert "In br these" not in card
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["facets_without_pairs"] == {"us": ["trust"]}
    assert [row["spearman_brown"] for row in manifest["facet_reliability"]] == [
        None,
        pytest.approx(0.75),
        pytest.approx(1 / 3),
    ]
