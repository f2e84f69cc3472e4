"""Views: what readers let show in their reviews, how much of it there is by culture, and what was dropped, and why.

Who loses views at the second asking is a gate, and tested among the gates.
"""

from collections.abc import Iterator

import numpy as np

from gravity.audit.figures import Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.study import Study
from gravity.audit.tables import codes, numbers, where


def measure(study: Study) -> list[Figure]:
    """How many views readers show, of what kind, and what was dropped, by culture."""
    return [*_readers(study), *_views(study)]


def _readers(study: Study) -> Iterator[Figure]:
    readers = study.evidence.readers
    culture, views = study.culture_codes(readers), numbers(readers, "views")
    for code, label in enumerate(study.cultures):
        shown = views[(culture == code) & np.isfinite(views)]
        if not len(shown):
            continue
        each = np.arange(len(shown))
        draws = study.draws((each,))
        spread = draws.ratio(shown, np.ones(len(shown)))
        figure = Figure("views a reader", label, unit="mean", n=len(shown))
        yield study.filled(figure, draws.estimate(float(shown.mean()), spread), draws)
        yield study.rate(shown == 0, (each,), name="readers without a view", culture=label)


def _views(study: Study) -> Iterator[Figure]:
    views = study.evidence.views
    culture, reader = study.culture_codes(views), codes(views, "reader")[0]
    kept = where(views, "verdict", "kept") & (numbers(views, "repeats") == 0)
    reason, reasons = codes(views, "reason")
    for code, label in enumerate(study.cultures):
        mine = culture == code
        for name, column, value in (("views about life", "about", "life"), ("stated views", "said", "stated")):
            rows = mine & kept
            if rows.any():
                yield study.rate(where(views, column, value)[rows], (reader[rows],), name=name, culture=label)
        for place in sorted(set(reason[mine & (reason >= 0)].tolist()), key=lambda place: str(reasons[place])):
            labels = {"name": "dropped views", "culture": label, "group": reasons[place]}
            yield study.rate(reason[mine] == place, (reader[mine],), **labels)


MEASURE = Measure(
    Section(
        "views",
        "Views",
        "What readers let show of their own views, each with a quote. A reader who shows few may hold as many: these "
        "figures speak of reviews and of the models that read them, and not of what people think.",
    ),
    {
        "views a reader": "Mean number of kept views, repeats left out, of the readers whose reviews were read.",
        "readers without a view": "Share of those readers in whose reviews no view was kept.",
        "views about life": "Share of the kept views that are about life beyond books.",
        "stated views": "Share of the kept views that the reader states; the others are implied.",
        "dropped views": "Share of the views found that were dropped for a reason: by the rules, or by the second "
        "asking, whose losses are tested among the gates.",
    },
    measure,
)
