"""Error parity: what models get wrong on gold cases, by culture. Only here is it known what is right.

The counts come from qualifications. Cases of one culture are few and each stands for itself, so gaps are tested by
Fisher's exact test, with Newcombe's interval for the difference of two shares (1998, method 10).
"""

import math
from collections.abc import Iterator
from typing import Any

from scipy import stats

from gravity.audit.figures import Alarm, Figure
from gravity.audit.measure import Measure
from gravity.audit.measures.judges import JUDGES_AND_CRITICS
from gravity.audit.study import Study, percent
from gravity.frameworks.statistics import wilson

CALIBRATION = {"brier": "Brier score on gold", "ece": "expected calibration error on gold"}


def measure(study: Study) -> list[Figure]:
    """Error rates on gold by model and culture, against the other cultures, and calibration."""
    rows = study.evidence.gold.to_pylist()
    figures: list[Figure] = []
    for row in rows:
        others = [r for r in rows if r["model"] == row["model"] and r["task"] == row["task"] and r is not row]
        figures += _error_rates(study, row, others)
        for field, name in CALIBRATION.items():
            if row[field] is not None:
                enough = row["answered"] >= study.settings.min_gold
                figures.append(
                    Figure(
                        name, row["culture"], row["model"], "error", row["answered"], value=row[field], enough=enough
                    )
                )
    return figures


def _error_rates(study: Study, row: dict[str, Any], others: list[dict[str, Any]]) -> Iterator[Figure]:
    for rate in row["error_rates"]:
        wrong, n = rate["wrong"], rate["cases"]
        figure = Figure(rate["name"], row["culture"], row["model"], n=n, clusters=n)
        figure.enough = n >= study.settings.min_gold
        if n:
            figure.value = wrong / n
            figure.low, figure.high = wilson(wrong, n)
        elsewhere = [other for one in others for other in one["error_rates"] if other["name"] == rate["name"]]
        bad, total = sum(other["wrong"] for other in elsewhere), sum(other["cases"] for other in elsewhere)
        if figure.value is not None and figure.enough and total >= study.settings.min_gold:
            _gap(study, figure, wrong, (bad, total))
        yield figure


def _gap(study: Study, figure: Figure, hits: int, others: tuple[int, int]) -> None:
    bad, total = others
    rest = bad / total
    figure.family, figure.test, figure.against = "exploratory", "Fisher's exact test against the others", rest
    figure.p = float(stats.fisher_exact([[hits, figure.n - hits], [bad, total - bad]]).pvalue)
    assert figure.value is not None and figure.low is not None and figure.high is not None
    low, high = wilson(bad, total)
    gap = figure.value - rest
    down = math.hypot(figure.value - figure.low, high - rest)
    up = math.hypot(figure.high - figure.value, rest - low)
    figure.extra["gap"] = f"{gap:+.3f} ({gap - down:+.3f} to {gap + up:+.3f})"
    if gap > study.settings.parity_margin:
        figure.alarm = Alarm(
            "serious",
            f"{figure.group} errs more about {study.called(figure.culture)}: {figure.name} {percent(figure.value)}, "
            f"elsewhere {percent(rest)}",
            "Let another model play this role for the culture, or improve its prompt on the gold cases kept for that",
        )


MEASURE = Measure(
    JUDGES_AND_CRITICS,
    {
        "misses": "Share of planted defects that the critic did not block. Known, since the defects were planted.",
        "false alarms": "Share of the defects' clean twins that the critic blocked all the same.",
        "wrong on gold scenes": "Share of steady answers about gold scenarios that are wrong.",
        "wrong on gold preferences": "Share of steady answers about gold preferences that are wrong.",
        "wrong on gold personality pairs": "Share of steady answers about gold personality pairs that are wrong.",
        "wrong on gold facets": "Share of levels given in gold facets that are wrong.",
        "wrong on gold stances": "Share of answers about gold stances that are wrong.",
        "Brier score on gold": "Mean squared error of the confidence; 0 is best, 0.25 is what a coin tossed with "
        "confidence 0.5 gets.",
        "expected calibration error on gold": "Mean gap between confidence and share right; 0 is best.",
    },
    measure,
)
