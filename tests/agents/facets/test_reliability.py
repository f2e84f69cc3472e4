"""Scores that are planted with a known correlation come back with it, and what reading makes alike is taken out."""

from collections.abc import Callable

import numpy as np
import pytest

from gravity.agents.facets.covariates import Covariates
from gravity.agents.facets.reliability import correlation, fisher, reliability
from gravity.frameworks.loader import Library
from gravity.frameworks.taxonomy import Taxonomy
from gravity.store.facets import ALL, LEAST, FacetHalf, FacetReliability, below, counts_for, spearman_brown
from gravity.store.records import Book
from tests.support import review

FACETS = Library().facets
CULTURES = ("us", "br", "jp", "in")
Score = Callable[[np.random.Generator, int], tuple[float | None, float | None]]


def halves(count: int, score: Score, facet: str = "trust") -> list[FacetHalf]:
    """Two halves of each of so many readers."""
    draw, found = np.random.default_rng(7), []
    for number in range(count):
        for half, value in enumerate(score(draw, number)):
            level = "unknown" if value is None or 40 < value < 60 else "high" if value > 50 else "low"
            given = {"level": level, "score": value, "confidence": 0.8}
            found.append(FacetHalf(run="run", reader=f"r{number}", facet=facet, half=half, **given))
    return found


def correlated(r: float, spread: float = 20.0) -> Score:
    def score(draw: np.random.Generator, _: int) -> tuple[float, float]:
        own = draw.normal()
        one, other = (50 + spread * (np.sqrt(r) * own + np.sqrt(1 - r) * draw.normal()) for _ in range(2))
        return float(one), float(other)

    return score


def measured(
    given: list[FacetHalf], cultures: dict[str, str] | None = None, taken: dict[str, list[float]] | None = None
) -> dict[tuple[str, str], FacetReliability]:
    readers = {half.reader for half in given}
    home = cultures or dict.fromkeys(readers, "us")
    rows = reliability("run", given, FACETS, home, taken or {reader: [] for reader in readers})
    return {(row.name, row.culture): row for row in rows}


@pytest.mark.parametrize("r", [0.2, 0.46, 0.73])
def test_a_planted_correlation_is_recovered(r: float) -> None:
    row = measured(halves(400, correlated(r)))["trust", "us"]
    assert row.r is not None and row.low is not None and row.high is not None and row.interval is not None
    assert row.low < r < row.high and row.high - row.low < 0.2
    assert row.whole == pytest.approx(2 * row.r / (1 + row.r))
    assert row.interval.low < 2 * r / (1 + r) < row.interval.high
    assert row.readers == 400 and row.halves == 800
    print(f"\nplanted r {r}, measured {row.r:.3f} ({row.low:.3f} to {row.high:.3f})")


def test_the_interval_covers_what_is_planted() -> None:
    """In 95 of 100 on average; fewer than 88 would be one in five hundred."""
    draw, covered = np.random.default_rng(1), 0
    for _ in range(100):
        own, noise = draw.normal(size=(60, 1)), draw.normal(size=(60, 2))
        r = correlation(np.sqrt(0.5) * own + np.sqrt(0.5) * noise, np.ones((60, 1)))
        assert r is not None
        low, high = fisher(r, 60)
        covered += low < 0.5 < high
    assert covered >= 88


def test_agreement_and_told_halves_are_counted() -> None:
    told: list[tuple[float | None, float | None]] = [(90, 80), (10, 20), (90, 10), (50, 90), (None, None)]
    row = measured(halves(5, lambda _, number: told[number]))["trust", "us"]
    assert (row.both, row.agreed, row.halves, row.told, row.readers) == (3, 2, 10, 7, 4)
    assert row.agreement is not None and row.agreement.low < 2 / 3 < row.agreement.high
    # Four readers measure nothing.
    assert (row.r, row.whole, row.interval, row.partial) == (None, None, None, None)


def test_a_failed_half_is_none_and_scores_that_do_not_vary_measure_nothing() -> None:
    given = halves(LEAST, lambda *_: (70.0, 70.0))
    assert measured(given)["trust", "us"].r is None
    failed = [half.model_copy(update={"level": "failed", "score": None}) if half.half else half for half in given]
    row = measured(failed)["trust", "us"]
    assert (row.readers, row.halves) == (0, LEAST)


