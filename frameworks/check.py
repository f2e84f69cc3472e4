"""Checks material beyond what the loader refuses: `python -m gravity.frameworks.check [MATERIAL_FOLDER]`.

Without a folder it checks what ships. With one it checks the folder with the shipped material under it: what ships
has to be complete, and what is added is held to the same lengths, balance and leaks. Prints one table, then one line
a fault, and exits 1 where there is any. Needs scikit-learn, of the `dev` extra.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gravity.frameworks.check_alike import check_alike
from gravity.frameworks.check_gold import check_gold
from gravity.frameworks.errors import DataError
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report, leaks, lengths, texts
from gravity.frameworks.records import TRAITS

SEED_WORDS, QUESTION_WORDS, ANSWER_WORDS, SCENE_WORDS = range(8, 23), range(8, 31), range(12, 36), range(25, 81)
END_WORDS = range(5, 19)
SEED_GAP, ITEM_GAP, SCENE_GAP, END_GAP = 3, 0.15, 0.20, 5  # words; share of the longer side
FACETS_EACH, KEYS_EACH, LEXICON = 6, 5, 100  # facets of a trait; items of each key a facet; entries of a culture
SCENES_EACH = 3  # of each seed and culture


def check_folder(library: Library, report: Report) -> None:
    """What the overlay brings, where there is one, and that nothing in it goes unread by mistake."""
    if library.overlay is None:
        return
    read = library.overlaid()
    found = {path for ending in ("json", "jsonl", "yaml", "yml") for path in library.overlay.rglob(f"*.{ending}")}
    folders = Counter(path.parent.relative_to(library.overlay).as_posix() for path in read)
    figures = ", ".join(f"{n} in {name}" for name, n in folders.items())
    faults = [f"{path} is not read" for path in sorted(found - {*read})]
    report.add("material folder: files", figures, "all data files are read", faults)


def check_seeds(library: Library, report: Report) -> None:
    """Counts, poles, texts and leaks of the seeds. Which dimensions an overlay adds to is its own affair."""
    for name, framework in library.frameworks.items():
        poles = Counter((seed.dimension, seed.pole) for seed in library.seeds.values() if seed.framework == name)
        counts = {dimension: (poles[dimension, "high"], poles[dimension, "low"]) for dimension in framework.dimensions}
        sums = [sum(count) for count in counts.values()]
        high, low = (sum(count[pole] for count in counts.values()) for pole in (0, 1))
        faults = [f"{d}: {h} high, {w} low" for d, (h, w) in counts.items() if min(h, w) < 1 or abs(h - w) > 1]
        added = any(seed.framework == name and seed.id not in library.base.seeds for seed in library.seeds.values())
        if abs(high - low) > 1 or (max(sums) - min(sums) > 1 and not added):
            faults.append(f"{high} high, {low} low, {min(sums)} to {max(sums)} a dimension")
        figures = f"{len(sums)} dimensions, {high} high, {low} low, {min(sums)}-{max(sums)} each"
        report.add(f"seeds of {name}", figures, "even, both poles", faults)
    pairs = [(seed.id, seed.statement, seed.opposite) for seed in library.seeds.values()]
    texts(report, "seeds", [(p[0], side) for p in pairs for side in p[1:]], SEED_WORDS)
    lengths(report, "seeds", pairs, SEED_GAP)
    leaks(report, "seeds: statement told", pairs)


def check_facets(library: Library, report: Report) -> None:
    """That each trait has its facets, each with items, and that their ends are put alike."""
    facets, named = library.facets.values(), {item.facet for item in library.items.values()}
    traits: Counter[str] = Counter(facet.trait for facet in library.base.facets.values())
    faults = [f"{trait} has {traits[trait]} facets" for trait in TRAITS if traits[trait] != FACETS_EACH]
    faults += [f"{facet.id} has no item" for facet in facets if facet.id not in named]
    rule = f"{FACETS_EACH} a trait and what is added, each with items"
    report.add("facets", ", ".join(f"{n} of {trait}" for trait, n in traits.items()), rule, faults)
    ends = [(facet.id, facet.high, facet.low) for facet in facets]
    texts(report, "facets", [(end[0], side) for end in ends for side in end[1:]], END_WORDS)
    lengths(report, "facets", ends, END_GAP)


def check_items(library: Library, report: Report) -> None:
    """Counts, keys, texts and leaks of the personality items."""
    own = [item for item in library.items.values() if item.written_here]
    others = Counter(item.source for item in library.items.values() if not item.written_here)
    if others:
        told = ", ".join(f"{n} of {source}" for source, n in others.items())
        idle = sum(item.facet not in library.facets for item in library.items.values())
        report.skip(
            "items of other sources", told + (f"; {idle} make no pairs, of no known facet" if idle else ""), "none"
        )
    facets: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for item in own:
        facets[item.trait, item.facet][item.key] += 1
    faults = [
        f"{facet}: {keys['+']} of +, {keys['-']} of -"
        for (_, facet), keys in facets.items()
        if keys["+"] != keys["-"] or keys["+"] < KEYS_EACH
    ]
    rule = f">= {2 * KEYS_EACH} items a facet, keys even"
    report.add("items", f"{len(own)} of {len(facets)} facets", rule, faults)
    pairs = [(item.id, item.high, item.low) for item in own]
    texts(report, "items' questions", [(item.id, item.question) for item in own], QUESTION_WORDS)
    texts(report, "items' answers", [(p[0], side) for p in pairs for side in p[1:]], ANSWER_WORDS)
    lengths(report, "items", pairs, ITEM_GAP)
    leaks(report, "items: high told", pairs)


def check_scenes(library: Library, report: Report) -> None:
    """Texts and leaks of the shipped scenarios, where there are any; a seed is one group in all cultures."""
    pairs = [(f"{s.seed}/{s.culture}/{s.slot}", s.endorsing, s.opposing) for s in library.scenes.values()]
    if not pairs:
        return
    shipped, slots = library.base, Counter((s.seed, s.culture) for s in library.base.scenes.values())
    faults = [
        f"{seed} has {slots[seed, culture]} scenarios of {culture}"
        for culture in shipped.cultures
        for seed in shipped.seeds
        if slots[seed, culture] != SCENES_EACH
    ]
    per = Counter(s.culture for s in library.scenes.values())
    figures = ", ".join(f"{culture} {n}" for culture, n in per.items())
    report.add("scenarios", figures, f"{SCENES_EACH} of each shipped seed in {', '.join(shipped.cultures)}", faults)
    texts(report, "scenarios", [(p[0], side) for p in pairs for side in p[1:]], SCENE_WORDS)
    lengths(report, "scenarios", pairs, SCENE_GAP)
    leaks(report, "scenarios: endorsing told", pairs)
    for culture in library.cultures:
        bank = [pair for pair in pairs if pair[0].split("/")[1] == culture]
        leaks(report, f"scenarios of {culture}: endorsing told", bank)


def check_cultures(library: Library, report: Report) -> None:
    """Sizes of the lexicons, that no two share an entry, and that each culture has the scores of Hofstede's."""
    owners: Counter[str] = Counter()
    dimensions, faults, sizes = {*library.frameworks["hofstede"].dimensions}, [], []
    for name, culture in library.cultures.items():
        terms = {term.casefold() for term in culture.lexicon.terms()}
        sizes.append(f"{name} {len(terms)}")
        faults += [f"{name} has {len(terms)} entries"] if len(terms) < LEXICON else []
        faults += [f"{name}: score of {d} is missing or unknown" for d in dimensions ^ {*culture.hofstede.scores}]
        owners.update(terms)
    faults += [f"'{term}' is in {n} lexicons" for term, n in owners.items() if n > 1]
    report.add("cultures: lexicon, scores", ", ".join(sizes), f">= {LEXICON}, none shared, all dimensions", faults)


