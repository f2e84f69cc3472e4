"""Coverage: who and what there is, and what is too thin to say anything about."""

from collections import Counter
from collections.abc import Iterator

from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.study import Study
from gravity.audit.tables import codes, numbers


def measure(study: Study) -> list[Figure]:
    """Counts by culture of readers, reviews and pairs, and by what is known of them."""
    return [*_readers(study), *_pairs(study)]


def _count(study: Study, name: str, culture: str, group: str, n: int, least: int) -> Figure:
    return Figure(name, culture, group, "count", n, value=float(n), enough=n >= least)


def _readers(study: Study) -> Iterator[Figure]:
    readers, least = study.evidence.readers, study.settings.min_clusters
    if not len(readers):
        return
    culture, reviews = study.culture_codes(readers), numbers(readers, "reviews")
    for code, label in enumerate(study.cultures):
        mine = culture == code
        yield _count(study, "readers", label, "", int(mine.sum()), least)
        written = reviews[mine][reviews[mine] == reviews[mine]]
        if len(written):
            yield _count(study, "reviews", label, "", int(written.sum()), study.settings.min_rows)
        for column in ("gender", "age", "language"):
            found, names = codes(readers, column)
            counted = Counter(names[c] if c >= 0 else "not given" for c in found[mine])
            if set(counted) == {"not given"}:
                continue
            for value, n in sorted(counted.items()):
                yield _count(study, f"readers by {column}", label, value, n, least)


def _pairs(study: Study) -> Iterator[Figure]:
    pairs, least = study.evidence.pairs, study.settings.min_rows
    culture = study.culture_codes(pairs)
    for code, label in enumerate(study.cultures):
        mine = culture == code
        figure = _count(study, "pairs", label, "", int(mine.sum()), least)
        if len(pairs) and not figure.enough:
            figure.alarm = Alarm(
                "note",
                f"{study.called(label)} has {figure.n} pairs: too few to say anything about it",
                f"Take in more readers and reviews of {study.called(label)}: a claim about a rate takes {least} pairs",
                certain=True,
            )
        yield figure
        for column in ("track", "framework"):
            found, names = codes(pairs, column)
            for value, n in sorted(Counter(names[c] for c in found[mine] if c >= 0).items()):
                yield _count(study, f"pairs by {column}", label, value, n, least)


MEASURE = Measure(
    Section(
        "coverage",
        "Coverage",
        "Who and what there is. Cells marked insufficient are too thin to say anything about.",
    ),
    {
        "pairs": "Preference pairs.",
        "pairs by track": "Preference pairs by track.",
        "pairs by framework": "Preference pairs by framework.",
        "readers": "Readers with a profile.",
        "reviews": "Their reviews.",
        "readers by gender": "Readers by gender, as given.",
        "readers by age": "Readers by age band, as given.",
        "readers by language": "Readers by the language that most of their reviews are in.",
    },
    measure,
)
