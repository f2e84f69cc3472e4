"""Pass rates: how often what belongs to a culture passes each stage, against the other cultures.

The pre-stated tests are each culture against all the others at each stage, stratified by track and dimension;
Holm's correction goes over all of them. A finding needs the exact test and the clustered, stratified one to agree,
so that neither rare events nor rows that share a seed or a reader can raise it alone. Pairs of
cultures are exploratory.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.hypotheses import Compared, compare
from gravity.audit.measure import Measure, Section
from gravity.audit.measures.stages import Stage, stages
from gravity.audit.resampling import Draws
from gravity.audit.study import Study, percent
from gravity.audit.tables import Floats


def measure(study: Study) -> list[Figure]:
    """Pass rates, impact ratios, and the tests of each culture against the others and of each pair."""
    return [figure for stage in stages(study) for figure in _measure(study, stage)]


def _measure(study: Study, stage: Stage) -> Iterator[Figure]:
    present = [code for code in range(len(study.cultures)) if (stage.culture == code).any()]
    rates: dict[int, Figure] = {}
    for code in present:
        mine = stage.culture == code
        clusters = tuple(way[mine] for way in stage.clusters)
        labels = {"name": "pass rate", "culture": study.cultures[code], "group": stage.name}
        rates[code] = study.rate(stage.passed[mine], clusters, **labels)
    enough = [code for code in present if rates[code].enough]
    best = max(enough, key=lambda code: rates[code].value or 0.0, default=None)
    if best is None or len(enough) == 1:
        yield from rates.values()
        return
    draws = study.draws(stage.clusters)
    passed = {code: _passed(stage, code, draws) for code in enough}
    part = stage.only(np.isin(stage.culture, enough))
    for code in present:
        figure = rates[code]
        if code not in enough:
            yield figure
            continue
        ratio = _ratio(study, stage, code, best, passed, draws)
        yield ratio
        # With two cultures both comparisons are one; it is tested where it tells of a disadvantage.
        if len(enough) == 2 and code == best:
            yield figure
            continue
        _against_rest(study, part, figure, ratio, code)
        yield figure
    for first, second in combinations(enough, 2):
        yield _pair(study, stage, first, second)


def _passed(stage: Stage, code: int, draws: Draws) -> Floats:
    """The pass rate of a culture in every draw."""
    mine = stage.culture == code
    return draws.ratio((stage.passed & mine).astype(float), mine.astype(float))


def _ratio(study: Study, stage: Stage, code: int, best: int, passed: dict[int, Floats], draws: Draws) -> Figure:
    mine, theirs = stage.culture == code, stage.culture == best
    figure = Figure(
        "impact ratio", study.cultures[code], stage.name, "ratio", int(mine.sum()),
        extra={"best": study.cultures[best]},
    )  # fmt: skip
    top = float(stage.passed[theirs].mean())
    value = float(stage.passed[mine].mean()) / top if top else float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = passed[code] / passed[best]
    study.filled(figure, draws.estimate(value, spread), draws)
    if code == best:
        # One by definition.
        figure.low = figure.high = None
    if figure.value is not None:
        below = figure.value < study.settings.four_fifths
        figure.extra["four fifths"] = "below" if below else "kept"
    return figure


def _against_rest(study: Study, part: Stage, figure: Figure, ratio: Figure, code: int) -> None:
    figure.family, figure.test = "gates", "Fisher's exact and clustered Mantel-Haenszel score test, the larger p"
    mine = part.culture == code
    compared = compare(mine, part.passed, part.strata, part.clusters)
    rest = float(part.passed[~mine].mean())
    figure.against, figure.p = rest, compared.p
    figure.extra.update(_tests(compared), others=rest, ratio=ratio.value)
    if figure.value is None or figure.value >= rest:
        return
    adverse = ratio.value is not None and ratio.value < study.settings.four_fifths
    refused = f", so it is stopped {(1 - figure.value) / (1 - rest):.1f} times as often" if rest < 1 else ""
    rule, best = "breaks" if adverse else "keeps", study.called(ratio.extra["best"])
    ratio_said = (
        ""
        if ratio.value is None
        else (f"; its impact ratio of {ratio.value:.2f} against {best} {rule} the four-fifths rule")
    )
    culture = study.called(figure.culture)
    figure.alarm = Alarm(
        "serious" if adverse else "moderate",
        f"At the gate '{part.name}', {percent(figure.value)} of {culture} and {percent(rest)} of the other cultures "
        f"pass ({part.what}){refused}{ratio_said}",
        part.advice,
        rows=lambda: part.stopped(mine),
        rows_are=f"{part.rows_are} stopped there",
    )


def _pair(study: Study, stage: Stage, first: int, second: int) -> Figure:
    part = stage.only(np.isin(stage.culture, (first, second)))
    mine = part.culture == first
    draws = study.draws(part.clusters)
    one, other = (draws.ratio((part.passed & rows).astype(float), rows.astype(float)) for rows in (mine, ~mine))
    gap = float(part.passed[mine].mean() - part.passed[~mine].mean())
    figure = Figure(
        "difference of pass rates", study.cultures[first], stage.name, "difference", len(mine),
        extra={"other": study.cultures[second]},
    )  # fmt: skip
    study.filled(figure, draws.estimate(gap, one - other), draws)
    compared = compare(mine, part.passed, part.strata, part.clusters)
    figure.family, figure.test, figure.against, figure.p = "exploratory", "as at the gates", 0.0, compared.p
    figure.extra.update(_tests(compared))
    return figure


def _tests(compared: Compared) -> dict[str, float | None]:
    return {"p exact": compared.exact, "p CMH": compared.stratified, "p clustered": compared.clustered}


MEASURE = Measure(
    Section(
        "gates",
        "Gates",
        "How often what belongs to a culture passes each gate. A gate that stops one culture more often than the "
        "others leaves it with less data, or with worse.",
    ),
    {
        "pass rate": "Share of what comes to the gate that passes. Each culture is tested against all others together; "
        "a claim needs Fisher's exact test and the clustered Mantel-Haenszel test, stratified by track and dimension, "
        "to agree. Holm's correction covers all gates and cultures.",
        "impact ratio": "A culture's pass rate divided by that of the culture that passes most often. The four-fifths "
        "rule calls a ratio below 0.8 adverse; it says how large a gap is and not how sure.",
        "difference of pass rates": "The pass rate of the first culture less that of the second, for each two "
        "cultures; exploratory.",
    },
    measure,
)
