"""What readers let show, in figures: their views, the seeds that they bring, and how far their stances hold."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gravity.store.reliability import THRESHOLDS, Reliability, over_all
from gravity.store.runs import Run
from gravity.store.views import ReaderSeed
from gravity.stores import Stores

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Showing:
    """`views` counts readings and views, `brought` the seeds that readers bring; both say by kind of reason what was
    dropped. `sources` are the stances by culture and source, `halves` what split halves contradicted by source and
    culture, `curve` the same beside what is to be had, by source and the confidence that is asked for. A share that was
    not measured is None."""

    views: dict[str, int]
    brought: dict[str, int]
    sources: list[dict[str, Any]]
    halves: list[dict[str, Any]]
    curve: list[dict[str, Any]]


def showing(stores: Stores, run: Run) -> Showing:
    """Counts what the readers of a run let show."""
    rows = stores.ledger.reliability(run.id)
    settled = Counter(verdict for (_, verdict), n in stores.ledger.scenario_counts(run.id).items() for _ in range(n))
    passed = settled["vetted"] / settled.total() if settled else None
    return Showing(
        views=_views(stores, run.id),
        brought=_brought(stores.views.seeds(run.id)),
        sources=_sources(stores.ledger.source_counts(run.id)),
        halves=[_half(row) for row in rows if row.threshold == THRESHOLDS[0]],
        curve=[_point(row, passed, run.settings.scenarios_per_seed) for row in over_all(rows)],
    )


def planned_seeds(seeds: Iterable[ReaderSeed], culture: str) -> int:
    """How many of the seeds that readers brought get scenarios in a culture."""
    return sum(seed.verdict == "kept" and culture in seed.cultures for seed in seeds)


def kind(reason: str) -> str:
    """What a reason has in common with others of its kind: without what it is about in particular."""
    return re.sub(r"\S*\d\S*", "…", reason.partition(":")[0])


def _views(stores: Stores, run: str) -> dict[str, int]:
    readings = stores.views.readings(run).values()
    counts = stores.views.view_counts(run)
    kept = sum(n for (verdict, _, _), n in counts.items() if verdict == "kept")
    merged = sum(n for (verdict, _, repeats), n in counts.items() if verdict == "kept" and repeats)
    dropped = Counter[str]()
    for (verdict, reason, _), n in counts.items():
        if verdict == "dropped":
            dropped[kind(reason)] += n
    return {
        "readers read": len(readings),
        "reviews read": sum(reading.reviews for reading in readings),
        "reviews left out": sum(reading.reviews_left_out for reading in readings),
        "parts without a usable answer": sum(len(reading.failed) for reading in readings),
        "views kept": kept,
        "of these merged into another": merged,
        **{f"dropped: {why}": n for why, n in dropped.most_common()},
    }


def _brought(seeds: list[ReaderSeed]) -> dict[str, int]:
    kept = [seed for seed in seeds if seed.verdict == "kept"]
    dropped = Counter(kind(seed.reason) for seed in seeds if seed.verdict == "dropped")
    return {
        "kept, shared": sum(seed.reader is None for seed in kept),
        "kept, one reader's own": sum(seed.reader is not None for seed in kept),
        **{f"dropped: {why}": n for why, n in dropped.most_common()},
    }


def _sources(counts: Counter[tuple[str, str, str]]) -> list[dict[str, Any]]:
    rows = []
    for culture, source in sorted({(culture, source) for culture, source, _ in counts}):
        row = {value: counts[culture, source, value] for value in ("agree", "disagree")}
        rows.append({"culture": culture, "source": source or "reviews", **row, "total": sum(row.values())})
    return rows


def _half(row: Reliability) -> dict[str, Any]:
    return {"source": row.source, "culture": row.culture, **_contradiction(row)}


def _point(row: Reliability, passed: float | None, scenarios: int) -> dict[str, Any]:
    return {
        "source": row.source,
        "threshold": row.threshold,
        "stances_a_reader": row.a_reader,
        "pairs_a_reader": None if passed is None else row.a_reader * scenarios * passed,
        "expected_error": row.expected_error,
        **_contradiction(row),
    }


def _contradiction(row: Reliability) -> dict[str, Any]:
    low, high = row.interval or (None, None)
    figures = {"n": row.tested, "contradicted": row.contradicted}
    return {**figures, "share": row.share, "low": low, "high": high}
