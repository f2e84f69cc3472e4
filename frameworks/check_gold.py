"""Checks of the gold sets: counts, balance, splits, lengths and leaks.

The sets of the shipped cultures are complete: so many cases a seed, so many a kind. An added culture has as many as its
author wrote, and they have to be balanced as the shipped ones are.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import get_args

from gravity.frameworks.check_gold_writings import check_inventions, check_writings
from gravity.frameworks.gold import NO_VIEW, Gold, GoldBias, GoldFacet, GoldStance
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report, leaks, lengths, words
from gravity.frameworks.records import TRAITS
from gravity.frameworks.tallies import BALANCE, bounds, groups, listed, misfits, off, ranged, spaceless, splits, twice

SCENARIOS_EACH, KIND_EACH = 3, 10  # scenarios of a seed, each of another culture; cases of a kind in a culture
TRAPS = 0.2  # share of the scenarios that are answered by both or neither
EXCERPT_WORDS, SITUATION_WORDS, WAY_WORDS = range(30, 76), range(20, 41), range(25, 51)
EXCERPT_CHARACTERS = {"ja": range(85, 131), "zh": range(50, 131)}  # of languages that are written without spaces
WAYS_GAP = 4  # words
VIEW_KINDS = {  # cases of a kind in a culture
    "stated": 27,
    "implied": 24,
    "ironic": 12,
    "rejected": 12,
    "plot": 8,
    "praise": 6,
    "character": 6,
    "reported": 5,
}
WITHOUT = sum(VIEW_KINDS[kind] for kind in NO_VIEW) / sum(VIEW_KINDS.values())  # share of the cases
LIFE_SHARE = (0.40, 0.55)  # of the views; the others are about books
REVIEW_WORDS, QUOTE_WORDS, SIDE_WORDS = range(20, 221), range(3, 41), range(6, 23)
REVIEW_CHARACTERS, QUOTE_CHARACTERS = range(60, 241), range(6, 101)  # of languages that are written without spaces
SIDES_GAP = 5  # words
# What a guess that has not read the excerpt may get right of the views' sides: less than what a model has to show
# before it counts, which is 75% by default.
SIDES_LEAK = 0.72
FACET_EACH = {"high": 2, "low": 2, "unknown": 1}  # cases of a facet in a culture
# By how many reviews of a case there are: words, and characters of languages that are written without spaces.
FACET_WORDS = {1: range(35, 81), 2: range(20, 51), 3: range(20, 51)}
FACET_CHARACTERS = {1: range(80, 161), 2: range(45, 111), 3: range(45, 111)}
STARS_GAP = 0.4  # by which the mean ratings of a trait's high and low cases may differ


def check_gold(library: Library, report: Report) -> None:
    """Counts, balance, splits, lengths and leaks of the seven gold sets."""
    gold = Gold(library)
    _stances(gold, library, report)
    _scenarios(gold, library, report)
    _bias(gold, library, report)
    _views(gold, library, report)
    _facets(gold, library, report)
    check_writings(gold, library, report)
    check_inventions(gold, library, report)
    ids = Counter([*gold.stances, *gold.scenarios, *gold.bias, *gold.views, *gold.facets])
    ids.update([*gold.writings, *gold.inventions])
    report.add("gold ids", f"{len(ids)}", "unique", [f"{name} is in two sets" for name, n in ids.items() if n > 1])


def _stances(gold: Gold, library: Library, report: Report) -> None:
    cases, shipped = list(gold.stances.values()), library.base
    answers = Counter(case.answer for case in cases)
    seeds = Counter((case.culture, case.seed) for case in cases)
    complete = {(culture, seed) for culture in shipped.cultures for seed in shipped.seeds}
    cultures = Counter(culture for culture, seed in seeds.elements() if (culture, seed) in complete)
    faults = _total(cultures.total(), len(complete))
    faults += [f"{c} has {cultures[c]} cases" for c in shipped.cultures if cultures[c] != len(shipped.seeds)]
    faults += [f"{s} has {seeds[c, s]} cases of {c}" for c, s in sorted({*seeds} | complete) if seeds[c, s] != 1]
    for where, group in groups(cases, library):
        found = Counter(case.answer for case in group)
        sizes = {answer: found[answer] for answer in get_args(GoldStance.model_fields["answer"].annotation)}
        faults += [f"{n}{where} are '{answer}'" for answer, n in sizes.items() if off(n, len(group) / 3)]
    report.add(
        "gold stance",
        f"n={len(cases)}, {listed(answers)}, {listed(Counter(case.culture for case in cases))}",
        f"each of {len(shipped.seeds)} seeds once in {', '.join(shipped.cultures)}, a third an answer +-{BALANCE:.0%}",
        faults,
    )
    splits(report, "gold stance", {case.seed for case in cases})
    sized = [(case.id, case.excerpt, EXCERPT_CHARACTERS.get(case.language.split("-")[0])) for case in cases]
    spaced = [(name, text, EXCERPT_WORDS) for name, text, allowed in sized if allowed is None]
    other = [(name, text, allowed) for name, text, allowed in sized if allowed is not None]
    faults = twice(case.excerpt for case in cases) + misfits(spaced)
    faults += [f"{name} has {len(text)} characters" for name, text, allowed in other if len(text) not in allowed]
    ranges = ranged([words(text) for _, text, _ in spaced], "words")
    ranges += f", without spaces {ranged([len(text) for _, text, _ in other], 'characters')}" if other else ""
    others = "".join(f", {name} {bounds(r)} characters" for name, r in EXCERPT_CHARACTERS.items())
    report.add("gold stance: excerpts", ranges, f"{bounds(EXCERPT_WORDS)} words{others}, unique", faults)


def _scenarios(gold: Gold, library: Library, report: Report) -> None:
    cases, shipped = list(gold.scenarios.values()), library.base
    answers, twice = Counter(case.answer for case in cases), Counter((case.seed, case.culture) for case in cases)
    seeds = Counter(case.seed for case in cases if case.culture in shipped.cultures and case.seed in shipped.seeds)
    faults = _total(seeds.total(), len(shipped.seeds) * SCENARIOS_EACH)
    faults += [f"{seed} has {seeds[seed]} cases" for seed in shipped.seeds if seeds[seed] != SCENARIOS_EACH]
    faults += [f"{seed} has {n} cases of {culture}" for (seed, culture), n in twice.items() if n > 1]
    for where, group in groups(cases, library):
        found = Counter(case.answer for case in group)
        traps, plain = found["both"] + found["neither"], found["first"] + found["second"]
        faults += [f"{traps}{where} are traps"] if off(traps, TRAPS * len(group)) else []
        faults += [f"{found[way]}{where} are '{way}'" for way in ("first", "second") if off(found[way], plain / 2)]
    faults += [f"no trap is '{trap}'" for trap in ("both", "neither") if not answers[trap]]
    report.add(
        "gold scenarios",
        f"n={len(cases)}, {listed(answers)}",
        f"{SCENARIOS_EACH} a seed, {TRAPS:.0%} traps, first and second even +-{BALANCE:.0%}",
        faults,
    )
    splits(report, "gold scenarios", {case.seed for case in cases})
    _scenes(
        report,
        "gold scenarios",
        [(case.id, case.situation, SITUATION_WORDS) for case in cases],
        [(case.id, way, WAY_WORDS) for case in cases for way in (case.first, case.second)],
    )
    lengths(report, "gold scenarios", [(case.id, case.first, case.second) for case in cases], WAYS_GAP)
    told = [
        (f"{c.seed}/{c.id}", *((c.first, c.second) if c.answer == "first" else (c.second, c.first)))
        for c in cases
        if c.answer in ("first", "second")
    ]
    leaks(report, "gold scenarios: right told", told)


def _bias(gold: Gold, library: Library, report: Report) -> None:
    cases, kinds = list(gold.bias.values()), get_args(GoldBias.model_fields["kind"].annotation)
    cultures, found = Counter(case.culture for case in cases), Counter((case.culture, case.kind) for case in cases)
    asked = {culture: max(found[culture, kind] for kind in kinds) for culture in cultures}
    asked |= dict.fromkeys(library.base.cultures, KIND_EACH)
    faults = [f"{c} has {cultures[c]} cases" for c, each in asked.items() if cultures[c] != each * len(kinds)]
    faults += [
        f"{c} has {found[c, kind]} of {kind}" for c, each in asked.items() for kind in kinds if found[c, kind] != each
    ]
    report.add(
        "gold bias",
        f"n={len(cases)}, {listed(cultures)}",
        f"{KIND_EACH} of each kind in {', '.join(library.base.cultures)}, kinds even elsewhere",
        faults,
    )
    splits(report, "gold bias", {case.seed for case in cases})
    ways = [(case.id, way, WAY_WORDS) for case in cases for way in (case.endorsing, case.opposing, case.defective)]
    _scenes(report, "gold bias", [(case.id, case.situation, SITUATION_WORDS) for case in cases], ways)
    lengths(report, "gold bias", [(case.id, case.endorsing, case.opposing) for case in cases], WAYS_GAP)


def _views(gold: Gold, library: Library, report: Report) -> None:
    cases, shipped = list(gold.views.values()), library.base.cultures
    kinds, found = Counter(case.case for case in cases), Counter[tuple[str, str]]()
    found.update((case.culture, case.case) for case in cases)
    faults = [
        f"{culture} has {found[culture, kind]} of {kind}"
        for culture in shipped
        for kind, each in VIEW_KINDS.items()
        if found[culture, kind] != each
    ]
    languages = [
        (f" in {language}", [case for case in cases if case.language == language])
        for language in sorted({case.language for case in cases})
    ]
    for where, group in [*languages, *groups(cases, library)]:
        without = sum(not case.views for case in group)
        faults += [f"{without}{where} are without a view"] if off(without, WITHOUT * len(group)) else []
    views = [(case, view) for case in cases for view in case.views]
    life, (low, high) = sum(view.about == "life" for _, view in views), LIFE_SHARE
    faults += [] if low * len(views) <= life <= high * len(views) else [f"{life} of {len(views)} are about life"]
    report.add(
        "gold views",
        f"n={len(cases)}, {listed(kinds)}; {len(views)} views, {life} about life",
        f"so many of a kind in {', '.join(shipped)}, {WITHOUT:.0%} without in a language, "
        f"{low:.0%} to {high:.0%} about life",
        faults,
    )
    splits(report, "gold views", gold.views, "cases")
    given = [
        *((case, case.excerpt, REVIEW_WORDS, REVIEW_CHARACTERS) for case in cases),
        *((case, view.quote, QUOTE_WORDS, QUOTE_CHARACTERS) for case, view in views),
    ]
    faults = twice(case.excerpt for case in cases)
    for case, text, allowed, characters in given:
        without = spaceless(case.language)
        faults += [] if without else misfits([(case.id, text, allowed)])
        faults += [f"{case.id} has {len(text)} characters"] if without and len(text) not in characters else []
    spaced = [words(case.excerpt) for case in cases if not spaceless(case.language)]
    rule = (
        f"{bounds(REVIEW_WORDS)} words, {bounds(QUOTE_WORDS)} a quote, without spaces "
        f"{bounds(REVIEW_CHARACTERS)} and {bounds(QUOTE_CHARACTERS)} characters, unique"
    )
    report.add("gold views: excerpts", ranged(spaced, "words"), rule, faults)
    sides = [(case.id, side, SIDE_WORDS) for case, view in views for side in (view.statement, view.opposite)]
    faults = twice(text for _, text, _ in sides) + misfits(sides)
    figures = ranged([words(text) for _, text, _ in sides], "words")
    report.add("gold views: sides", figures, f"{bounds(SIDE_WORDS)} words, unique", faults)
    told = [(case.id, view.statement, view.opposite) for case, view in views]
    lengths(report, "gold views", told, SIDES_GAP)
    leaks(report, "gold views: statement told", told, SIDES_LEAK)


def _facets(gold: Gold, library: Library, report: Report) -> None:
    cases, shipped = list(gold.facets.values()), library.base
    answers, found = Counter(case.answer for case in cases), Counter[tuple[str, str, str]]()
    found.update((case.culture, case.facet, case.answer) for case in cases)
    faults = [
        f"{facet} has {found[culture, facet, answer]} of {culture} that are '{answer}'"
        for culture in shipped.cultures
        for facet in shipped.facets
        for answer, each in FACET_EACH.items()
        if found[culture, facet, answer] != each
    ]
    for where, group in groups(cases, library):
        sizes: Counter[str] = Counter(case.answer for case in group)
        faults += [
            f"{sizes[answer]}{where} are '{answer}'"
            for answer, each in FACET_EACH.items()
            if off(sizes[answer], len(group) * each / sum(FACET_EACH.values()))
        ]
    each = ", ".join(f"{n} {answer}" for answer, n in FACET_EACH.items())
    report.add(
        "gold facets",
        f"n={len(cases)}, {listed(answers)}, {listed(Counter(case.culture for case in cases))}",
        f"{each} of each of {len(shipped.facets)} facets in {', '.join(shipped.cultures)}",
        faults,
    )
    splits(report, "gold facets", gold.facets, "cases")
    faults = twice(review.text for case in cases for review in case.reviews)
    sizes_of: dict[str, list[int]] = {"words": [], "characters": []}
    for case in cases:
        without = spaceless(case.language)
        allowed = (FACET_CHARACTERS if without else FACET_WORDS)[len(case.reviews)]
        unit = "characters" if without else "words"
        for review in case.reviews:
            size = len(review.text) if without else words(review.text)
            sizes_of[unit].append(size)
            faults += [] if size in allowed else [f"{case.id} has a review of {size} {unit}"]
    rule = f"{bounds(FACET_WORDS[1])} words, of several reviews {bounds(FACET_WORDS[3])}"
    rule += f", without spaces {bounds(FACET_CHARACTERS[1])} and {bounds(FACET_CHARACTERS[3])} characters, unique"
    report.add("gold facets: reviews", ", ".join(ranged(sizes, unit) for unit, sizes in sizes_of.items()), rule, faults)
    _told_apart(cases, library, report)


def _told_apart(cases: Sequence[GoldFacet], library: Library, report: Report) -> None:
    """That neither stars, nor lengths, nor words that are the same for all facets tell a high case from a low one."""
    stars: dict[tuple[str, str], list[int]] = defaultdict(list)
    by_answer: dict[tuple[str, str, str], list[GoldFacet]] = defaultdict(list)
    for case in cases:
        stars[library.facets[case.facet].trait, case.answer] += [review.rating for review in case.reviews]
        by_answer[case.culture, case.facet, case.answer].append(case)
    gaps = {
        trait: fmean(stars[trait, "high"]) - fmean(stars[trait, "low"])
        for trait in TRAITS
        if stars[trait, "high"] and stars[trait, "low"]
    }
    faults = [f"{trait}'s high cases have {gap:+.2f} stars more" for trait, gap in gaps.items() if abs(gap) > STARS_GAP]
    figures = ", ".join(f"{trait} {gap:+.2f}" for trait, gap in gaps.items())
    report.add("gold facets: stars, high less low", figures, f"each <= {STARS_GAP}", faults)
    pairs = [
        (f"{facet}/{high.id}", _read(high), _read(low))
        for (culture, facet, answer), highs in by_answer.items()
        if answer == "high"
        for high, low in zip(highs, by_answer[culture, facet, "low"], strict=False)
    ]
    leaks(report, "gold facets: high told", pairs)


def _read(case: GoldFacet) -> str:
    """All that a reader of a case reads."""
    return " ".join(f"{review.title}. {review.text}" for review in case.reviews)


def _scenes(
    report: Report, what: str, situations: Sequence[tuple[str, str, range]], ways: Sequence[tuple[str, str, range]]
) -> None:
    faults = twice(text for _, text, _ in [*situations, *ways]) + misfits([*situations, *ways])
    found = [
        ranged([words(text) for _, text, _ in given], name)
        for given, name in ((situations, "a situation"), (ways, "a way on"))
    ]
    rule = f"{bounds(SITUATION_WORDS)} words a situation, {bounds(WAY_WORDS)} a way on, unique"
    report.add(f"{what}: texts", ", ".join(found), rule, faults)


def _total(found: int, asked: int) -> list[str]:
    return [] if found == asked else [f"{found} cases"]
