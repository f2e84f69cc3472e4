"""`gravity status`, whose tables other commands print as well."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gravity.commands.console import console, plain, table
from gravity.commands.options import ConfigOption, JsonOption, RunOption, opened

if TYPE_CHECKING:
    from gravity.counting import Counts, Status
    from gravity.frameworks.statistics import Interval
    from gravity.relying import Relying
    from gravity.showing import Showing
    from gravity.store.distinction import Distinction
    from gravity.store.facets import FacetReliability
    from gravity.store.rated_lots import Rated, Tested
    from gravity.store.records import Lot
    from gravity.store.spending import Spent

EPILOG = "Example: gravity status --json"


def command(run: RunOption = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Counts by stage, culture, track and verdict; they add up."""
    with opened(config) as project:
        counted = project.run(run).status()
    if as_json:
        print(json.dumps(counted.as_json()))
    else:
        print_status(counted)


def print_status(counted: "Status") -> None:
    """Prints the counts of a run."""
    from gravity.counting import STANCES, VERDICTS

    console.print(f"Run {counted.run}")
    table("Readers", ["what", "readers"], list(counted.readers.items()))
    table("Reviews of profiled readers", ["what", "reviews"], list(counted.reviews.items()))
    _by_culture("Scenarios", counted.scenarios, [*VERDICTS, "pending"])
    _by_culture("Stances (readers x seeds)", counted.stances, STANCES)
    table(
        "Pairs",
        ["culture", "track", *VERDICTS, "total"],
        [[row["culture"], row["track"], *(row[v] for v in VERDICTS), row["total"]] for row in counted.pairs],
    )
    print_lots(counted.lots)
    _print_distinctions(counted.distinctions)
    print_rated(counted.rated)
    print_facets(counted.facets)
    if counted.unanswered:
        rows = [[row.what, row.reason, row.items] for row in counted.unanswered]
        table("Not answered", ["what waits", "reason", "items"], rows)
    print_showing(counted.showing)
    print_spent(counted.spent)


def print_facets(facets: "Relying") -> None:
    """Prints what is known of facets, how far the halves of readers' reviews agree about them, and what makes no pairs
    for want of it."""
    from gravity.relying import LEVELS
    from gravity.store.facets import ALL

    _by_culture("Facets of personality (readers x facets)", facets.levels, LEVELS)
    if not facets.reliability:
        return
    rows = {(row.of, row.name, row.culture): row for row in facets.reliability}
    table(
        "Split halves of personality, all cultures: r of the halves' scores and of both together (95% interval)",
        ["of", "name", "readers", "r", "both halves", "genre, stars out", "levels agree", "gave a level"],
        [
            [*(row.of, row.name, row.readers, _number(row.r), _reliability(row), _number(row.partial)), *_levels(row)]
            for row in facets.reliability
            if row.culture == ALL
        ],
    )
    measured = [row for row in facets.reliability if row.culture != ALL and row.r is not None]
    if measured:
        cultures = sorted({row.culture for row in measured})
        table(
            "The same by culture, where it is measured: reliability of both halves together",
            ["of", "name", *cultures],
            [
                [of, name, *(_reliability(rows.get((of, name, culture))) for culture in cultures)]
                for of, name in dict.fromkeys((row.of, row.name) for row in measured)
            ],
        )
    if facets.left_out:
        _left_out(facets)
    if any(facets.not_measured.values()):
        told = ", ".join(f"{culture} {n}" for culture, n in facets.not_measured.items() if n)
        console.print(f"Facets not measured, for want of readers, which make pairs all the same: {told}.")


def _left_out(facets: "Relying") -> None:
    table(
        f"Facets that make no pairs, with a reliability below {facets.least:.2f} (curate.min_reliability)",
        ["culture", "facet", "reliability", "measured on", "readers high or low", "pairs not made"],
        [
            [
                *(row["culture"], row["facet"], f"{row['spearman_brown']:.2f}"),
                f"{row['readers_measured']:,} readers of {row['measured_on']}",
                *(row["readers"], row["pairs_not_made"]),
            ]
            for row in facets.left_out
        ],
    )


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _reliability(row: "FacetReliability | None") -> str:
    if row is None or row.interval is None:
        return "not measured"
    return f"{_number(row.whole)} ({row.interval.low:.2f} to {row.interval.high:.2f}), n={row.readers:,}"


def _levels(row: "FacetReliability") -> tuple[str, str]:
    """In how many readers both halves give the same level, and how many halves give one."""
    agreed = f"{row.agreed} of {row.both}"
    if row.agreement:
        agreed += f" ({row.agreement.low:.0%} to {row.agreement.high:.0%})"
    return agreed, f"{row.told / row.halves:.0%} of {row.halves:,}" if row.halves else "none"


