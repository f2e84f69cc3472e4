"""The audit finds what was planted, and nothing where nothing was."""

import pytest

from benchmarks.audit_planted import (
    BIASES,
    CRITIC,
    EXPECTED,
    LENGTH,
    NAMES,
    NATIONAL,
    POSITION,
    SWAP,
    TARGET,
    Planted,
)
from benchmarks.audit_power import found
from gravity.audit.examine import Audit
from gravity.frameworks.loader import Library
from tests.audit.support import audited, named, some

N = 300


@pytest.fixture(scope="module")
def audits() -> dict[str | None, Audit]:
    library = Library()
    return {bias: audited(Planted(N, 5, bias, library).evidence()) for bias in (None, *BIASES)}


@pytest.mark.parametrize("bias", BIASES)
def test_a_planted_bias_is_found(audits: dict[str | None, Audit], bias: str) -> None:
    made = audits[bias]
    assert found(bias, made.figures, made.findings), [finding.what for finding in made.findings]


def test_clean_data_raise_nothing(audits: dict[str | None, Audit]) -> None:
    assert [finding.what for finding in audits[None].findings] == []


def test_a_bias_is_told_of_where_it_is_and_nowhere_else(audits: dict[str | None, Audit]) -> None:
    sections = {POSITION: {"judges and critics"}, SWAP: {"swaps"}, LENGTH: {"shortcuts"}, NAMES: {"leakage"}}
    for bias, allowed in sections.items():
        assert {finding.section for finding in audits[bias].findings} <= allowed
    critics = audits[CRITIC].findings
    assert {finding.section for finding in critics} <= {"gates", "judges and critics"}
    assert {culture for finding in critics for culture in finding.cultures} == {TARGET}
    assert all("Brazil" in finding.what for finding in critics)


def test_a_finding_names_its_rows(audits: dict[str | None, Audit]) -> None:
    made = audits[CRITIC]
    gate = next(finding for finding in made.findings if finding.section == "gates")
    stopped = [row for row in made.study.evidence.scenes.to_pylist() if row["culture"] == TARGET and not row["clean"]]
    assert gate.rows == [row["id"] for row in stopped]
    names = next(finding for finding in audits[NAMES].findings)
    texts = {row["id"]: row["text"] for row in audits[NAMES].study.evidence.scenes.to_pylist()}
    foreign = [n for c, k in Library().cultures.items() if c != TARGET for n in k.lexicon.names]
    assert names.rows
    assert all(any(name in texts[row] for name in foreign) for row in names.rows)


def test_the_planted_sizes_are_recovered(audits: dict[str | None, Audit]) -> None:
    seat = named(audits[POSITION], "first seat wins", "", "judge 0")
    # With 15% of answers going to the first seat whatever they would have been, it wins about 57.5%.
    assert some(seat.low) < 0.575 < some(seat.high)
    size = named(audits[LENGTH], "length of chosen against rejected", TARGET, "all")
    assert size.value == pytest.approx(1.2, abs=0.02)
    national = named(audits[NATIONAL], "chosen side is the national mean's")
    assert some(national.low) < 0.9 < some(national.high) + 0.05
    flips = named(audits[SWAP], "flips beyond reruns")
    assert some(flips.low) < 0.15 * (1 - 2 * 0.03) < some(flips.high)


def test_every_bias_is_expected_as_something() -> None:
    assert set(EXPECTED) == set(BIASES)
