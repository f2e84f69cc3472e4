"""Reads a run's records from the store into tidy tables, streaming, each string kept once."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select

from gravity.audit import evidence
from gravity.audit.evidence import Evidence
from gravity.audit.language import language_detector
from gravity.audit.tables import build
from gravity.audit.views_in_store import seed_rows, trails, view_rows, views_by_reader
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Seed
from gravity.store import tables
from gravity.store.database import Database
from gravity.store.errors import InputError
from gravity.store.facets import Facets, below
from gravity.store.runs import Run
from gravity.store.views import Views

PAGE = 10_000
LANGUAGE_CHARS = 300  # of each review


def from_store(database: Database, run: Run, library: Library, truth: Path | None = None) -> Evidence:
    """The evidence of one run. Raises StoreError where the store cannot be read, InputError for a bad truth file."""
    readers = {row["id"]: row for row in _readers(database, run.id)}
    brought = [seed for seed in Views(database).seeds(run.id) if seed.verdict == "kept"]
    given = _truth(truth) if truth else iter(())
    seeds: dict[str, Seed] = {**library.seeds, **{seed.id: seed for seed in brought}}
    rests_on: dict[str, set[str]] = {}
    facts = build(_facts(database, run.id, readers, rests_on), evidence.FACTS)
    scenes: list[dict[str, Any]] = []
    remarks: list[dict[str, Any]] = []
    votes: list[dict[str, Any]] = []
    for row in _stream(database, select(tables.scenarios).where(tables.scenarios.c.run == run.id)):
        _take_apart(row, seeds, scenes, remarks, votes)
    return Evidence(
        source=f"run {run.id}",
        pairs=build(_pairs(database, run.id), evidence.PAIRS),
        scenes=build(scenes, evidence.SCENES),
        remarks=build(remarks, evidence.REMARKS),
        votes=build(votes, evidence.VOTES),
        facts=facts,
        readers=build(readers.values(), evidence.READERS),
        views=build(view_rows(database, run.id, readers, rests_on), evidence.VIEWS),
        brought=build(seed_rows(brought), evidence.BROUGHT),
        truth=build(given, evidence.TRUTH),
        gold=build(_gold(database, run), evidence.GOLD),
        reliability=build(_reliability(database, run), evidence.RELIABILITY),
        trails=lambda ids: trails(database, ids),
    )


def _stream(database: Database, query: Select[Any]) -> Iterator[Any]:
    with database.begin() as connection:
        yield from connection.execution_options(yield_per=PAGE).execute(query).mappings()


def _readers(database: Database, run: str) -> Iterator[dict[str, Any]]:
    """The readers profiled in the run, with the language that most of what they wrote is in."""
    begun = func.substr(tables.reviews.c.text, 1, LANGUAGE_CHARS)
    joined = func.string_agg if database.engine.dialect.name == "postgresql" else func.group_concat
    profiled = select(tables.profiles.c.reader).where(tables.profiles.c.run == run)
    known, counted = tables.readers, tables.reviews.c
    query = (
        select(known, func.count(counted.id).label("reviews"), joined(begun, " ").label("sample"))
        .outerjoin(tables.reviews, counted.reader == known.c.id)
        .where(known.c.id.in_(profiled))
        .group_by(*known.c)
        .order_by(known.c.id)
    )
    language, views = language_detector(), views_by_reader(database, run)
    for row in _stream(database, query):
        yield {**row, "language": language(row["sample"] or ""), "views": views.get(row["id"])}


def _facts(
    database: Database, run: str, readers: dict[str, dict[str, Any]], rests_on: dict[str, set[str]]
) -> Iterator[dict[str, Any]]:
    """The facts; `rests_on` is filled with the seeds, by view, of the stances that are taken."""
    table = tables.facts
    columns = (table.c.reader, table.c.kind, table.c.name, table.c.value, table.c.confidence)
    query = select(*columns, table.c.evidence, table.c.views, table.c.made_by).where(table.c.run == run)
    for row in _stream(database, query):
        reader = readers.get(row["reader"], {})
        for view in row["views"] if row["value"] in ("agree", "disagree") else ():
            rests_on.setdefault(view, set()).add(row["name"])
        yield {
            **row,
            "culture": reader.get("culture"),
            "language": reader.get("language"),
            "evidence": len(row["evidence"]),
            "views": len(row["views"]),
            "model": row["made_by"]["model"],
        }


def _pairs(database: Database, run: str) -> Iterator[dict[str, Any]]:
    table, checks, decisions = tables.pairs, tables.checks.c, tables.decisions.c
    names = ("id", "reader", "culture", "track", "framework", "dimension", "subject", "takes", "scenario", "verdict")
    query = select(*(table.c[name] for name in names), table.c.prompt, table.c.chosen, table.c.rejected)
    checked = {
        row["pair"]: row["prefers"] or "undecided"
        for row in _stream(database, select(checks.pair, checks.prefers).where(checks.run == run))
    }
    decided = {
        row["pair"]: row["decided"]
        for row in _stream(database, select(decisions.pair, decisions.decided).where(decisions.run == run))
    }
    for row in _stream(database, query.where(table.c.run == run)):
        yield {
            **{name: row[name] for name in names},
            "checked": checked.get(row["id"]),
            "decided": decided.get(row["id"]),
            "task": last_message(row["prompt"]),
            "chosen": last_message(row["chosen"]),
            "rejected": last_message(row["rejected"]),
        }


def _gold(database: Database, run: Run) -> Iterator[dict[str, Any]]:
    """What the run's own models showed on gold cases, the latest of each."""
    table, models = tables.qualifications, run.settings.roles.names
    latest = {
        (row["task"], row["model"], row["culture"]): {**row, **row["figures"]}
        for row in _stream(database, select(table).where(table.c.model.in_(models)).order_by(table.c.time))
    }
    for row in latest.values():
        rates = [{"name": name, "wrong": wrong, "cases": n} for name, (wrong, n) in row["error_rates"].items()]
        yield {**row, "error_rates": rates}