def check_taxonomies(library: Library, report: Report) -> None:
    """That each name in a taxonomy means one category, and that each domain's is there."""
    folders = [path for folder in library.folders for path in sorted(folder.glob("domains/*.yaml"))]
    for name in dict.fromkeys(path.stem for path in folders):
        domain = library.domain(name)
        if domain.taxonomy is None:
            report.skip(f"taxonomy of {name}", "none is named: each category name is one of its own", "no name twice")
            continue
        taxonomy = library.taxonomy(domain)
        figures = f"{len(taxonomy)} categories, {taxonomy.depth} deep, {len(taxonomy.shelves)} shelves"
        report.add(f"taxonomy of {name}", figures, "no name means two", taxonomy.faults())


def check_planted(library: Library, report: Report) -> None:
    """That the planted readers join up with their books, reviews and truth, and these with seeds and cultures."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for name in ("readers", "reviews", "books", "truth"):
        content = (library.root / "planted" / f"{name}.jsonl").read_text(encoding="utf-8")
        rows[name] = [json.loads(line) for line in content.splitlines()]
    ids = Counter([row["id"] for row in rows["readers"]] + [row["parent_asin"] for row in rows["books"]])
    culture = {row["id"]: row["culture"] for row in rows["readers"]}
    truth = {row["reader"]: row for row in rows["truth"]}
    genre = {row["parent_asin"]: row["categories"][-1] for row in rows["books"]}
    wrote = Counter(row["user_id"] for row in rows["reviews"])
    wrong: dict[str, set[str]] = {
        "stands twice": {name for name, n in ids.items() if n > 1},
        "is of an unknown culture": {name for name, home in culture.items() if home not in library.cultures},
        "is not both a reader and in truth": {*culture, *wrote, *truth} - ({*culture} & {*truth}),
        "has no review": {*culture} - {*wrote},
        "is not a known book": {row["parent_asin"] for row in rows["reviews"]} - {*genre},
        "has a review not marked synthetic": {r["user_id"] for r in rows["reviews"] if r.get("synthetic") is not True},
    }
    for name, known in truth.items():
        stances, evidence, traits = known["stances"], known["evidence"], known["traits"]
        held = {seed for seed, stance in stances.items() if stance != "unknown"}
        rests = {seed for seed, at in evidence.items() if {*at} and {*at} <= {*range(wrote[name])}}
        levels = {*traits.values(), *(f"no {trait}" for trait in {*TRAITS} ^ {*traits})}
        facets, shows = known["facets"], known["facet_evidence"]
        told = {facet for facet, level in facets.items() if level != "unknown"}
        seen = {facet for facet, at in shows.items() if {*at} and {*at} <= {*range(wrote[name])}}
        wrong |= {
            f"is not a known seed ({name})": {*stances} - {*library.seeds},
            f"is not a stance ({name})": {*stances.values()} - {"agree", "disagree", "unknown"},
            f"has a stance without evidence, or the reverse ({name})": held ^ rests | ({*evidence} - rests),
            f"is not a level of a trait ({name})": levels - {"high", "mid", "low"},
            f"is not a known facet ({name})": {*facets} ^ {*library.base.facets},
            f"is not a level of a facet ({name})": {*facets.values()} - {"high", "low", "unknown"},
            f"has a level without evidence, or the reverse ({name})": told ^ seen | ({*shows} - seen),
            f"is the genre of no book ({name})": {g for named in known["genres"].values() for g in named}
            - {*genre.values()},
        }
    faults = [f"{subject} {what}" for what, subjects in wrong.items() for subject in sorted(subjects)]
    report.add("planted", ", ".join(f"{len(given)} {name}" for name, given in rows.items()), "all join up", faults)


CHECKS = (
    check_folder,
    check_seeds,
    check_facets,
    check_items,
    check_scenes,
    check_cultures,
    check_taxonomies,
    check_planted,
    check_gold,
    check_alike,
)


def check_material(library: Library) -> int:
    """Prints the table and the faults; 0 where there is none, otherwise 1."""
    report = Report()
    for part in CHECKS:
        try:
            part(library, report)
        except (DataError, OSError, ValueError, KeyError) as error:
            report.faults.append(f"{part.__name__}: {type(error).__name__}: {error}")
    widths = [max(map(len, column)) for column in zip(*report.rows, strict=True)]
    for row in report.rows:
        print(*(cell.ljust(width) for cell, width in zip(row, widths, strict=True)), sep="  ")
    print(*report.faults, sep="\n", end="\n" if report.faults else "")
    return 1 if report.faults else 0


def main(arguments: Sequence[str]) -> int:
    """Checks the material folder that is named, or what ships; 3 where there is no such folder."""
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print("usage: python -m gravity.frameworks.check [MATERIAL_FOLDER]", file=sys.stderr)
        return 2
    try:
        return check_material(Library(overlay=Path(arguments[0]) if arguments else None))
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
