"""Reads from the store what readers let show: views, the seeds that they brought, and the quotes behind a pair."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from gravity.store import tables
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.ledger import Ledger
from gravity.store.records import Review
from gravity.store.views import ReaderSeed, Views, around

PAGE = 10_000
EXCERPT = 600


def view_rows(
    database: Database, run: str, readers: Mapping[str, Mapping[str, Any]], rests_on: Mapping[str, set[str]]
) -> Iterator[dict[str, Any]]:
    """The views of a run's readers; `rests_on` holds, by view, the seeds toward which a stance rests on it."""
    table = tables.views.c
    columns = (table.id, table.reader, table.about, table.said, table.verdict, table.reason, table.same_as)
    seeds = {identity: set(names) for identity, names in rests_on.items()}
    repeats = select(table.id, table.same_as).where(table.run == run, table.same_as.is_not(None))
    for row in _stream(database, repeats):
        seeds.setdefault(row["same_as"], set()).update(rests_on.get(row["id"], ()))
    for row in _stream(database, select(*columns, table.checked_by).where(table.run == run)):
        yield {
            **row,
            "culture": readers.get(row["reader"], {}).get("culture"),
            # What stands after the kind of reason is about the one view.
            "reason": row["reason"].partition(":")[0] or None,
            "asked": row["checked_by"] is not None,
            "repeats": row["same_as"] is not None,
            "seeds": sorted(seeds.get(row["same_as"] or row["id"], ())),
        }


def seed_rows(brought: Sequence[ReaderSeed]) -> Iterator[dict[str, Any]]:
    """The kept seeds that readers brought, for each of their cultures."""
    for seed in brought:
        for culture in seed.cultures:
            given = seed.model_dump(include={"id", "reader", "dimension", "statement", "agree", "disagree"})
            yield {**given, "culture": culture, "known": seed.known is not None}


def views_by_reader(database: Database, run: str) -> dict[str, int]:
    """How many kept views each reader has, repeats left out, of those whose reviews were read for views."""
    views = Views(database)
    counts = dict.fromkeys(views.readings(run), 0)
    table = tables.views.c
    kept = select(table.reader).where(table.run == run, table.verdict == "kept", table.same_as.is_(None))
    for row in _stream(database, kept):
        counts[row["reader"]] += 1
    return counts


def trails(database: Database, ids: Sequence[str]) -> dict[str, list[str]]:
    """By pair what its reader wrote: the words around the quotes of the views that its fact rests on, and the
    beginnings of reviews that it rests on without a view."""
    ledger, corpus, views, found = Ledger(database), Corpus(database), Views(database), {}
    for identity in ids:
        pair = ledger.pair(identity)
        facts = ledger.facts(pair.run, pair.reader) if pair and pair.fact else []
        behind = [f for f in facts if pair and pair.fact == [f.kind, f.name]]
        quoted = [view for fact in behind for view in views.named(fact.views)]
        lines = []
        for review in corpus.reviews([each for fact in behind for each in fact.evidence]):
            shown = [around(view.quote, review) for view in quoted if view.review == review.id]
            lines += [_line(review, text) for text in shown or [_cut(review.text)]]
        found[identity] = lines
    return found


def _line(review: Review, text: str) -> str:
    return f"{review.rating:g}/5 {review.title}: {text}"


def _cut(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]} …"


def _stream(database: Database, query: Any) -> Iterator[Any]:
    with database.begin() as connection:
        yield from connection.execution_options(yield_per=PAGE).execute(query).mappings()
