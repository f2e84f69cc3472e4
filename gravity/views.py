"""`gravity status` and what `gravity export` reports: counts that add up."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gravity.console import console, table
from gravity.errors import ConfigError
from gravity.store.dataset import Export
from gravity.store.lots import lots
from gravity.store.records import Lot, Run
from gravity.workshop import Workshop

VERDICTS = ("vetted", "held", "rejected", "failed")
STANCES = ("agree", "disagree", "unknown", "failed")


def find_run(workshop: Workshop, identity: str | None) -> Run:
    """The run that `identity` begins to name, or the latest. Raises ConfigError where there is none."""
    run = workshop.ledger.run(identity) if identity else workshop.ledger.latest_run()
    if run is None:
        wanted = f"no single run begins with '{identity}'" if identity else "the store has no run yet"
        raise ConfigError(f"{wanted}: run `gravity curate` first")
    return run


def status(workshop: Workshop, run: Run, as_json: bool) -> None:
    """Prints the counts of a run."""
    figures = _figures(workshop, run)
    if as_json:
        print(json.dumps(figures))
        return
    console.print(f"Run {run.id}")
    table("Readers", ["what", "readers"], list(figures["readers"].items()))
    _by_culture("Scenarios", figures["scenarios"], [*VERDICTS, "pending"])
    _by_culture("Stances (readers x seeds)", figures["stances"], STANCES)
    table(
        "Pairs",
        ["culture", "track", *VERDICTS, "total"],
        [
            [row["culture"], row["track"], *(row[verdict] for verdict in VERDICTS), row["total"]]
            for row in figures["pairs"]
        ],
    )
    print_lots([Lot.model_validate(lot) for lot in figures["lots"]])
    table(
        "Model calls kept, all runs",
        ["role", "model", "calls", "tokens in", "tokens out", "seconds"],
        [
            [
                row["role"],
                row["model"],
                row["calls"],
                row["tokens_in"],
                row["tokens_out"],
                round(row["seconds"]),
            ]
            for row in figures["calls"]
        ],
    )


def print_lots(found: Sequence[Lot]) -> None:
    """Prints what the samples say of each lot."""
    table(
        "Lots: a sample of each, judged end to end (label error: 95% interval)",
        ["lot", "pairs", "checked", "against", "undecided", "label error", "verdict"],
        [
            [
                *(f"{lot.culture} {lot.track}", lot.pairs, f"{lot.checked} of {lot.sample}"),
                *(lot.against, lot.undecided),
                f"{lot.low:.1%} to {lot.high:.1%}" if lot.agreed + lot.against else "not measured",
                lot.verdict,
            ]
            for lot in found
        ],
    )


def _figures(workshop: Workshop, run: Run) -> dict[str, Any]:
    from gravity.graphs.pending import selected

    ledger, counts = workshop.ledger, workshop.corpus.counts()
    # What the run itself asked for, whatever the configuration says by now.
    crew = workshop.crew()
    able = {reader.id: reader.culture for reader in selected(crew, {})}
    profiled = ledger.profiled(run.id)
    readers = {
        "profiled": len(profiled & able.keys()),
        "waiting": len(able.keys() - profiled),
        "no culture, or too few reviews": counts["readers"] - len(able),
        "total": counts["readers"],
    }
    return {
        "run": run.id,
        "store": counts,
        "readers": readers,
        "scenarios": _scenarios(workshop, run, sorted({culture for culture in able.values() if culture})),
        "stances": _stances(workshop, run),
        "pairs": _pairs(ledger.pair_counts(run.id)),
        "lots": [lot.model_dump() for lot in lots(ledger, run)],
        "calls": [
            {"role": role, "model": model, **figures}
            for (role, model), figures in sorted(workshop.answers.usage().items())
        ],
    }


def _scenarios(workshop: Workshop, run: Run, cultures: list[str]) -> dict[str, dict[str, int]]:
    counts = workshop.ledger.scenario_counts(run.id)
    planned = run.settings["seeds"] * run.settings["scenarios_per_seed"]
    rows = {}
    for culture in sorted({*cultures, *(culture for culture, _ in counts)}):
        row = {verdict: counts[culture, verdict] for verdict in VERDICTS}
        rows[culture] = {**row, "pending": planned - sum(row.values()), "total": planned}
    return rows


def _stances(workshop: Workshop, run: Run) -> dict[str, dict[str, int]]:
    counts = workshop.ledger.fact_counts(run.id)
    rows: dict[str, dict[str, int]] = {}
    for (culture, kind, value), n in sorted(counts.items()):
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


def _by_culture(title: str, rows: dict[str, dict[str, int]], columns: Any) -> None:
    names = [*columns, "total"]
    table(title, ["culture", *names], [[culture, *(row[n] for n in names)] for culture, row in rows.items()])


def exported(result: Export, as_json: bool) -> None:
    """Prints what an export wrote and left out."""
    figures = {
        "folder": str(result.folder),
        "rows": result.rows,
        "left_out": result.left_out,
        "by_culture_and_track": result.by_culture_and_track,
        "unqualified": result.unqualified,
        "lots": [lot.model_dump() for lot in result.lots],
    }
    if as_json:
        print(json.dumps(figures))
        return
    table("Rows", ["split", "rows"], list(result.rows.items()))
    table("Rows by culture and track", ["culture and track", "rows"], list(result.by_culture_and_track.items()))
    if result.left_out:
        table("Left out", ["reason", "pairs"], list(result.left_out.items()))
    print_lots(result.lots)
    if result.unqualified:
        console.print(
            f"[bold]{result.unqualified:,} rows are marked as unqualified[/]: no model had shown that it can make them"
        )
    console.print(f"The dataset is in {result.folder}")
