"""Leakage: words of other cultures in a culture's texts, and identities that come with attributes."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gravity.audit.charts import heat_map
from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.measures import associations
from gravity.audit.resampling import Draws, Estimate
from gravity.audit.study import Study, listed
from gravity.audit.tables import Codes
from gravity.audit.texts import Texts, texts
from gravity.frameworks.words import any_of

EXAMPLES = 5


def measure(study: Study) -> list[Figure]:
    """The matrix of cultures and lexicons, and the associations."""
    read = texts(study)
    return [*_matrix(study, read), *associations.figures(study, read)]


def _matrix(study: Study, read: Texts) -> Iterator[Figure]:
    lexicons = {name: culture.lexicon.terms() for name, culture in study.library.cultures.items()}
    hits = matches(lexicons, read.text)
    for code, culture in enumerate(study.cultures):
        places = np.flatnonzero(read.culture == code)
        if not len(places):
            continue
        draws = study.draws((read.seed[places],))
        for name, found in hits.items():
            yield _rate(study, read, "lexicon entries", culture, name, places, found, draws)[0]
        if culture in hits:
            yield _foreign(study, read, culture, places, hits, draws)


def _rate(
    study: Study,
    read: Texts,
    name: str,
    culture: str,
    lexicon: str,
    places: Codes,
    found: Mapping[int, list[str]],
    draws: Draws,
) -> tuple[Figure, Estimate | None]:
    """Entries in 1,000 words of the texts at `places`; `found` are the entries by text."""
    hits = np.array([len(found.get(place, ())) for place in places.tolist()], dtype=np.float64)
    words = read.words[places]
    total = max(1.0, float(words.sum()))
    figure = Figure(name, culture, lexicon, "per 1,000 words", int(total), extra={"texts": len(places)})
    estimate = draws.estimate(1_000 * float(hits.sum()) / total, 1_000 * draws.ratio(hits, words))
    study.filled(figure, estimate, draws)
    figure.enough = len(places) >= study.settings.min_rows and draws.count >= study.settings.min_clusters
    if estimate is not None and not hits.any():
        # No hit in so many words: the rule of three bounds the rate (Hanley & Lippman-Hand 1983).
        figure.high = 1_000 * 3 / total
    return figure, estimate


def _foreign(
    study: Study, read: Texts, culture: str, places: Codes, hits: Mapping[str, Mapping[int, list[str]]], draws: Draws
) -> Figure:
    """The rate of words of all other cultures together, which is what is tested."""
    mine, strange = set(places.tolist()), dict[int, list[str]]()
    for lexicon, found in hits.items():
        for place in found.keys() & mine if lexicon != culture else ():
            strange.setdefault(place, []).extend(found[place])
    figure, estimate = _rate(study, read, "words of other cultures", culture, "", places, strange, draws)
    if study.above(figure, estimate, study.settings.leak_per_1000):
        common = [
            term for term, _ in Counter(term for terms in strange.values() for term in terms).most_common(EXAMPLES)
        ]
        figure.extra["most often"] = listed(common)
        figure.alarm = Alarm(
            "moderate",
            f"Texts of {study.called(culture)} hold words of other cultures: {figure.value:.1f} in 1,000 words, such "
            f"as {listed(common)}",
            "Look at the writer's prompt and the revisions: a scene should be at home in its own culture",
            rows=lambda: [read.row[place] for place in sorted(strange)],
            rows_are=f"{read.rows_are} with words of other cultures",
        )
    return figure


def matches(lexicons: Mapping[str, Sequence[str]], texts: Sequence[str]) -> dict[str, dict[int, list[str]]]:
    """By lexicon, the entries that stand in each text that has any, as written and as whole words."""
    patterns = {name: any_of(terms) for name, terms in lexicons.items()}
    found: dict[str, dict[int, list[str]]] = {name: {} for name in lexicons}
    # Most texts hold no entry of most lexicons: a look at their words is cheaper than the patterns.
    heads: dict[str, set[str]] = {}
    for name, terms in lexicons.items():
        for term in terms:
            heads.setdefault(_WORD.findall(term)[0], set()).add(name)
    known = frozenset(heads)
    for place, text in enumerate(texts):
        for name in {name for head in known.intersection(_WORD.findall(text)) for name in heads[head]}:
            if entries := patterns[name].findall(text):
                found[name][place] = entries
    return found


_WORD = re.compile(r"\w+")


MEASURE = Measure(
    Section(
        "leakage",
        "Leakage and associations",
        "Words of one culture in another's texts, and identities that come with attributes. Each distinct text is "
        "counted once; where a culture has more than 50,000 texts, that many are drawn.",
    ),
    {
        "words of other cultures": "Entries of all other cultures' lexicons in 1,000 words of the culture's texts.",
        "lexicon entries": "Entries of each lexicon (across) in 1,000 words of each culture's texts (down). High "
        "rates on the diagonal are well; those off it are leakage.",
        **associations.WORDS,
    },
    measure,
    charts={"lexicon entries": heat_map},
)
