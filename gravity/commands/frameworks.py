"""`gravity frameworks`: what is known beforehand, in counts or one seed with its gold cases."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gravity.commands.console import console, plain, table
from gravity.commands.options import ConfigOption, JsonOption, opened
from gravity.errors import ConfigError

if TYPE_CHECKING:
    from gravity.frameworks.gold import Gold
    from gravity.frameworks.loader import Library

app = typer.Typer(epilog="Example: gravity frameworks --seed hof-pdi-01")


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    seed: Annotated[str | None, typer.Option(help="Show this seed with its gold cases.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """What is known beforehand: seeds, personality items, cultures, gold cases, with those of the material folder."""
    if context.invoked_subcommand is not None:
        return
    with opened(config) as project:
        if seed is None:
            _print_overview(project.library, project.gold, as_json)
        else:
            _print_seed(project.library, project.gold, seed, as_json)


@app.command(
    "import", epilog="Example: gravity frameworks import TRAIT.jsonl --format trait --output material/items/trait.jsonl"
)
def import_items(
    file: Annotated[Path, typer.Argument(help="Personality items as JSON lines or one JSON list.")],
    layout: Annotated[Literal["trait", "big5chat"], typer.Option("--format", help="The layout of the items.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The JSON lines file to write, in items/.")],
    as_json: JsonOption = False,
) -> None:
    """Takes personality items of TRAIT or Big5-Chat into a file for the folder items/ of a material folder."""
    from gravity.frameworks import importers

    counts = importers.import_items(file, layout, output)
    if as_json:
        print(json.dumps({"file": str(output), "items": dict(counts)}))
        return
    table(f"Items ({counts.total()})", ["trait", "items"], list(counts.items()))
    console.print(
        f"Written to {plain(output)}; the folder items/ of a material folder takes it. These items name no facet: they "
        "make no pairs until they do, or until the folder's facets.yaml has a facet of the name that they have."
    )


def _print_overview(library: "Library", gold: "Gold", as_json: bool) -> None:
    """Prints how many seeds, items, cultures and gold cases there are. Raises DataError for bad material."""
    seeds = Counter((seed.framework, seed.dimension, seed.pole) for seed in library.seeds.values())
    dimensions = [(framework, name) for framework, made in library.frameworks.items() for name in made.dimensions]
    facets = Counter((item.trait, item.facet) for item in library.items.values())
    shipped = Counter(scene.culture for scene in library.scenes.values())
    sets = {
        "stance": Counter((case.culture, case.split) for case in gold.stances.values()),
        "scenarios": Counter((case.culture, case.split) for case in gold.scenarios.values()),
        "bias": Counter((case.culture, case.split) for case in gold.bias.values()),
        "views": Counter((case.culture, case.split) for case in gold.views.values()),
        "facets": Counter((case.culture, case.split) for case in gold.facets.values()),
        "writings": Counter((case.culture, case.split) for case in gold.writings.values()),
        "inventions": Counter((case.culture, case.split) for case in gold.inventions.values()),
    }
    if as_json:
        figures = {
            "seeds": {f"{f}/{d}": {p: seeds[f, d, p] for p in ("high", "low")} for f, d in dimensions},
            "items": {f"{trait}/{facet}": n for (trait, facet), n in facets.items()},
            "cultures": {
                c.id: {"terms": len(c.lexicon.terms()), "scenarios": shipped[c.id]} for c in library.cultures.values()
            },
            "gold": {
                name: {f"{c} {split}": n for (c, split), n in sorted(made.items())} for name, made in sets.items()
            },
        }
        print(json.dumps(figures))
        return
    table(
        f"Seeds ({len(library.seeds)})",
        ["framework", "dimension", "high", "low"],
        [[f, d, seeds[f, d, "high"], seeds[f, d, "low"]] for f, d in dimensions],
    )
    by_trait = Counter(trait for trait, _ in facets.elements())
    listed = [[t, ", ".join(f for trait, f in facets if trait == t), n] for t, n in by_trait.items()]
    table(f"Personality items ({len(library.items)})", ["trait", "facets", "items"], listed)
    table(
        "Cultures",
        ["id", "name", "language", "lexicon", "shipped scenarios"],
        [[c.id, c.name, c.language, len(c.lexicon.terms()), shipped[c.id]] for c in library.cultures.values()],
    )
    table(
        "Gold cases",
        ["set", "culture", "dev", "held-out"],
        [
            [name, culture, counts[culture, "dev"], counts[culture, "held-out"]]
            for name, counts in sets.items()
            for culture in library.cultures
        ],
    )
    console.print("One seed with its gold cases: gravity frameworks --seed ID")


def _print_seed(library: "Library", gold: "Gold", identity: str, as_json: bool) -> None:
    """Prints one seed and its gold cases. Raises ConfigError where there is no such seed."""
    from gravity.frameworks.gold import split_of

    found = library.seeds.get(identity)
    if found is None:
        near = [name for name in library.seeds if name.startswith(identity)][:8]
        hint = f"; ids that begin so: {', '.join(near)}" if near else ""
        raise ConfigError(f"there is no seed '{identity}'{hint}")
    stances = [case for case in gold.stances.values() if case.seed == identity]
    scenarios = [case for case in gold.scenarios.values() if case.seed == identity]
    if as_json:
        figures = {
            "seed": found.model_dump(),
            "stances": [case.model_dump() for case in stances],
            "scenarios": [case.model_dump() for case in scenarios],
        }
        print(json.dumps(figures, ensure_ascii=False))
        return
    console.print(
        f"[bold]{found.id}[/]  {found.framework} / {found.dimension}, pole {found.pole}, {split_of(identity)}"
    )
    console.print(f"  statement  {plain(found.statement)}\n  opposite   {plain(found.opposite)}")
    table(
        "Gold stances",
        ["id", "culture", "answer", "case", "excerpt", "reason"],
        [[c.id, c.culture, c.answer, c.case, c.excerpt, c.reason] for c in stances],
    )
    table(
        "Gold scenarios",
        ["id", "culture", "answer", "situation", "first", "second", "reason"],
        [[c.id, c.culture, c.answer, c.situation, c.first, c.second, c.reason] for c in scenarios],
    )
