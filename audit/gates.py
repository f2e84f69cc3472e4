"""Gates: how often what belongs to a culture passes each of them, against the other cultures.

The pre-stated tests are each culture against all the others at each gate, stratified by track and dimension;
Holm's correction goes over all of them. A finding needs the exact test and the clustered, stratified one to agree,
so that neither rare events nor rows that share a seed or a reader can raise it alone. Pairs of
cultures are exploratory.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.gate import Gate, gates
from gravity.audit.hypotheses import Compared, compare
from gravity.audit.resampling import Draws
from gravity.audit.study import Study, percent
from gravity.audit.tables import Floats

SECTION = "gates"


def measure(study: Study) -> list[Figure]:
    """Pass rates, impact ratios, and the tests of each culture against the others and of each pair."""
    return [figure for gate in gates(study) for figure in _measure(study, gate)]


def _measure(study: Study, gate: Gate) -> Iterator[Figure]:
    present = [code for code in range(len(study.cultures)) if (gate.culture == code).any()]
    rates: dict[int, Figure] = {}
    for code in present:
        mine = gate.culture == code
        clusters = tuple(way[mine] for way in gate.clusters)
        labels = {"section": SECTION, "name": "pass rate", "culture": study.cultures[code], "group": gate.name}
        rates[code] = study.rate(gate.passed[mine], clusters, **labels)
    enough = [code for code in present if rates[code].enough]
    best = max(enough, key=lambda code: rates[code].value or 0.0, default=None)
    if best is None or len(enough) == 1:
        yield from rates.values()
        return
    draws = Draws(gate.clusters, study.settings.repeats)
    passed = {code: _passed(gate, code, draws) for code in enough}
    part = gate.of(np.isin(gate.culture, enough))
    for code in present:
        figure = rates[code]
        if code not in enough:
            yield figure
            continue
        ratio = _ratio(study, gate, code, best, passed, draws)
        yield ratio
        # With two cultures both comparisons are one; it is tested where it tells of a disadvantage.
        if len(enough) == 2 and code == best:
            yield figure
            continue
        _against_rest(study, part, figure, ratio, code)
        yield figure
    for first, second in combinations(enough, 2):
        yield _pair(study, gate, first, second)


def _passed(gate: Gate, code: int, draws: Draws) -> Floats:
    """The pass rate of a culture in every draw."""
    mine = gate.culture == code
    return draws.ratio((gate.passed & mine).astype(float), mine.astype(float))


def _ratio(study: Study, gate: Gate, code: int, best: int, passed: dict[int, Floats], draws: Draws) -> Figure:
    mine, theirs = gate.culture == code, gate.culture == best
    figure = Figure(
        SECTION, "impact ratio", study.cultures[code], gate.name, "ratio", int(mine.sum()),
        extra={"best": study.cultures[best]},
    )  # fmt: skip

    top = float(gate.passed[theirs].mean())
    value = float(gate.passed[mine].mean()) / top if top else float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = passed[code] / passed[best]
    study.filled(figure, draws.of(value, spread), draws)
    if code == best:
        # One by definition.
        figure.low = figure.high = None
    if figure.value is not None:
        below = figure.value < study.settings.four_fifths
        figure.extra["four fifths"] = "below" if below else "kept"
    return figure


def _against_rest(study: Study, part: Gate, figure: Figure, ratio: Figure, code: int) -> None:
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
        _ADVICE[part.name],
        rows=lambda: part.stopped(mine),
        rows_are=f"{part.rows_are} stopped there",
    )


def _pair(study: Study, gate: Gate, first: int, second: int) -> Figure:
    part = gate.of(np.isin(gate.culture, (first, second)))
    mine = part.culture == first
    draws = Draws(part.clusters, study.settings.repeats)
    one, other = (draws.ratio((part.passed & rows).astype(float), rows.astype(float)) for rows in (mine, ~mine))
    gap = float(part.passed[mine].mean() - part.passed[~mine].mean())
    figure = Figure(
        SECTION, "difference of pass rates", study.cultures[first], gate.name, "difference", len(mine),
        extra={"other": study.cultures[second]},
    )  # fmt: skip
    study.filled(figure, draws.of(gap, one - other), draws)
    compared = compare(mine, part.passed, part.strata, part.clusters)
    figure.family, figure.test, figure.against, figure.p = "exploratory", "as at the gates", 0.0, compared.p
    figure.extra.update(_tests(compared))
    return figure


def _tests(compared: Compared) -> dict[str, float | None]:
    return {"p exact": compared.exact, "p CMH": compared.stratified, "p clustered": compared.clustered}


_ADVICE = {
    "critic": "Read the remarks on the stopped drafts, by critic: qualify the critics on the planted defects and "
    "their clean twins of this culture, and replace one that raises false alarms there",
    "scenario link": "Read the refused scenarios with their votes: qualify the judges on this culture's gold "
    "scenarios, and have a reviewer of the culture look at them",
    "stance link": "Look at these readers' reviews and languages: a profiler that reads one language worse finds "
    "less in it; try another profiler or more reviews a reader",
    "pair": "Compare the confidence of facts by culture: one bound for all can hold back a culture of whom the "
    "profiler is less sure; calibrate it on gold stances",
    "lot": "Look at the sampled pairs that the panel did not confirm: withhold the lot or mend the link that erred",
    "person": "Ask the reviewers what was wrong: what they turn down is what the judges let pass",
}
