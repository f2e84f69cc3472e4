"""Judges: agreement with one another, the same answer in both orders, and what the side shown first wins."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gravity.audit.agreement import Ratings, alpha, by_cluster, coincidences, counts, fleiss, unit_agreement
from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure, Section
from gravity.audit.resampling import Estimate, beyond
from gravity.audit.study import Study, percent
from gravity.audit.tables import Codes, Flags, codes, group, where

JUDGES_AND_CRITICS = Section(
    "judges and critics",
    "Judges and critics",
    "Whether judges agree with one another and with themselves, and whom critics remark on.",
)
ANSWERS = ("endorsing", "opposing", "both", "neither")
FLIPS = 9_999


@dataclass(frozen=True)
class Asked:
    """The scenarios a judge was asked about: what it answered in either order, as codes, -1 for none, -2 unasked."""

    scenario: Codes
    seed: Codes
    culture: Codes
    first: Codes
    second: Codes
    names: list[str]


def measure(study: Study) -> list[Figure]:
    """Agreement, position and silence of judges, by culture and over all."""
    votes = study.evidence.votes
    figures: list[Figure] = []
    if len(votes):
        judges, names = codes(votes, "judge")
        asked = {name: _asked(study, judges == place) for place, name in enumerate(names)}
        for name, given in sorted(asked.items()):
            figures += _judge(study, name, given)
        figures += _agreement(study, asked)
    return figures


def _asked(study: Study, rows: Flags) -> Asked:
    votes = study.evidence.votes
    scenario, names = codes(votes, "scenario")
    answers, said = codes(votes, "endorses")
    code = np.array([*(ANSWERS.index(a) if a in ANSWERS else -1 for a in said), -1], dtype=np.int64)[answers]
    endorsing = where(votes, "order", "endorsing")
    made = np.full((2, len(names)), -2, dtype=np.int64)
    for place, order in enumerate((endorsing, ~endorsing)):
        made[place, scenario[rows & order]] = code[rows & order]
    both = np.flatnonzero((made > -2).any(axis=0))
    seed, culture = np.zeros(len(names), dtype=np.int64), np.full(len(names), -1, dtype=np.int64)
    seed[scenario], culture[scenario] = codes(votes, "seed")[0], study.culture_codes(votes)
    return Asked(both, seed[both], culture[both], made[0, both], made[1, both], names)


def _judge(study: Study, judge: str, asked: Asked) -> Iterator[Figure]:
    twice = (asked.first > -2) & (asked.second > -2)
    for culture, inside in study.parts(asked.culture):
        rows = twice & inside
        answered = rows & (asked.first > -1) & (asked.second > -1)
        if not rows.any():
            continue
        labels: dict[str, Any] = {"culture": culture, "group": judge}
        steady = asked.first[answered] == asked.second[answered]
        yield study.rate(steady, (asked.seed[answered],), name="same answer in both orders", **labels)
        yield study.rate(~answered[rows], (asked.seed[rows],), name="no answer", **labels)
        yield _position(study, judge, asked, answered, labels)


def _position(study: Study, judge: str, asked: Asked, rows: Flags, labels: dict[str, Any]) -> Figure:
    """The share that the first seat wins of the answers that take a side. Each scene is shown in both orders, so it
    is one half whatever the scenes are like, unless the seat counts."""
    # The endorsing way was first in the order `first`, the opposing one in `second`.
    wins = (asked.first[rows] == 0).astype(float) + (asked.second[rows] == 1)
    sides = (asked.first[rows] < 2).astype(float) + (asked.second[rows] < 2)
    figure = Figure(name="first seat wins", n=int(sides.sum()), **labels)
    if not sides.sum():
        figure.enough = False
        return figure
    draws = study.draws((asked.seed[rows],))
    found = draws.estimate(float(wins.sum() / sides.sum()), draws.ratio(wins, sides))
    study.filled(figure, found, draws)
    figure.unit = "share"
    one, other = (
        int(((asked.first[rows] == 0) & (asked.second[rows] == 1)).sum()),
        int(((asked.first[rows] == 1) & (asked.second[rows] == 0)).sum()),
    )
    figure.extra["flipped to the first seat, to the second"] = f"{one}, {other}"
    if found is None or not figure.enough:
        return figure
    figure.family, figure.against = "exploratory", 0.5
    # Only scenes whose answer flipped differ from one half: their sign by seed is what is tested.
    figure.test, figure.p = "sign of flips, clustered", _signs(asked.seed[rows], wins - sides / 2)
    if abs(found.value - 0.5) > study.settings.position_margin:
        where_ = f" about {study.called(labels['culture'])}" if labels["culture"] else ""
        seat = "first" if found.value > 0.5 else "second"
        share = found.value if seat == "first" else 1 - found.value
        figure.alarm = Alarm(
            "moderate" if labels["culture"] else "serious",
            f"The judge {judge} leans to the {seat} seat{where_}: the side shown {seat} wins {percent(share)} of "
            "its answers, where half would be fair",
            "Keep asking in both orders and let changed answers count for nothing; replace the judge if it flips often",
            rows=lambda: [asked.names[code] for code in asked.scenario[rows][asked.first[rows] != asked.second[rows]]],
            rows_are=f"scenarios whose answer by {judge} changed with the order",
        )
    return figure


def _signs(clusters: Codes, lean: Any) -> float:
    """A sign-flip test that clusters lean to neither side: exact but for the number of flips drawn."""
    sums = np.bincount(clusters, lean)
    sums = sums[sums != 0]
    if not len(sums):
        return 1.0
    signs = np.random.default_rng(0).integers(0, 2, size=(FLIPS, len(sums)), dtype=np.int8) * 2 - 1
    extreme = int((np.abs(signs @ sums) >= abs(sums.sum()) - 1e-9).sum())
    return (extreme + 1) / (FLIPS + 1)


def _agreement(study: Study, asked: dict[str, Asked]) -> Iterator[Figure]:
    """Alpha and kappa over the judges' settled answers: the same in both orders, or the only one asked for."""
    names = sorted(asked)
    size = len(next(iter(asked.values())).names)
    ratings: Ratings = np.full((size, len(names)), -1, dtype=np.int64)
    seed, culture = np.zeros(size, dtype=np.int64), np.full(size, -1, dtype=np.int64)
    for place, name in enumerate(names):
        given = asked[name]
        same = (given.first == given.second) | (given.first == -2) | (given.second == -2)
        ratings[given.scenario, place] = np.where(same, np.maximum(given.first, given.second), -1)
        seed[given.scenario], culture[given.scenario] = given.seed, given.culture
    if len(names) < 2:
        return
    for label, inside in study.parts(culture):
        rows = ((ratings >= 0).sum(axis=1) > 1) & inside
        if rows.any():
            yield from _agree(study, label, ratings[rows], group(seed[rows]))


