"""The command line. Heavy imports wait inside the commands, so that `--help` answers at once."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gravity import errors

if TYPE_CHECKING:
    from gravity.workshop import Workshop

app = typer.Typer(
    name="gravity",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Curates synthetic preference pairs from readers' reviews, and says how far they can be trusted.",
    epilog="Exit codes: 0 done, 2 usage or configuration, 3 input, 4 a model cannot be used, 5 the store cannot be "
    "used, 6 the audit found what --fail-on names, 130 interrupted. A run that stopped goes on when started again.",
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="The configuration; ./gravity.toml where there is one.")
]
CultureOption = Annotated[str | None, typer.Option(help="Only readers of this culture, such as us or br.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
UnqualifiedOption = Annotated[
    bool, typer.Option("--unqualified", help="Go on where no model has qualified; the rows are marked.")
]
RunOption = Annotated[str | None, typer.Option("--run", help="A run's id or its beginning; the latest by default.")]


class TrackName(StrEnum):
    """The tracks."""

    VALUES = "values"
    PERSONALITY = "personality"
    INTERESTS = "interests"


class FailOn(StrEnum):
    """The levels of findings."""

    SERIOUS = "serious"
    MODERATE = "moderate"
    NOTE = "note"


def main() -> None:
    """Runs the command line; an expected error is one line on stderr and its documented exit code."""
    try:
        app()
    except BaseException as error:
        # Typer makes this exit of Ctrl-C; what any other one is about has been said already.
        interrupted = isinstance(error, SystemExit) and error.code == errors.INTERRUPTED
        if isinstance(error, SystemExit) and not interrupted:
            raise
        missing = errors.missing_package(error)
        if missing:
            print(f"error: {missing}", file=sys.stderr)
            raise SystemExit(errors.USAGE) from None
        code = errors.INTERRUPTED if interrupted else errors.exit_code(error)
        if code is None:
            raise
        line = "stopped: start it again to go on" if code == errors.INTERRUPTED else f"error: {error}"
        print(" ".join(line.split()), file=sys.stderr)
        raise SystemExit(code) from None


def _workshop(config: Path | None, unqualified: bool = False) -> "Workshop":
    from gravity.config import load_config
    from gravity.workshop import Workshop

    return Workshop(load_config(config), unqualified=unqualified)


@app.command(epilog="Example: gravity ingest reviews.jsonl.gz --format amazon-2023 --items meta.jsonl --culture us")
def ingest(
    file: Annotated[Path, typer.Argument(help="Reviews as JSON lines, plain or gzipped.")],
    layout: Annotated[
        str,
        typer.Option(
            "--format", help="The layout: amazon-2023, amazon-2014, or one that another installed package brings."
        ),
    ],
    items: Annotated[
        Path | None, typer.Option(help="Metadata of the books; with amazon-2014, too, in the layout of amazon-2023.")
    ] = None,
    readers: Annotated[
        Path | None, typer.Option(help="What is known of readers: id, culture, gender, age, location.")
    ] = None,
    culture: Annotated[str | None, typer.Option(help="The culture of readers of whom nothing else is known.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Takes reviews, books and readers into the store. A bad row is counted and listed, and never ends the run."""
    from gravity import intake

    intake.ingest(_workshop(config), file, layout, items, readers, culture, as_json)


