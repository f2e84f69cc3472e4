"""Shortcuts: what tells chosen from rejected without reading what they mean. A trained model finds it too."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.study import Study, count_words, percent
from gravity.audit.tables import Codes, Flags, Floats, codes, pick


def measure(study: Study) -> list[Figure]:
    """Length and style, by culture and over all."""
    pairs = study.evidence.pairs
    if not len(pairs):
        return []
    culture = study.culture_codes(pairs)
    lengths = _lengths(study, "chosen"), _lengths(study, "rejected")
    clusters = (codes(pairs, "reader")[0], codes(pairs, "subject")[0])
    tracks, names = codes(pairs, "track")
    figures: list[Figure] = []
    for code, name in enumerate(study.cultures):
        mine = culture == code
        if not mine.any():
            continue
        figures += _length(study, name, "all", mine, lengths, clusters)
        for track, label in enumerate(names):
            part = mine & (tracks == track)
            if part.any() and len(names) > 1:
                figures += _length(study, name, label, part, lengths, clusters)
        figures.append(_style(study, name, mine, *clusters))
    return figures


def _lengths(study: Study, side: str) -> Floats:
    """The words of each row's side, each distinct text counted once."""
    found, distinct = codes(study.evidence.pairs, side)
    counted = np.array([*(count_words(text) for text in distinct), 0], dtype=np.float64)
    return counted[found]


def _length(
    study: Study, culture: str, track: str, rows: Flags, lengths: tuple[Floats, Floats], clusters: tuple[Codes, ...]
) -> Iterator[Figure]:
    chosen, rejected = lengths[0][rows], lengths[1][rows]
    draws = study.draws(clusters, rows)
    ones = np.ones(len(chosen))
    longer = (chosen > rejected) + 0.5 * (chosen == rejected)
    figure = Figure("chosen is the longer", culture, track, n=len(chosen))
    found = draws.rate(longer, ones)
    study.filled(figure, found, draws)
    figure.extra["AUC of length alone"] = auc(chosen, rejected)
    ratio = np.log((chosen + 1) / (rejected + 1))
    size = Figure("length of chosen against rejected", culture, track, "ratio", len(chosen))
    spread = np.exp(draws.ratio(ratio, ones))
    study.filled(size, draws.estimate(float(np.exp(ratio.mean())), spread), draws)
    # The tracks are looked at to see where a lean comes from; the test is over all of them.
    if track == "all" and study.above(figure, found, study.settings.length_margin, both_ways=0.5):
        which = "longer" if (figure.value or 0) > 0.5 else "shorter"
        share = figure.value if which == "longer" else 1 - (figure.value or 0)
        figure.alarm = Alarm(
            "serious",
            f"Length tells the answer in {study.called(culture)}: the chosen side is the {which} one in "
            f"{percent(share)} of pairs ({size.value or 1:.2f} times as long)",
            "Balance the lengths in the writer's prompt, drop the most unequal pairs, or normalise the loss by length",
            rows=_rows(study, rows, (chosen > rejected) if which == "longer" else (chosen < rejected)),
            rows_are=f"pairs whose chosen side is the {which}",
        )
    yield figure
    yield size


def _rows(study: Study, rows: Flags, telling: Flags) -> Any:
    return lambda: pick(study.evidence.pairs, "id", np.flatnonzero(rows)[telling])


def auc(first: Floats, second: Floats) -> float:
    """How often a value of `first` exceeds one of `second`, ties half: the area under the curve of a threshold."""
    ordered = np.sort(second)
    below = np.searchsorted(ordered, first, "left") + np.searchsorted(ordered, first, "right")
    return float(below.sum() / (2 * len(first) * len(second)))


def _style(study: Study, culture: str, rows: Flags, reader: Codes, subject: Codes) -> Figure:
    """How often a bag of words, trained on other seeds, tells chosen from rejected."""
    from gravity.frameworks.measures import FOLDS

    figure = Figure("words alone tell chosen from rejected", culture)
    places = np.flatnonzero(rows)
    if len(places) > study.settings.texts:
        places = np.sort(np.random.default_rng(0).choice(places, study.settings.texts, replace=False))
    figure.n = len(places)
    seeds = np.unique(subject[places], return_inverse=True)[1].reshape(-1)
    if len(places) < study.settings.min_rows or seeds.max(initial=0) + 1 < max(FOLDS, study.settings.min_clusters):
        figure.enough = False
        return figure
    chosen, rejected = (pick(study.evidence.pairs, side, places) for side in ("chosen", "rejected"))
    right = told(chosen, rejected, seeds)
    if right is None:
        figure.enough = False
        return figure
    draws = study.draws((reader[places], seeds))
    found = draws.rate(right, np.ones(len(right)))
    study.filled(figure, found, draws)
    if study.above(figure, found, 0.5 + study.settings.style_margin):
        figure.alarm = Alarm(
            "moderate",
            f"Words alone tell the answer in {study.called(culture)}: a bag of words, tested on seeds it was not "
            f"trained on, gets {percent(figure.value)} of pairs right",
            "Look for words that one side overuses: a model can learn them instead of what the reader would choose",
            rows=lambda: pick(study.evidence.pairs, "id", places[right > 0.5]),
            rows_are="pairs that the bag of words gets right",
        )
    return figure


def told(chosen: list[str], rejected: list[str], seeds: Codes) -> Floats | None:
    """For each pair 1 where a logistic bag of words picks the chosen side, 0.5 for a tie, in folds of whole seeds.

    None where the texts have no words.
    """
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    from gravity.frameworks.measures import picked

    hashed = HashingVectorizer(n_features=2**15, norm=None, alternate_sign=False, token_pattern=r"\b\w+\b")
    texts = hashed.transform([*chosen, *rejected])
    if not texts.nnz:
        return None
    weighed = TfidfTransformer(sublinear_tf=True).fit_transform(texts)
    difference = (weighed[: len(chosen)] - weighed[len(chosen) :]).tocsr()
    return picked(lambda train: difference, seeds, solver="liblinear")


MEASURE = Measure(
    Section(
        "shortcuts",
        "Shortcuts",
        "What tells the chosen side without reading for meaning. A model trained on the pairs will find it too.",
    ),
    {
        "chosen is the longer": "Share of pairs whose chosen side has more words; a tie counts half, and one half is "
        "fair. By culture and track; the test is over all tracks of a culture.",
        "length of chosen against rejected": "Geometric mean of the ratio of words.",
        "words alone tell chosen from rejected": "Accuracy of a logistic bag of words, tested on seeds it was not "
        "trained on; one half is chance.",
    },
    measure,
)
