"""Profiles: how much is inferred of readers, how surely and from how much, by culture and by the reviews' language."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.hypotheses import clustered
from gravity.audit.measure import Measure, Section
from gravity.audit.study import Study, percent
from gravity.audit.tables import Codes, Flags, Floats, codes, group, numbers, where

KINDS = ("stance", "facet", "demographic")
# Columns of facts that say something where the fact is told, and the figures that average them.
MEANS = {"confidence": "confidence", "evidence": "reviews as evidence"}


def measure(study: Study) -> list[Figure]:
    """Unknown rates, confidence, evidence, and recovery of what is true."""
    facts = study.evidence.facts
    if not len(facts):
        return []
    culture, reader = study.culture_codes(facts), codes(facts, "reader")[0]
    languages, names = codes(facts, "language")
    given = where(facts, "model", "given")
    untold = where(facts, "value", "unknown", "failed")
    averaged = {name: numbers(facts, column) for column, name in MEANS.items()}

    def known(rows: Flags, label: str, kind: str) -> Iterator[Figure]:
        return _known(study, rows, reader, untold, averaged, label, kind)

    figures: list[Figure] = []
    for kind in KINDS:
        inferred = where(facts, "kind", kind) & ~given
        for code, label in enumerate(study.cultures):
            figures += known(inferred & (culture == code), label, kind)
        for code, language in enumerate(names):
            figures += known(inferred & (languages == code), "", f"{kind}, reviews in {language}")
            for home, label in enumerate(study.cultures):
                rows = inferred & (languages == code) & (culture == home)
                if rows.any() and len(np.unique(languages[inferred & (culture == home)])) > 1:
                    figures += known(rows, label, f"{kind}, reviews in {language}")
    return figures + list(_recovery(study))


def _known(
    study: Study, rows: Flags, reader: Codes, untold: Flags, averaged: dict[str, Floats], culture: str, kind: str
) -> Iterator[Figure]:
    if not rows.any():
        return
    labels: dict[str, Any] = {"culture": culture, "group": kind}
    yield study.rate(untold[rows], (reader[rows],), name="unknown", **labels)
    told = rows & ~untold
    if not told.any():
        return
    draws = study.draws((reader[told],))
    for name, column in averaged.items():
        values = column[told]
        figure = Figure(name=name, unit="mean", n=int(told.sum()), **labels)
        spread = draws.ratio(values, np.ones(len(values)))
        yield study.filled(figure, draws.estimate(float(values.mean()), spread), draws)


def _recovery(study: Study) -> Iterator[Figure]:
    """Of the facts whose truth is known: how many were told, and of those told how many were right."""
    truth, facts = study.evidence.truth, study.evidence.facts
    if not len(truth):
        return
    true = {(row["reader"], row["kind"], row["name"]): row["value"] for row in truth.to_pylist()}
    keys = zip(*(facts[name].to_pylist() for name in ("reader", "kind", "name")), strict=True)
    answers = np.array([true.get(key, "") for key in keys], dtype=object)
    values = np.array(facts["value"].to_pylist(), dtype=object)
    known = (answers != "") & (answers != "unknown") & ~where(facts, "model", "given")
    told = known & (values != "unknown") & (values != "failed")
    culture, reader = study.culture_codes(facts), codes(facts, "reader")[0]
    for kind in KINDS[:2]:
        rows = where(facts, "kind", kind)
        for code, label in enumerate(study.cultures):
            mine = rows & known & (culture == code)
            if not mine.any():
                continue
            labels = {"culture": label, "group": kind}
            yield study.rate(told[mine], (reader[mine],), name="told where true", **labels)
            answered = rows & told
            here = answered & (culture == code)
            right = values == answers
            figure = study.rate(right[here], (reader[here],), name="right where told", **labels)
            others = answered & (culture >= 0) & (culture != code)
            if figure.enough and int(others.sum()) >= study.settings.min_rows:
                _behind(study, figure, right[answered], (culture == code)[answered], reader[answered])
            yield figure


def _behind(study: Study, figure: Figure, right: Flags, mine: Flags, reader: Codes) -> None:
    rest = float(right[~mine].mean())
    figure.family, figure.test, figure.against = "exploratory", "clustered score test against the others", rest
    figure.p = clustered(mine, right, np.zeros(len(mine), dtype=np.int64), (group(reader),))
    if figure.value is not None and rest - figure.value > study.settings.parity_margin:
        figure.alarm = Alarm(
            "serious",
            f"Profiles of {study.called(figure.culture)} are less often right: {percent(figure.value)} of the "
            f"{figure.group}s told agree with the truth, {percent(rest)} elsewhere",
            "Look at the languages and lengths of these readers' reviews, and try another profiler for this culture",
        )


MEASURE = Measure(
    Section(
        "profiles",
        "Profiles",
        "How much is inferred of readers, how surely, and from how much, by culture and by language of the reviews.",
    ),
    {
        "right where told": "Of the facts that were told and whose truth is known, the share that is right.",
        "told where true": "Of the facts whose truth is known, the share that was told at all.",
        "unknown": "Share of facts asked for that stay unknown or failed.",
        "confidence": "Mean confidence of told facts, 0 to 1.",
        "reviews as evidence": "Mean number of reviews that a told fact rests on.",
    },
    measure,
)
