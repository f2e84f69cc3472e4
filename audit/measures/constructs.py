"""Constructs: the seeds that readers brought, and how much of what a culture's readers show the frameworks cover."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.hypotheses import compare
from gravity.audit.measure import Measure, Section
from gravity.audit.study import Study, percent
from gravity.audit.tables import Codes, Flags, codes, group, numbers, where

KNOWN, NEW, OWN = "a known dimension", "a construct of their own", "one reader's own"


def measure(study: Study) -> list[Figure]:
    """What readers brought, and how much of their stances and views the frameworks cover."""
    if not len(study.evidence.brought):
        # Where readers were given no say, that the frameworks cover everything is no finding.
        return []
    return [*_counts(study), *_sides(study), *_stances(study), *_views(study)]


def _kind(study: Study, seed: str) -> str | None:
    """What a seed is to the frameworks: KNOWN for theirs and for what is an instance of theirs; None if unknown."""
    if seed in study.library.seeds:
        return KNOWN
    row = study.brought.get(seed)
    return None if row is None else OWN if row["reader"] is not None else KNOWN if row["known"] else NEW


def _counts(study: Study) -> Iterator[Figure]:
    rows = study.evidence.brought.to_pylist()
    for culture in study.cultures:
        kinds = Counter(_kind(study, row["id"]) for row in rows if row["culture"] == culture)
        for kind in (KNOWN, NEW, OWN):
            yield Figure("seeds that readers brought", culture, kind, "count", kinds[kind], value=float(kinds[kind]))


def _sides(study: Study) -> Iterator[Figure]:
    """The readers on either side of each seed that several brought: when it was worded, and by culture at the end."""
    stances = _Stances(study)
    for seed, row in sorted(study.brought.items(), key=lambda item: (item[1]["dimension"], item[0])):
        if row["reader"] is not None:
            continue
        name, agree, disagree = f"{row['dimension']}: {row['statement']}", row["agree"], row["disagree"]
        speak = np.arange(agree + disagree)
        extra = {"agree": agree, "disagree": disagree, "seed": seed}
        yield study.rate(speak < agree, (speak,), name="readers on the statement's side", group=name, extra=extra)
        for code, culture in enumerate(study.cultures):
            mine = stances.toward(seed) & (stances.culture == code)
            if mine.any():
                agrees = stances.agree[mine]
                yield study.rate(
                    agrees, (stances.reader[mine],), name="takes the statement's side", culture=culture, group=name,
                    extra={"agree": int(agrees.sum()), "disagree": int((~agrees).sum()), "seed": seed},
                )  # fmt: skip


class _Stances:
    """The stances that readers show, one a row: those that rest on views."""

    def __init__(self, study: Study) -> None:
        facts = study.evidence.facts
        rows = where(facts, "kind", "stance") & where(facts, "value", "agree", "disagree")
        rows &= numbers(facts, "views") > 0
        seeds, self.seeds = codes(facts, "name")
        kinds = [_kind(study, seed) for seed in self.seeds]
        known = np.array([*(kind is not None for kind in kinds), False])[seeds]
        culture = study.culture_codes(facts)
        rows &= known & (culture >= 0)
        self.seed, self.culture, self.reader = seeds[rows], culture[rows], codes(facts, "reader")[0][rows]
        self.agree = where(facts, "value", "agree")[rows]
        self.kind = np.array([*kinds, None], dtype=object)[self.seed]

    def toward(self, seed: str) -> Flags:
        """The stances toward one seed."""
        place = self.seeds.index(seed) if seed in self.seeds else -1
        return np.equal(self.seed, place)


def _stances(study: Study) -> Iterator[Figure]:
    stances = _Stances(study)
    shared = stances.kind != OWN
    covered = stances.kind == KNOWN
    for culture, mine in study.parts(stances.culture):
        if not mine.any():
            continue
        open_to_all = mine & shared
        name = "stances that the frameworks cover"
        figure = study.rate(covered[open_to_all], (group(stances.reader[open_to_all]),), name=name, culture=culture)
        if culture and figure.enough:
            _against_rest(study, figure, stances, covered, shared)
        yield figure
        own, readers = ~shared[mine], (group(stances.reader[mine]),)
        yield study.rate(own, readers, name="stances toward one reader's own seeds", culture=culture)


def _against_rest(study: Study, figure: Figure, stances: _Stances, covered: Flags, rows: Flags) -> None:
    mine: Flags = stances.culture[rows] == study.cultures.index(figure.culture)
    if int((~mine).sum()) < study.settings.min_rows:
        return
    hits: Flags = covered[rows]
    one: Codes = np.zeros(len(mine), dtype=np.int64)
    rest = float(hits[~mine].mean())
    figure.family, figure.against = "exploratory", rest
    figure.test = "Fisher's exact and clustered score test against the others, the larger p"
    figure.p = compare(mine, hits, one, (group(stances.reader[rows]),)).p
    if figure.value is None or rest - figure.value <= study.settings.parity_margin:
        return
    outside = Counter(stances.seeds[seed] for seed in stances.seed[rows][mine & ~hits])
    figure.alarm = Alarm(
        "moderate",
        f"The frameworks cover {percent(figure.value)} of the stances that readers of {study.called(figure.culture)} "
        f"show, and {percent(rest)} of those of the other cultures",
        "Read the constructs that its readers brought, and add seeds or a framework that speaks of them; till then, "
        "figures by framework tell less of this culture than of the others",
        rows=lambda: [seed for seed, _ in outside.most_common()],
        rows_are="seeds outside the frameworks, by stances",
    )


def _views(study: Study) -> Iterator[Figure]:
    """Of the kept views, those that a stance within the frameworks rests on."""
    views = study.evidence.views
    kept = where(views, "verdict", "kept") & (numbers(views, "repeats") == 0)
    culture, reader = study.culture_codes(views), codes(views, "reader")[0]
    reached = (any(_kind(study, seed) == KNOWN for seed in seeds or ()) for seeds in views["seeds"].to_pylist())
    covered = np.fromiter(reached, dtype=bool, count=len(views))
    for label, mine in study.parts(culture):
        rows = mine & kept & (culture >= 0)
        if rows.any():
            yield study.rate(covered[rows], (reader[rows],), name="views that the frameworks reach", culture=label)


MEASURE = Measure(
    Section(
        "constructs",
        "Constructs",
        "Whether the shipped frameworks capture what a culture's readers hold: the seeds that readers brought "
        "themselves, and the share of shown stances that lie within the frameworks. It speaks of stances toward seeds "
        "that somebody worded: what no seed is about is in no figure. How many seeds of either kind were asked about "
        "moves the share, so it compares the cultures of one run, and does not compare runs. Whether a seed is an "
        "instance of a known dimension is a model's judgement; and who reviews books is not a culture.",
    ),
    {
        "stances that the frameworks cover": "Of the stances that readers show toward seeds open to all, the share "
        "toward seeds of the shipped frameworks, or toward readers' seeds that are an instance of one of their "
        "dimensions. The interval is over readers; each culture is tested against all others together.",
        "stances toward one reader's own seeds": "Of all stances shown, the share toward seeds made for one reader "
        "alone. They are in no other share here: that reader holds them by construction, and nobody else is asked.",
        "views that the frameworks reach": "Of the kept views, the share that a shown stance within the frameworks "
        "rests on. It errs low: a stance names three views at each asking, and a view may be near a seed and not "
        "settle it.",
        "seeds that readers brought": "Kept seeds that readers brought, by what they are to the frameworks.",
        "readers on the statement's side": "Of the readers, of all cultures, whose views a seed was worded from: those "
        "on the side of its statement.",
        "takes the statement's side": "The same by culture, of the readers who show a stance toward it in the end.",
    },
    measure,
)
