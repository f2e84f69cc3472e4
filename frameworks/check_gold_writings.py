"""Checks of the gold sets of writings and inventions: counts, balance, splits, sizes, lengths and leaks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from statistics import fmean

from gravity.frameworks.gold import DEV_PERCENT_OF_WRITINGS, Gold, GoldInvention, GoldWriting
from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report, leaks, lengths, words
from gravity.frameworks.tallies import bounds, groups, listed, off, ranged, spaceless, splits, twice

Case = GoldWriting | GoldInvention
Size = tuple[range, range]  # words, and characters of languages that are written without spaces

WRITING_KINDS = {"fits": 30, "nothing": 10, "flattery": 3, "invented": 3, "name-dropping": 2, "length": 2}
INVENTION_KINDS = {"event": 4, "person": 4, "setting": 4, "praise": 4, "author": 4, "reader": 5}
DEV_SHARE = (0.12, 0.28)  # of the cases
REVIEW: Size = (range(20, 61), range(45, 151))
DESCRIPTION: Size = (range(50, 91), range(120, 241))
TEXT: Size = (range(45, 81), range(110, 211))
PADDED: Size = (range(45, 141), range(110, 381))  # of a case of the kind "length"
CLEAN: Size = (range(40, 81), range(100, 211))
PLANTED: Size = (range(40, 101), range(100, 261))
QUOTE: Size = (range(3, 21), range(6, 51))
GAP, GAP_CHARACTERS, MEAN_GAP_CHARACTERS = 4, 8, 2
PADDING = (1.4, 2.2)  # how many times as long as the other a text is that is long for nothing
ALIKE = 0.8  # of a planted text without its quote and the clean one: the share that is the same


def check_writings(gold: Gold, library: Library, report: Report) -> None:
    """That counts and answers are balanced and sizes as asked, and that neither length nor words tell the answer."""
    cases = list(gold.writings.values())
    faults = _counts(cases, library, WRITING_KINDS)
    for where, group in groups(cases, library):
        for kind in WRITING_KINDS:
            answers: Counter[str] = Counter(case.answer for case in group if case.case == kind)
            first, second = answers["first"], answers["second"]
            uneven = off(first, (first + second) / 2)
            faults += [f"{first}{where} of {kind} are 'first' and {second} 'second'"] if uneven else []
    answers = Counter(case.answer for case in cases)
    of = listed(Counter(case.culture for case in cases))
    rule = f"{_each(WRITING_KINDS, library)}, first and second even"
    report.add("gold writings", f"n={len(cases)}, {listed(answers)}, {of}", rule, faults)
    _dealt(report, "gold writings", cases)
    sized = [
        *((case, "review", review.text, REVIEW) for case in cases for review in case.reviews),
        *((case, "description", case.description, DESCRIPTION) for case in cases),
        *(
            (case, "text", text, PADDED if case.case == "length" else TEXT)
            for case in cases
            for text in (case.first, case.second)
        ),
    ]
    _sizes(report, "gold writings", sized)
    _apart(report, [case for case in cases if case.case != "length"])
    _padded(report, [case for case in cases if case.case == "length"])
    told = [(case.id, *_sides(case)) for case in cases if case.case not in ("nothing", "length")]
    leaks(report, "gold writings: fitting told", told)


def check_inventions(gold: Gold, library: Library, report: Report) -> None:
    """That counts are balanced and sizes as asked, and that a planted text is its clean twin but for the quote."""
    cases = list(gold.inventions.values())
    faults = _counts(cases, library, INVENTION_KINDS)
    for case in cases:
        alike = SequenceMatcher(None, case.planted.replace(case.quote, "", 1), case.clean, autojunk=False).ratio()
        faults += [f"{case.id}'s texts differ in more than the quote: {alike:.0%} alike"] if alike < ALIKE else []
    found = f"n={len(cases)}, {listed(Counter(case.case for case in cases))}"
    rule = f"{_each(INVENTION_KINDS, library)}, twins but for the quote"
    report.add("gold inventions", found, rule, faults)
    _dealt(report, "gold inventions", cases)
    sized = [
        (case, name, text, allowed)
        for case in cases
        for name, text, allowed in (
            ("description", case.description, DESCRIPTION),
            ("clean text", case.clean, CLEAN),
            ("planted text", case.planted, PLANTED),
            ("quote", case.quote, QUOTE),
        )
    ]
    _sizes(report, "gold inventions", sized)


def _counts(cases: Sequence[Case], library: Library, kinds: Mapping[str, int]) -> list[str]:
    found = Counter((case.culture, case.case) for case in cases)
    return [
        f"{culture} has {found[culture, kind]} of {kind}"  # type: ignore[index]
        for culture in library.base.cultures
        for kind, each in kinds.items()
        if found[culture, kind] != each  # type: ignore[index]
    ]


def _each(kinds: Mapping[str, int], library: Library) -> str:
    return f"{', '.join(f'{n} {kind}' for kind, n in kinds.items())} in {', '.join(library.base.cultures)}"


def _dealt(report: Report, what: str, cases: Iterable[Case]) -> None:
    splits(report, what, [case.id for case in cases], "cases", DEV_PERCENT_OF_WRITINGS, DEV_SHARE)


def _sizes(report: Report, what: str, sized: Sequence[tuple[Case, str, str, Size]]) -> None:
    faults, counted = twice(text for _, _, text, _ in sized), dict[tuple[str, str], list[int]]()
    allowed_of = dict[str, Size]()
    for case, name, text, allowed in sized:
        without = spaceless(case.language)
        size, unit = (len(text), "characters") if without else (words(text), "words")
        counted.setdefault((name, unit), []).append(size)
        allowed_of.setdefault(name, allowed)
        faults += [] if size in allowed[without] else [f"{case.id} has a {name} of {size} {unit}"]
    figures = ", ".join(f"a {name} {ranged(sizes, unit)}" for (name, unit), sizes in counted.items())
    rule = ", ".join(f"a {name} {bounds(a)} words or {bounds(b)} characters" for name, (a, b) in allowed_of.items())
    report.add(f"{what}: texts", figures, f"{rule}, unique", faults)


def _apart(report: Report, cases: Sequence[GoldWriting]) -> None:
    """How much the two texts differ in length, the one that fits first."""
    sided = [(case, _sides(case)) for case in cases]
    spaced = [(case.id, *sides) for case, sides in sided if not spaceless(case.language)]
    if spaced:
        lengths(report, "gold writings", spaced, GAP)
    gaps = {case.id: len(one) - len(other) for case, (one, other) in sided if spaceless(case.language)}
    if gaps:
        mean = fmean(gaps.values())
        faults = [f"{name} differs by {abs(gap)}" for name, gap in gaps.items() if abs(gap) > GAP_CHARACTERS]
        faults += [f"one side is {mean:+.2f} characters longer"] if abs(mean) > MEAN_GAP_CHARACTERS else []
        figures = f"mean {mean:+.2f}, most {max(map(abs, gaps.values()))}"
        rule = f"each <= {GAP_CHARACTERS} characters, mean <= {MEAN_GAP_CHARACTERS}"
        report.add("gold writings: sides' lengths without spaces", figures, rule, faults)


def _padded(report: Report, cases: Sequence[GoldWriting]) -> None:
    """How many times as long as the fitting text the other one is where length is the trap."""
    times = {case.id: len(other) / len(one) for case in cases for one, other in [_sides(case)]}
    low, high = PADDING
    faults = [f"{name}'s padded text is {n:.2f} times as long" for name, n in times.items() if not low <= n <= high]
    figures = f"{min(times.values(), default=0):.2f} to {max(times.values(), default=0):.2f} times as long"
    report.add("gold writings: padding", figures, f"{low} to {high} times the text that fits", faults)


def _sides(case: GoldWriting) -> tuple[str, str]:
    """The text that fits and the other one; of a case in which neither does more, the first and the second."""
    return (case.second, case.first) if case.answer == "second" else (case.first, case.second)