def test_what_both_halves_share_by_what_is_read_is_taken_out() -> None:
    """Scores that follow the star ratings alone correlate, and no longer where these are taken out; of scores that do
    not, the correlation stays."""
    draw = np.random.default_rng(3)
    stars = {f"r{n}": [float(s), float(s)] for n, s in enumerate(draw.integers(1, 6, 300))}

    def by_stars(draw: np.random.Generator, number: int) -> tuple[float, float]:
        mean = 10 * stars[f"r{number}"][0]
        return float(mean + draw.normal(0, 8)), float(mean + draw.normal(0, 8))

    for score, kept in ((by_stars, False), (correlated(0.6), True)):
        row = measured(halves(300, score), taken=stars)["trust", "us"]
        assert row.r is not None and row.partial is not None and row.r > 0.5
        assert (row.partial > 0.5) if kept else (abs(row.partial) < 0.2)


def test_over_all_cultures_only_what_differs_within_one_counts() -> None:
    """A profiler that gives each country its own score, and each reader a number by chance, measures nothing."""
    home = {f"r{n}": CULTURES[n % 4] for n in range(400)}

    def country(draw: np.random.Generator, number: int) -> tuple[float, float]:
        mean = 20.0 * (number % 4)
        return float(mean + draw.normal(0, 5)), float(mean + draw.normal(0, 5))

    rows = measured(halves(400, country), home)
    whole = rows["trust", ALL]
    assert whole.r is not None and abs(whole.r) < 0.2
    assert {culture for name, culture in rows if name == "trust"} == {*CULTURES, ALL}


def test_a_trait_is_the_mean_of_its_facets() -> None:
    names = [name for name, facet in FACETS.items() if facet.trait == "agreeableness"]
    given = [
        half.model_copy(update={"facet": name})
        for name in names
        for half in halves(60, lambda draw, n: (90.0, 85.0) if n % 2 else (10.0, 15.0))
    ]
    row = measured(given)["agreeableness", "us"]
    assert (row.of, row.readers, row.both, row.agreed) == ("trait", 60, 60, 60)
    assert row.r == pytest.approx(1.0)


def row(culture: str, r: float | None, name: str = "trust", readers: int = 50) -> FacetReliability:
    given = {"low": r, "high": r, "partial": None, "both": 0, "agreed": 0, "halves": 0, "told": 0}
    return FacetReliability(run="run", of="facet", name=name, culture=culture, readers=readers, r=r, **given)


def test_a_culture_that_is_not_measured_goes_by_all() -> None:
    rows = [
        row("us", 0.1),
        row("br", 0.6),
        row("jp", None),
        row(ALL, 0.2),
        row("us", None, "anger"),
        row(ALL, None, "anger"),
    ]
    assert {culture: set(found) for culture, found in below(rows, 0.5, CULTURES).items()} == {
        "us": {"trust"},
        "br": set(),
        "jp": {"trust"},
        "in": {"trust"},
    }
    assert counts_for(rows, "jp")["trust"].culture == ALL and counts_for(rows, "us")["trust"].culture == "us"
    assert "anger" not in counts_for(rows, "us")
    assert below(rows, 0.18, ["us"]) == {"us": {}}


@pytest.mark.parametrize(
    ("r", "both"), [(0.5, 2 / 3), (0.0, 0.0), (1.0, 1.0), (-0.8, -1.0), (-1.0, -1.0), (None, None)]
)
def test_both_halves_together(r: float | None, both: float | None) -> None:
    assert spearman_brown(r) == (both if both is None else pytest.approx(both))


def test_covariates_are_those_of_each_half() -> None:
    books = {f"b{n}": Book(id=f"b{n}", title="T", categories=["Books", name]) for n, name in enumerate("AABC")}
    given = Covariates(Taxonomy(id="none", shelves=["Books"]))
    given.add("r", [review(f"x{n}", rating, f"b{n}") for n, rating in enumerate([5.0, 4.0, 3.0, 2.0])], books)
    given.add("single", [review("y", 1.0, "b0")], books)
    (told,) = given.by_reader().values()
    # Mean ratings; then of A, B and C, the most frequent first, the shares of the first half and of the second.
    assert told == [4.0, 3.0, 0.5, 0.5, 0.0, 0.5, 0.0, 0.5]