def _reliability(database: Database, run: Run) -> Iterator[dict[str, Any]]:
    rows, least = Facets(database).reliability(run.id), run.settings.curate.get("min_reliability", 0.0)
    doubtful = below(rows, least, {row.culture for row in rows})
    for row in rows:
        yield {**row.as_json(), "doubtful": row.of == "facet" and row.name in doubtful[row.culture]}


def last_message(given: Any) -> str:
    """The text of a side or of a prompt, in TRL's conversational format or as plain text."""
    if isinstance(given, list):
        return str(given[-1].get("content") or "") if given and isinstance(given[-1], dict) else ""
    return "" if given is None else str(given)


def _take_apart(
    row: Any,
    seeds: Mapping[str, Seed],
    scenes: list[dict[str, Any]],
    remarks: list[dict[str, Any]],
    votes: list[dict[str, Any]],
) -> None:
    seed = seeds.get(row["seed"])
    rounds = row["rounds"]
    first, last = (rounds[0], rounds[-1]) if rounds else (None, None)
    common = {"culture": row["culture"], "seed": row["seed"]}
    draft = last["draft"] if last else {}
    scenes.append(
        {
            **common,
            "id": row["id"],
            "framework": seed.framework if seed else "unknown",
            "dimension": seed.dimension if seed else "unknown",
            "verdict": row["verdict"],
            "reason": row["reason"],
            "clean": all(f["severity"] != "severe" for f in first["findings"]) if first else None,
            "judged": bool(last and last["votes"]),
            "text": "\n".join(draft[part] for part in ("situation", "endorsing", "opposing")) if draft else None,
        }
    )
    for finding in first["findings"] if first else ():
        kept = {name: finding[name] for name in ("critic", "kind", "severity", "quote")}
        remarks.append({**common, **kept, "scenario": row["id"]})
    for vote in last["votes"] if last else ():
        kept = {name: vote[name] for name in ("judge", "order", "endorses", "confidence")}
        votes.append({**common, **kept, "scenario": row["id"]})


def _truth(path: Path) -> Iterator[dict[str, Any]]:
    """What is true of readers, one JSON object a line: `reader`, and `stances`, `facets`, `demographics` by name."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the truth file {path}: {error}") from None
    for number, text in enumerate(lines, start=1):
        try:
            row = json.loads(text)
            for kind, field in (("stance", "stances"), ("facet", "facets"), ("demographic", "demographics")):
                for name, value in row.get(field, {}).items():
                    yield {"reader": row["reader"], "kind": kind, "name": name, "value": str(value)}
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise InputError(f"{path}:{number}: not a reader's truth: {error}") from None