def _agree(study: Study, culture: str, ratings: Ratings, seeds: Codes) -> Iterator[Figure]:
    given = counts(ratings, len(ANSWERS))
    draws = study.draws((seeds,))
    matrices = by_cluster(coincidences(given), seeds)
    figure = Figure("Krippendorff's alpha", culture, unit="agreement", n=len(ratings))
    weights = draws.weights
    found = draws.estimate(
        float(alpha(matrices.sum(axis=0))), alpha(np.tensordot(weights, draws.bundled(matrices), axes=1))
    )
    study.filled(figure, found, draws)
    complete = (ratings >= 0).all(axis=1)
    raw = unit_agreement(given[complete]) if complete.any() else np.empty(0)
    figure.extra["judges agree"] = float(raw.mean()) if len(raw) else None
    if found is not None and figure.enough:
        bound = study.settings.agreement
        mirrored = Estimate(-found.value, -found.high, -found.low, found.error, found.freedom)
        figure.family, figure.test, figure.against = "exploratory", "one-sided t over clusters", bound
        figure.p = beyond(mirrored, -bound)
        if found.value < bound:
            figure.alarm = Alarm(
                "moderate",
                f"The judges do not agree enough{f' about {study.called(culture)}' if culture else ''}: "
                f"Krippendorff's alpha is {found.value:.2f}, below {bound:g}",
                "Qualify each judge on the gold scenarios and drop those near chance. Where nearly all answers are "
                "the same, alpha is low although judges mostly agree: see how often they do",
            )
    yield figure
    kappa = Figure("Fleiss' kappa", culture, unit="agreement", n=int(complete.sum()))
    if complete.any():
        units = np.ones(len(raw))
        agreed, shares = (
            by_cluster(raw, seeds[complete]),
            by_cluster(given[complete] / ratings.shape[1], seeds[complete]),
        )
        number = by_cluster(units, seeds[complete])
        inner = study.draws((np.arange(len(number)),))
        w = inner.weights
        value = float(fleiss(agreed.sum(axis=0), shares.sum(axis=0), number.sum(axis=0)))
        drawn = fleiss(w @ inner.bundled(agreed), w @ inner.bundled(shares), w @ inner.bundled(number))
        study.filled(kappa, inner.estimate(value, drawn), inner)
    else:
        kappa.enough = False
    yield kappa


MEASURE = Measure(
    JUDGES_AND_CRITICS,
    {
        "Krippendorff's alpha": "Agreement of the judges' settled answers beyond chance; 1 is full agreement. Where "
        "nearly all answers are the same, it is low although judges mostly agree.",
        "Fleiss' kappa": "The same, over the scenarios that all judges answered.",
        "same answer in both orders": "Share of scenarios about which a judge gave one answer whichever side came "
        "first.",
        "first seat wins": "Of the answers that take a side, the share that the side shown first wins. Each scenario "
        "is shown in both orders, so one half is fair.",
        "no answer": "Share of scenarios about which a judge gave no usable answer in one order or both.",
    },
    measure,
)
