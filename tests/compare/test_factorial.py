"""The gap between two kinds of books, taken apart: what was planted comes back, and what was not does not."""

import math

import numpy as np
import pytest

from gravity.compare.factorial import CARDS, SHUFFLED, Effect, Row, covariates_of, effects, entropy
from gravity.compare.mixed import fitted


def simulated(
    seed: int, readers: int = 50, values: float = 0.0, moved: float = 0.0, slope: float = 0.0, loud: float = 1.0
) -> list[Row]:
    """Outcomes of readers with one book of each kind. In the second kind `values` is what the last step adds; its
    descriptions are longer by `moved` standard deviations, of which each is worth `slope`."""
    chance = np.random.default_rng(seed)
    gains = dict(zip(CARDS, (0.1, 0.2, 0.3, 0.0), strict=True))
    made = []
    for reader in range(readers):
        lean, spread = chance.normal(0, 0.1), chance.normal()
        for second in (False, True):
            length = chance.normal(moved * second)
            cell = chance.normal(0, 0.1)
            for card in CARDS:
                mean = loud * gains[card] + values * second * (card == "+ values") + slope * length + lean + cell
                won = 1.0 if chance.random() < (1 + np.clip(mean, -1, 1)) / 2 else -1.0
                book = f"{second} {chance.integers(40)}"
                made.append(Row(f"r{reader}", book, card, second, won, length, chance.normal(), spread, 0.0))
    return made


def by_name(rows: list[Row]) -> dict[str, Effect]:
    return {effect.name: effect for effect in effects(rows)}


@pytest.mark.slow
def test_intervals_hold_what_was_planted() -> None:
    runs = [by_name(simulated(seed, values=0.4)) for seed in range(30)]
    truth = {
        "gain over no card, interests, first kind": 0.1,
        "gain over no card, + values, second kind": 0.7,
        f"gain over no card, {SHUFFLED}, first kind": 0.0,
        "gap between the kinds, + values": 0.4,
        f"gap between the kinds, {SHUFFLED}": 0.0,
        "part of the gap, interests": 0.0,
        "part of the gap, + values": 0.4,
        "gap that covariates leave": 0.4,
    }
    for name, value in truth.items():
        held = sum(run[name].low <= value <= run[name].high for run in runs)
        # 95 of 100 should; of 30, fewer than 26 come in less than 2 of 100.
        assert held >= 26, (name, held)
        assert abs(np.mean([run[name].value for run in runs]) - value) < 0.15, name
    assert sum(run["gap between the kinds, + values"].p < 0.05 for run in runs) >= 12
    assert sum(run["part of the gap, interests"].p < 0.05 for run in runs) <= 5


@pytest.mark.slow
def test_a_gap_that_goes_with_length_is_explained_by_it() -> None:
    runs = [by_name(simulated(seed, moved=1.0, slope=0.25)) for seed in range(20)]
    explained = np.mean([run["explained by, description"].value for run in runs])
    left = np.mean([run["gap that covariates leave"].value for run in runs])
    whole = np.mean([run["gap between the kinds, + values"].value for run in runs])
    assert whole > 0.12 and abs(whole - explained - left) < 0.1
    assert explained > 0.12 and abs(left) < 0.12
    assert abs(np.mean([run["explained by, facts"].value for run in runs])) < 0.03


def test_matched_books_are_of_one_reader_and_alike() -> None:
    def row(reader: int, book: str, second: bool, outcome: float, length: float, card: str = "+ values") -> Row:
        return Row(f"r{reader}", book, card, second, outcome, length, 0.0, 0.0, 0.0)

    rows = []
    for reader in range(10):
        # A long book of the first kind has none like it in the second, where the long ones are not preferred.
        rows += [row(reader, "short", False, -1.0, 10.0 + reader % 2), row(reader, "long", False, 1.0, 90.0)]
        rows += [
            row(reader, "short too", True, 1.0 if reader else 0.0, 10.0),
            row(reader, "middling", True, -1.0, 50.0),
        ]
        rows += [row(reader, "short", False, 0.0, 10.0, "interests")]
    gap = by_name(rows)["gap in the matched subset"]
    assert gap.n == 10 and gap.value == pytest.approx(1.9)
    assert gap.low < 1.9 < gap.high


def test_the_mixed_model_is_that_of_statsmodels() -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

    chance = np.random.default_rng(3)
    readers, books = chance.integers(25, size=300), chance.integers(20, size=300)
    design = np.column_stack([np.ones(300), chance.normal(size=300), chance.integers(2, size=300)])
    random = chance.normal(0, 0.8, 25)[readers] + chance.normal(0, 0.6, 20)[books]
    outcome = design @ [0.5, 1.0, -0.7] + random + chance.normal(size=300)
    effects, covariance = fitted(outcome, design, [readers.astype(str).tolist(), books.astype(str).tolist()])
    columns = [np.eye(25)[readers], np.eye(20)[books]]
    names = [[[f"{way} {n}" for n in range(one.shape[1])]] for way, one in enumerate(columns)]
    parts = VCSpec(["readers", "books"], names, [[one] for one in columns])
    known = MixedLM(outcome, design, groups=np.ones(300), exog_vc=parts).fit(reml=True)
    assert effects == pytest.approx(known.fe_params, abs=1e-3)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(known.bse_fe, rel=0.02)
    # A column of zeros takes nothing and gives nothing.
    wider, _ = fitted(outcome, np.column_stack([design, np.zeros(300)]), [readers.astype(str).tolist()])
    assert wider[3] == 0


def test_too_few_readers_of_a_kind_say_nothing() -> None:
    rows = simulated(0, readers=30)
    assert effects([row for row in rows if not row.second or row.reader in ("r1", "r2")]) == []
    assert effects([]) == []


def test_outcomes_that_all_agree_are_no_certainty() -> None:
    found = by_name(simulated(1, readers=20, loud=9.0, values=9.0))
    gain = found["gain over no card, + values, second kind"]
    assert gain.value == pytest.approx(1, abs=0.1) and gain.low < gain.value < gain.high


def test_entropy_and_facts_of_a_description() -> None:
    assert entropy({"a": 5}) == 0 and entropy({}) == 0
    assert entropy({"a": 1, "b": 1, "c": 1, "d": 1}) == pytest.approx(2)
    assert entropy({"a": 3, "b": 1}) == pytest.approx(-(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25)))
    words, facts = covariates_of("In 1923 the clerk Ana leaves Santos. She has two books.")
    assert words == 11 and facts == pytest.approx(100 * 3 / 11)
    words, facts = covariates_of("1923年、港の事務員は町を出る。")
    assert words > 5 and facts > 0
