"""Checks of the gold sets: counts, balance, splits, lengths and leaks."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, get_args

from gravity.frameworks.gold import Gold, GoldBias, split_of
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report, leaks, lengths, words

STANCES, SCENARIOS, BIASES = 600, 450, 240  # cases of a set
STANCES_EACH, BIASES_EACH, KIND_EACH = 150, 60, 10  # cases of a culture; cases of a kind in a culture
SCENARIOS_EACH, TRAPS = 3, 0.2  # scenarios of a seed, each of another culture; share answered by both or neither
BALANCE = 0.05  # by which share a count may miss the one that is asked for
EXCERPT_WORDS, SITUATION_WORDS, WAY_WORDS = range(30, 76), range(20, 41), range(25, 51)
EXCERPT_CHARACTERS = {"ja": range(85, 131)}  # of languages that are written without spaces
WAYS_GAP = 4  # words
DEV_SHARE = (0.30, 0.45)  # of a set's seeds

Sized = Iterable[tuple[str, str, range]]


def check_gold(library: Library, report: Report) -> None:
    """Counts, balance, splits, lengths and leaks of the three gold sets."""
    gold = Gold(library, library.root)
    _stances(gold, library, report)
    _scenarios(gold, library, report)
    _bias(gold, report)
    ids = Counter([*gold.stances, *gold.scenarios, *gold.bias])
    report.add("gold ids", f"{len(ids)}", "unique", [f"{name} is in two sets" for name, n in ids.items() if n > 1])


def _stances(gold: Gold, library: Library, report: Report) -> None:
    cases = gold.stances.values()
    cultures, answers = Counter(case.culture for case in cases), Counter(case.answer for case in cases)
    faults = _total(len(cases), STANCES)
    faults += [f"{culture} has {n} cases" for culture, n in cultures.items() if n != STANCES_EACH]
    seeds = Counter((case.culture, case.seed) for case in cases)
    pairs = [(culture, seed) for culture in cultures for seed in library.seeds]
    faults += [
        f"{seed} has {seeds[culture, seed]} cases of {culture}" for culture, seed in pairs if seeds[culture, seed] != 1
    ]
    faults += [f"{n} are '{answer}'" for answer, n in answers.items() if _off(n, STANCES / 3)]
    faults += [] if len(answers) == 3 else [f"no answers but {', '.join(answers)}"]
    report.add(
        "gold stance",
        f"n={len(cases)}, {_listed(answers)}, {_listed(cultures)}",
        f"{STANCES}, {STANCES_EACH} a culture, a seed once in each, {STANCES // 3} an answer +-{BALANCE:.0%}",
        faults,
    )
    _split(report, "gold stance", {case.seed for case in cases})
    spaced = [(c.id, c.excerpt, EXCERPT_WORDS) for c in cases if c.language not in EXCERPT_CHARACTERS]
    other = [(c.id, c.excerpt, EXCERPT_CHARACTERS[c.language]) for c in cases if c.language in EXCERPT_CHARACTERS]
    faults = _twice(case.excerpt for case in cases) + _misfits(spaced)
    faults += [f"{name} has {len(text)} characters" for name, text, allowed in other if len(text) not in allowed]
    found = _range([words(text) for _, text, _ in spaced], "words")
    found += f", without spaces {_range([len(text) for _, text, _ in other], 'characters')}" if other else ""
    spaceless = "".join(f", {name} {_bounds(r)} characters" for name, r in EXCERPT_CHARACTERS.items())
    report.add("gold stance: excerpts", found, f"{_bounds(EXCERPT_WORDS)} words{spaceless}, unique", faults)


def _scenarios(gold: Gold, library: Library, report: Report) -> None:
    cases = gold.scenarios.values()
    answers, seeds = Counter(case.answer for case in cases), Counter(case.seed for case in cases)
    faults = _total(len(cases), SCENARIOS)
    faults += [f"{seed} has {seeds[seed]} cases" for seed in library.seeds if seeds[seed] != SCENARIOS_EACH]
    twice = Counter((case.seed, case.culture) for case in cases)
    faults += [f"{seed} has {n} cases of {culture}" for (seed, culture), n in twice.items() if n > 1]
    traps, plain = answers["both"] + answers["neither"], answers["first"] + answers["second"]
    faults += [f"{traps} are traps"] if _off(traps, TRAPS * SCENARIOS) else []
    faults += [f"no trap is '{trap}'" for trap in ("both", "neither") if not answers[trap]]
    faults += [f"{answers[way]} are '{way}'" for way in ("first", "second") if _off(answers[way], plain / 2)]
    report.add(
        "gold scenarios",
        f"n={len(cases)}, {_listed(answers)}",
        f"{SCENARIOS}, {SCENARIOS_EACH} a seed, {TRAPS:.0%} traps, first and second even +-{BALANCE:.0%}",
        faults,
    )
    _split(report, "gold scenarios", {*seeds})
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


def _bias(gold: Gold, report: Report) -> None:
    cases = gold.bias.values()
    cultures, kinds = Counter(case.culture for case in cases), Counter((case.culture, case.kind) for case in cases)
    faults = _total(len(cases), BIASES)
    faults += [f"{culture} has {n} cases" for culture, n in cultures.items() if n != BIASES_EACH]
    asked = [(culture, kind) for culture in cultures for kind in get_args(GoldBias.model_fields["kind"].annotation)]
    faults += [
        f"{culture} has {kinds[culture, kind]} of {kind}"
        for culture, kind in asked
        if kinds[culture, kind] != KIND_EACH
    ]
    report.add(
        "gold bias",
        f"n={len(cases)}, {_listed(cultures)}",
        f"{BIASES}, {BIASES_EACH} a culture, {KIND_EACH} of each kind",
        faults,
    )
    _split(report, "gold bias", {case.seed for case in cases})
    ways = [(case.id, way, WAY_WORDS) for case in cases for way in (case.endorsing, case.opposing, case.defective)]
    _scenes(report, "gold bias", [(case.id, case.situation, SITUATION_WORDS) for case in cases], ways)
    lengths(report, "gold bias", [(case.id, case.endorsing, case.opposing) for case in cases], WAYS_GAP)


def _split(report: Report, what: str, seeds: Collection[str]) -> None:
    dev = sum(split_of(seed) == "dev" for seed in seeds)
    share, (low, high) = dev / max(1, len(seeds)), DEV_SHARE
    faults = [] if low <= share <= high else [f"{dev} of {len(seeds)} seeds are dev"]
    figures = f"{dev} of {len(seeds)} seeds are dev, {share:.1%}"
    report.add(f"{what}: splits", figures, f"{low:.0%} to {high:.0%} of the seeds are dev", faults)


def _scenes(
    report: Report, what: str, situations: Sequence[tuple[str, str, range]], ways: Sequence[tuple[str, str, range]]
) -> None:
    faults = _twice(text for _, text, _ in [*situations, *ways]) + _misfits([*situations, *ways])
    found = [
        _range([words(text) for _, text, _ in of], name)
        for of, name in ((situations, "a situation"), (ways, "a way on"))
    ]
    rule = f"{_bounds(SITUATION_WORDS)} words a situation, {_bounds(WAY_WORDS)} a way on, unique"
    report.add(f"{what}: texts", ", ".join(found), rule, faults)


def _misfits(named: Sized) -> list[str]:
    return [f"{name} has {words(text)} words" for name, text, allowed in named if words(text) not in allowed]


def _twice(texts: Iterable[str]) -> list[str]:
    return [f"'{text}' stands twice" for text, n in Counter(text.casefold() for text in texts).items() if n > 1]


def _total(found: int, asked: int) -> list[str]:
    return [] if found == asked else [f"{found} cases"]


def _off(found: float, asked: float) -> bool:
    return abs(found - asked) > BALANCE * asked


def _listed(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))


def _bounds(allowed: range) -> str:
    return f"{allowed[0]}-{allowed[-1]}"


def _range(found: Sequence[int], of: str) -> str:
    return f"{min(found, default=0)}-{max(found, default=0)} {of}"
