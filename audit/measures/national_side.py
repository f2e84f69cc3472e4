"""Labels that follow the country: how often the chosen side is the one that the national figure leans to.

National figures describe countries. People differ within a country far more than countries do, so labels that all
take the national side are a stereotype and no success.
"""

from collections.abc import Callable, Iterator

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure
from gravity.audit.measures.stances import STANCES
from gravity.audit.nations import national
from gravity.audit.study import Study, percent
from gravity.audit.tables import Codes, Flags, codes, pick, where


def measure(study: Study) -> Iterator[Figure]:
    """The share of values pairs whose chosen side is the pole of the national figure, over all and by culture."""
    pairs = study.evidence.pairs
    culture = study.culture_codes(pairs)
    sides = _sides(study, culture)
    rows = where(pairs, "takes", "agree", "disagree") & (sides != 0)
    hits = where(pairs, "takes", "agree") == (sides > 0)
    clusters = codes(pairs, "reader")[0], codes(pairs, "subject")[0]
    for name, inside in study.parts(culture):
        mine = rows & inside
        figure = Figure("chosen side is the national mean's", name, n=int(mine.sum()), enough=False)
        if mine.any():
            draws = study.draws(clusters, mine)
            found = draws.rate(hits[mine].astype(float), np.ones(figure.n))
            study.filled(figure, found, draws)
            if study.above(figure, found, study.settings.national_share):
                figure.alarm = Alarm(
                    "serious",
                    f"Labels{f' of {study.called(name)}' if name else ''} follow the country: in "
                    f"{percent(figure.value)} of the values pairs the chosen side is the one "
                    "that the national figure leans to",
                    "Profile the same reviews with the culture left out and see whether the labels stay: they must "
                    "come from the reader's reviews",
                    rows=_ids(study, mine & hits),
                    rows_are="pairs on the national side",
                )
        if name in study.library.cultures or not name:
            yield figure


def _sides(study: Study, culture: Codes) -> Codes:
    """For each pair +1 where agreeing with its seed is the nation's side, -1 where disagreeing is, 0 for neither."""
    seeds, names = codes(study.evidence.pairs, "subject")
    sides = np.zeros((len(study.cultures) + 1, len(names) + 1), dtype=np.int64)
    for row, name in enumerate(study.cultures):
        for column, subject in enumerate(names):
            known, seed = study.library.cultures.get(name), study.library.seeds.get(subject)
            lean = national(study.library, known, f"{seed.framework}/{seed.dimension}") if known and seed else None
            if lean and seed:
                sides[row, column] = np.sign(lean[0]) * (1 if seed.pole == "high" else -1)
    return np.asarray(sides[culture, seeds], dtype=np.int64)


def _ids(study: Study, rows: Flags) -> Callable[[], list[str]]:
    return lambda: pick(study.evidence.pairs, "id", rows)


MEASURE = Measure(
    STANCES,
    {
        "chosen side is the national mean's": "Share of values pairs in which the chosen side is the pole that the "
        "national figure (Hofstede above or below 50, the survey's map above or below 0) leans to. People differ "
        "within a country far more than countries do, so a high share is a stereotype.",
    },
    measure,
)
