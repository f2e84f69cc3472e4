from typing import Any

import numpy as np
import pytest

from gravity.audit import evidence
from gravity.audit.evidence import Evidence
from gravity.audit.tables import build
from tests.audit.support import audited, named, pair, pairs


def gold(culture: str, right: int, alarms: int, cases: int = 120) -> dict[str, Any]:
    """What a critic showed on planted defects and their clean twins."""
    return {
        "task": "defect", "model": "critic", "culture": culture, "answered": cases, "brier": 0.1, "ece": None,
        "error_rates": [
            {"name": "misses", "wrong": cases - right, "cases": cases},
            {"name": "false alarms", "wrong": alarms, "cases": cases},
        ],
    }  # fmt: skip


def test_a_critic_that_raises_false_alarms_in_one_culture_is_found_there() -> None:
    rows = [gold("br", 110, 40), *(gold(culture, 110, 6) for culture in ("us", "jp", "in"))]
    made = audited(Evidence("test", pairs=build([pair(1, c) for c in ("us", "br", "jp", "in")], evidence.PAIRS),
                            gold=build(rows, evidence.GOLD)))  # fmt: skip
    figure = named(made, "false alarms", "br")
    assert figure.value == pytest.approx(40 / 120)
    assert figure.against == pytest.approx(18 / 360)
    assert figure.extra["gap"].startswith("+0.283")
    told = [finding for finding in made.findings if finding.level == "serious"]
    assert [finding.what for finding in told] == ["critic errs more about Brazil: false alarms 33%, elsewhere 5.0%"]
    assert named(made, "misses", "br").value == pytest.approx(10 / 120)
    assert named(made, "Brier score on gold", "br").value == 0.1


def test_few_gold_cases_are_insufficient() -> None:
    rows = [gold("br", 10, 20, cases=20), gold("us", 19, 0, cases=20)]
    made = audited(
        Evidence("test", pairs=build([pair(1), pair(1, "br")], evidence.PAIRS), gold=build(rows, evidence.GOLD))
    )
    figure = named(made, "false alarms", "br")
    assert not figure.enough
    assert figure.p is None


def test_lots_and_people_are_gates_too() -> None:
    luck = np.random.default_rng(0)
    rows = []
    for culture, good in (("us", 0.9), ("br", 0.6), ("jp", 0.9)):
        for n in range(300):
            fine = luck.random() < good
            outcome = {"checked": "chosen", "decided": "keep"} if fine else {"checked": "undecided", "decided": "flip"}
            rows.append(pair(n, culture, **outcome))
    made = audited(pairs(rows))
    stopped = sum(row["culture"] == "br" and row["decided"] == "flip" for row in rows)
    for gate in ("lot", "person"):
        assert named(made, "pass rate", "br", gate).value == pytest.approx(1 - stopped / 300)
        assert named(made, "impact ratio", "br", gate).extra["four fifths"] == "below"
    found = [finding for finding in made.findings if finding.section == "gates"]
    assert [(finding.level, finding.cultures, len(finding.rows)) for finding in found] == [
        ("serious", ["br"], stopped)
    ] * 2
