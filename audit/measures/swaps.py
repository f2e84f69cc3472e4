"""Swaps: what changes when nothing but the markers of a culture does, less what changes when nothing does."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from gravity.audit.figures import Alarm, Figure
from gravity.audit.findings import probability
from gravity.audit.hypotheses import mcnemar
from gravity.audit.measure import Measure, Section
from gravity.audit.study import Study, percent
from gravity.audit.tables import Codes, Flags, codes, pick

LEVELS = {"low": -1.0, "unknown": 0.0, "high": 1.0}


def measure(study: Study) -> list[Figure]:
    """Flip rates less the rerun flip rates by role and model, their direction, and shifts of levels of facets."""
    swaps = study.evidence.swaps
    if not len(swaps):
        return []
    culture = study.culture_codes(swaps)
    roles, models = codes(swaps, "role"), codes(swaps, "model")
    figures: list[Figure] = []
    for role, role_name in enumerate(roles[1]):
        for model, model_name in enumerate(models[1]):
            rows = (roles[0] == role) & (models[0] == model)
            if not rows.any():
                continue
            for label, inside in study.parts(culture):
                mine = rows & inside
                if mine.any():
                    figures += _flips(study, mine, label, role_name, model_name)
            if role_name == "profiler":
                figures += _facets(study, rows, model_name)
    return figures


def _flips(study: Study, rows: Flags, culture: str, role: str, model: str) -> Iterator[Figure]:
    swaps = study.evidence.swaps
    before, after, again = (_values(study, name)[rows] for name in ("before", "after", "again"))
    swapped, rerun = (before != after).astype(float), (before != again).astype(float)
    figure = Figure("flips beyond reruns", culture, f"{role} {model}", "difference", len(swapped))
    draws = study.draws((codes(swaps, "seed")[0][rows],))
    found = draws.estimate(float((swapped - rerun).mean()), draws.ratio(swapped - rerun, np.ones(len(swapped))))
    study.filled(figure, found, draws)
    # McNemar over the directions: from an answer to the other, among the swaps that changed it.
    pairs = list(zip(before, after, strict=True))
    kinds = sorted({frozenset(pair) for pair in pairs if pair[0] != pair[1]}, key=sorted)
    directions = []
    for kind in kinds:
        one, other = sorted(kind)
        there, back = pairs.count((one, other)), pairs.count((other, one))
        directions.append(f"{one} to {other} {there}, back {back} (p {probability(mcnemar(there, back))})")
    figure.extra.update({"flips with markers swapped": float(swapped.mean()), "flips asked again": float(rerun.mean())})
    if directions:
        figure.extra["direction, by McNemar"] = "; ".join(directions[:3])
    if study.above(figure, found, study.settings.parity_margin):
        which = f" of {study.called(culture)}" if culture else ""
        figure.alarm = Alarm(
            "serious",
            f"The {role} {model} changes its answer when only the markers of a culture change: "
            f"{percent(swapped.mean())} of cases{which} flip, {percent(rerun.mean())} when asked again unchanged",
            "The answer depends on names and places: replace this model in this role, or mask them in what it sees",
            rows=lambda: pick(swaps, "case", np.flatnonzero(rows)[swapped > rerun]),
            rows_are="cases that flipped with the swap",
        )
    yield figure


def _facets(study: Study, rows: Flags, model: str) -> Iterator[Figure]:
    """The mean shift of each facet's level (low -1, unknown 0, high 1) by the culture whose markers were put in."""
    swaps = study.evidence.swaps
    names, known = codes(swaps, "name")
    toward, cultures = codes(swaps, "toward")
    level = {
        column: np.array([LEVELS.get(v, np.nan) for v in _values(study, column)])
        for column in ("before", "after", "again")
    }
    told = rows & np.isfinite(level["before"]) & np.isfinite(level["after"])
    for facet, name in enumerate(known):
        for code, culture in enumerate(cultures):
            mine: Flags = told & (names == facet) & (toward == code)
            if not mine.any():
                continue
            shift = (level["after"] - level["before"])[mine]
            seeds: Codes = codes(swaps, "case")[0][mine]
            draws = study.draws((seeds,))
            figure = Figure("shift of a facet", culture, f"{name}, {model}", "levels", len(shift))
            spread = draws.ratio(shift, np.ones(len(shift)))
            found = draws.estimate(float(shift.mean()), spread)
            study.filled(figure, found, draws)
            if study.above(figure, found, study.settings.parity_margin, both_ways=0.0):
                figure.alarm = Alarm(
                    "serious",
                    f"Putting in markers of {study.called(culture)} moves {name} by {shift.mean():+.2f} levels in "
                    f"profiles by {model}",
                    "The profiler reads a personality out of a country: replace it, or mask names and places",
                    rows=_cases(study, mine),
                    rows_are="cases",
                )
            yield figure


def _cases(study: Study, rows: Flags) -> Callable[[], list[str]]:
    return lambda: pick(study.evidence.swaps, "case", rows)


def _values(study: Study, name: str) -> npt.NDArray[np.object_]:
    return np.array(study.evidence.swaps[name].to_pylist(), dtype=object)


MEASURE = Measure(
    Section(
        "swaps",
        "Counterfactual swaps",
        "The same case with only the markers of culture swapped (names, places, foods, money, the culture field), put "
        "to the same model. What flips when nothing is changed is taken off.",
    ),
    {
        "flips beyond reruns": "Share of answers that change with the swap, less the share that changes when the same "
        "is asked again.",
        "shift of a facet": "Mean change of a facet's level (low -1, unknown 0, high 1) when markers of the culture "
        "are put in.",
    },
    measure,
)