@app.command(epilog="Example: gravity qualify --json > qualified.json")
def qualify(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Puts every configured judge, profiler and critic to gold cases, and says which of them count, and where."""
    from gravity import qualifying

    qualifying.qualify(_workshop(config), as_json)


@app.command(epilog="Example: gravity curate --readers 100 --culture br")
def curate(
    readers: Annotated[int | None, typer.Option(min=1, help="At most this many readers, spread over cultures.")] = None,
    culture: CultureOption = None,
    unqualified: UnqualifiedOption = False,
    config: ConfigOption = None,
) -> None:
    """Profiles readers, fills the scenario bank, and composes pairs. Killed and started again, it goes on."""
    from gravity import running, views

    workshop = _workshop(config, unqualified)
    running.curate(workshop, {"readers": readers, "culture": culture})
    views.status(workshop, workshop.run, as_json=False)


@app.command(epilog="Example: gravity preview --culture jp")
def preview(
    culture: CultureOption = None,
    unqualified: UnqualifiedOption = False,
    config: ConfigOption = None,
) -> None:
    """Runs three readers' worth, prints pairs, and estimates the full run. What it made is kept for that run."""
    from gravity import estimate

    estimate.preview(_workshop(config, unqualified), culture)


@app.command(epilog="Example: gravity status --json")
def status(run: RunOption = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Counts by stage, culture, track and verdict; they add up."""
    from gravity import views

    workshop = _workshop(config)
    views.status(workshop, views.find_run(workshop, run), as_json)


@app.command(epilog="Example: gravity show 3f2a9c01")
def show(
    pair: Annotated[str, typer.Argument(help="The id of a pair, or its beginning.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """The whole trail of one pair: reader, evidence, stance, scenes, votes, findings, verdict."""
    from gravity import trail

    trail.show(_workshop(config), pair, as_json)


@app.command(epilog="Example: gravity review --culture jp --track values --by Aiko")
def review(
    culture: CultureOption = None,
    track: Annotated[TrackName | None, typer.Option(help="Only pairs of this track.")] = None,
    by: Annotated[str | None, typer.Option(help="Your name, which the trail keeps; your login by default.")] = None,
    run: RunOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what waits, and decide nothing.")] = False,
    config: ConfigOption = None,
) -> None:
    """A person decides: pairs that the panel disagreed with, could not tell, or that were held, each with its trail.

    Keys: k keep, f flip the sides, e edit the texts, r reject, s skip, u undo the last decision, q quit.
    """
    from gravity import reviewing, views

    workshop = _workshop(config)
    wanted = reviewing.Wanted(culture, track.value if track else None)
    reviewing.review(workshop, views.find_run(workshop, run), wanted, by, as_json)


@app.command(epilog="Example: gravity export out/dataset && gravity-trainer train out/dataset --output out/adapter")
def export(
    folder: Annotated[Path, typer.Argument(help="The dataset's folder; it is made.")],
    run: RunOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Writes the vetted pairs as a dataset that datasets and TRL load."""
    from gravity import views
    from gravity.store.dataset import export as write_dataset

    workshop = _workshop(config)
    result = write_dataset(
        workshop.ledger, views.find_run(workshop, run), folder, workshop.config.curate.test_share, overwrite
    )
    views.exported(result, as_json)


@app.command(epilog="Example: gravity audit --output out/audit --fail-on serious")
def audit(
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the report; it is made.")],
    run: RunOption = None,
    dataset: Annotated[
        Path | None,
        typer.Option(help="Audit this folder instead: parquet or JSON lines in TRL's format with a culture column."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="What is true of readers, JSON lines: reader, stances, traits.")
    ] = None,
    swaps: Annotated[
        bool, typer.Option("--swaps", help="Also ask the models about cases with their markers of culture swapped.")
    ] = False,
    max_calls: Annotated[int, typer.Option(min=1, help="Refuse swaps that take more model calls than this.")] = 2_000,
    fail_on: Annotated[
        FailOn | None, typer.Option(help="Exit with 6 where there is a finding of this level or a worse one.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Bias figures per culture, with intervals, tests and findings in plain words: report.html, report.md, audit.json.

    Thresholds are in the section [audit] of gravity.toml. Without --swaps no model is called.
    """
    from gravity import auditing

    code = auditing.audit(
        _workshop(config), run, dataset, truth, output, swaps, max_calls, fail_on.value if fail_on else None, as_json
    )
    raise typer.Exit(code)


@app.command(epilog='Example: gravity write --reader R1 --title "The Sea" --description "..." --adapter out/adapter')
def write(
    reader: Annotated[str, typer.Option(help="The id of a profiled reader.")],
    title: Annotated[str, typer.Option(help="The book's title.")],
    description: Annotated[str, typer.Option(help="The book's own description.")],
    adapter: Annotated[Path | None, typer.Option(help="An adapter that the trainer wrote.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Also without the adapter, beside the original.")] = False,
    run: RunOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Writes a book's description anew for one reader. Needs the `train` extra."""
    from gravity import describe, views

    workshop = _workshop(config)
    describe.write(workshop, views.find_run(workshop, run), reader, title, description, adapter, compare, as_json)


frameworks_app = typer.Typer(epilog="Example: gravity frameworks --seed hof-pdi-01")
app.add_typer(frameworks_app, name="frameworks")


@frameworks_app.callback(invoke_without_command=True)
def frameworks(
    context: typer.Context,
    seed: Annotated[str | None, typer.Option(help="Show this seed with its gold cases.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """What is known beforehand: seeds, personality items, cultures, gold cases, with those of the material folder."""
    if context.invoked_subcommand is not None:
        return
    from gravity import material
    from gravity.config import load_config
    from gravity.frameworks.gold import Gold
    from gravity.frameworks.loader import Library

    library = Library(overlay=load_config(config).material)
    if seed is None:
        material.overview(library, Gold(library), as_json)
    else:
        material.seed(library, Gold(library), seed, as_json)


@frameworks_app.command(
    "import", epilog="Example: gravity frameworks import TRAIT.jsonl --format trait --output material/items/trait.jsonl"
)
def import_items(
    file: Annotated[Path, typer.Argument(help="Personality items as JSON lines or one JSON list.")],
    layout: Annotated[Literal["trait", "big5chat"], typer.Option("--format", help="The layout of the items.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The JSON lines file to write, in items/.")],
    as_json: JsonOption = False,
) -> None:
    """Takes personality items of TRAIT or Big5-Chat into a file for the folder items/ of a material folder."""
    from gravity import material

    material.take_items(file, layout, output, as_json)


@app.command(epilog="Example: gravity graph > graphs.md")
def graph(config: ConfigOption = None) -> None:
    """The LangGraph graphs as Mermaid."""
    from gravity.graphs.check import check_graph
    from gravity.graphs.curate import curate_graph
    from gravity.graphs.profile import profile_graph
    from gravity.graphs.scenario import scenario_graph

    crew = _workshop(config).crew()
    for name, compiled in (
        ("curate", curate_graph(crew)),
        ("scenario", scenario_graph(crew)),
        ("profile", profile_graph(crew)),
        ("check", check_graph(crew)),
    ):
        print(f"## {name}\n\n```mermaid\n{compiled.get_graph().draw_mermaid().strip()}\n```\n")


if __name__ == "__main__":
    main()