def print_showing(shown: "Showing") -> None:
    """Prints what readers let show, and how far their stances hold."""
    if shown.views["readers read"]:
        table("Views", ["what", "number"], list(shown.views.items()))
        table("Seeds that readers brought", ["what", "seeds"], list(shown.brought.items()))
    columns = ["culture", "source", "agree", "disagree", "total"]
    table("Stances by source", columns, [[row[name] for name in columns] for row in shown.sources])
    if not shown.curve:
        return
    table(
        "Split halves: what one half of a reader's reviews gives, against what the other half shows (95% interval)",
        ["source", "culture", "n", "contradicted", "share"],
        [[row["source"], row["culture"], row["n"], row["contradicted"], _measured(row)] for row in shown.halves],
    )
    table(
        "Stances of at least a confidence, all cultures (curate.min_confidence chooses)",
        ["source", "confidence", "stances a reader", "pairs a reader", "expected label error", "contradicted"],
        [
            [
                *(row["source"], f"{row['threshold']:.2f}", f"{row['stances_a_reader']:.1f}"),
                "not known" if row["pairs_a_reader"] is None else f"{row['pairs_a_reader']:.1f}",
                "no stance" if row["expected_error"] is None else f"{row['expected_error']:.1%}",
                _measured(row),
            ]
            for row in shown.curve
        ],
    )


def _measured(row: "dict[str, Any]") -> str:
    if row["share"] is None:
        return "not measured"
    return f"{row['share']:.1%} [{row['low']:.1%} to {row['high']:.1%}], n={row['n']:,}"


def print_spent(spent: Sequence["Spent"]) -> None:
    """Prints what a run asked of the models, and what that cost."""
    from gravity.money import figures, summed

    table(
        "Model calls made for this run",
        ["role", "model", "calls", "tokens in", "cached", "tokens out", "reasoning", "cost", "seconds"],
        [[row.role, row.model, row.calls, *figures(row), round(row.seconds)] for row in spent],
    )
    console.print(plain(f"This run so far: {summed(spent)}."))


def print_lots(lots: Sequence["Lot"]) -> None:
    """Prints what the samples say of each lot."""
    table(
        "Lots: a sample of each, judged end to end (label error: 95% interval, which takes in the panel's own errors "
        "and those that it shares with the profiler)",
        ["lot", "pairs", "checked", "spared", "against", "undecided", "people: wrong", "label error", "verdict"],
        [
            [
                *(f"{lot.culture} {lot.track}", lot.pairs, f"{lot.checked} of {lot.sample}", lot.spared),
                *(lot.against, lot.undecided, f"{lot.people[0]} of {lot.people[1]}" if lot.people[1] else "not asked"),
                f"{lot.low:.1%} to {lot.high:.1%}" if lot.measured else "not measured",
                f"{lot.verdict}, confirmed pairs alone" if lot.only_confirmed else lot.verdict,
            ]
            for lot in lots
        ],
    )
    for lot in lots:
        if lot.verdict != "vetted" or not lot.sample:
            console.print(plain(f"{lot.culture} {lot.track}: {lot.reason}"))


def _print_distinctions(rows: Sequence["Distinction"]) -> None:
    table(
        "Whose reading it is: pairs whose label would be another for another reader of the culture (95% interval); "
        "labels that never differ carry nothing of a reader",
        ["lot", "pairs", "compared", "subjects", "would differ"],
        [
            [
                *(f"{row.culture} {row.track}", row.pairs, row.compared, row.subjects),
                "not measured" if row.share is None else f"{row.share:.1%}{_ends(row.interval)}",
            ]
            for row in rows
        ],
    )


def _ends(interval: "Interval | None") -> str:
    return "" if interval is None else f" [{interval.low:.1%} to {interval.high:.1%}]"


def print_rated(rated: "Sequence[Rated]") -> None:
    """Prints what later ratings say of the labels that rest on ratings."""
    rows = [
        [
            *(f"{lot.culture} {lot.track}", kind, of.pairs, of.tested),
            *(of.confirmed, of.tied, of.contradicted, of.readers, _confirmed(of)),
        ]
        for lot in rated
        for kind, of in [*lot.kinds.items(), ("all", lot)]
    ]
    if rows:
        columns = ["lot", "rests on", "pairs", "tests", "confirmed", "ties", "contradicted", "readers", "confirmed"]
        table("Labels from ratings, against ratings held back (share confirmed: 95% interval)", columns, rows)


def _confirmed(of: "Tested") -> str:
    return f"{of.share:.1%} ({of.low:.1%} to {of.high:.1%})" if of.share is not None else "not tested"


def _by_culture(title: str, rows: "Counts", columns: Sequence[str]) -> None:
    names = [*columns, "total"]
    table(title, ["culture", *names], [[culture, *(row[n] for n in names)] for culture, row in rows.items()])
