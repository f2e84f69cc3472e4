"""The counts of a run by stage, culture, track and verdict; they add up."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from gravity.frameworks.loader import Library
from gravity.relying import Relying, relying
from gravity.showing import Showing, planned_seeds, showing
from gravity.store.distinction import Distinction, distinctions
from gravity.store.lots import lots
from gravity.store.rated_lots import Rated, rated
from gravity.store.records import Lot, Unanswered
from gravity.store.runs import Run
from gravity.store.spending import Spent
from gravity.stores import Stores

VERDICTS = ("vetted", "held", "rejected", "failed")
STANCES = ("agree", "disagree", "unknown", "failed")

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Status:
    """The counts of a run. `scenarios` and `stances` are by culture; `pairs` are rows by culture and track; `calls` are
    the kept answers by role and model, over all runs of the store; `spent` is what was asked for this run; `unanswered`
    is what the run left pending when it was last started, and `failures` what got no usable answer, by reason;
    `distinctions` say how far labels tell readers apart, `showing` is what readers let show, and `facets` what their
    reviews show of personality and how far that holds; `reviews` are those of profiled readers, and `rated` is what
    later ratings say of labels that rest on ratings."""

    run: str
    store: dict[str, int]
    readers: dict[str, int]
    reviews: dict[str, int]
    scenarios: Counts
    stances: Counts
    pairs: list[dict[str, Any]]
    lots: list[Lot]
    distinctions: list[Distinction]
    rated: list[Rated]
    calls: list[dict[str, Any]]
    spent: list[Spent]
    unanswered: list[Unanswered]
    failures: list[Unanswered]
    showing: Showing
    facets: Relying

    def as_json(self) -> dict[str, Any]:
        """The counts as plain values."""
        return {
            **asdict(self),
            "facets": self.facets.as_json(),
            "lots": [lot.model_dump() for lot in self.lots],
            "distinctions": [row.model_dump() for row in self.distinctions],
            "rated": [lot.model_dump() for lot in self.rated],
            "spent": [row.as_json() for row in self.spent],
            "unanswered": [row.model_dump() for row in self.unanswered],
            "failures": [row.model_dump() for row in self.failures],
        }


def status(stores: Stores, run: Run, library: Library) -> Status:
    """Counts what the run asked for, whatever the configuration says by now; `library` is the material at hand."""
    cultures = library.cultures
    ledger, counts = stores.ledger, stores.corpus.counts()
    readers = stores.corpus.readers(min_reviews=run.settings.curate["min_reviews"])
    able = {reader.id: reader.culture for reader in readers if reader.culture in cultures}
    profiled = ledger.profiled(run.id)
    return Status(
        run=run.id,
        store=counts,
        readers={
            "profiled": len(profiled & able.keys()),
            "waiting": len(able.keys() - profiled),
            "no culture, or too few reviews": counts["readers"] - len(able),
            "total": counts["readers"],
        },
        reviews=_reviews(ledger.profiled_reviews(run.id)),
        scenarios=_scenarios(stores, run, {culture for culture in able.values() if culture}),
        stances=_stances(stores, run),
        pairs=_pairs(ledger.pair_counts(run.id)),
        lots=lots(ledger, run),
        distinctions=distinctions(ledger, run.id),
        rated=list(rated(ledger, run.id).values()),
        calls=[
            {"role": role, "model": model, **figures}
            for (role, model), figures in sorted(stores.answers.usage().items())
        ],
        spent=stores.spendings.by_role(run.id),
        unanswered=ledger.unanswered(run.id),
        failures=[
            Unanswered(what=what, reason=why, items=n) for (what, why), n in ledger.failures(run.id).most_common()
        ],
        showing=showing(stores, run),
        facets=relying(stores, run, library),
    )


def _reviews(counts: dict[str, int]) -> dict[str, int]:
    return {
        "known to profiles": counts["known"],
        "held back": counts["held_back"],
        "of a work that the reader reviewed before": counts["repeats"],
        "total": sum(counts.values()),
    }


def _scenarios(stores: Stores, run: Run, cultures: set[str]) -> Counts:
    counts, brought = stores.ledger.scenario_counts(run.id), stores.views.seeds(run.id)
    dropped = stores.ledger.scenarios_of(run.id, [seed.id for seed in brought if seed.verdict == "dropped"])
    rows = {}
    for culture in sorted({*cultures, *(culture for culture, _ in counts)}):
        seeds = run.settings.seeds + planned_seeds(brought, culture)
        # A seed that readers brought can be dropped after scenarios of it were written.
        planned = seeds * run.settings.scenarios_per_seed + dropped[culture]
        row = {verdict: counts[culture, verdict] for verdict in VERDICTS}
        rows[culture] = {**row, "pending": planned - sum(row.values()), "total": planned}
    return rows


def _stances(stores: Stores, run: Run) -> Counts:
    rows: Counts = {}
    for (culture, kind, value), n in sorted(stores.ledger.fact_counts(run.id).items()):
        if kind == "stance":
            rows.setdefault(culture, dict.fromkeys((*STANCES, "total"), 0))
            rows[culture][value] += n
            rows[culture]["total"] += n
    return rows


def _pairs(counts: Counter[tuple[str, str, str]]) -> list[dict[str, Any]]:
    rows = []
    for culture, track in sorted({(culture, track) for culture, track, _ in counts}):
        row = {verdict: counts[culture, track, verdict] for verdict in VERDICTS}
        rows.append({"culture": culture, "track": track, **row, "total": sum(row.values())})
    return rows
