"""Scorers whose taste is planted get the figures that they must get."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gravity.trainer.dataset.contract import Row
from gravity.trainer.dataset.profile import card, without_component, without_framework, without_profile
from gravity.trainer.evaluation.controls import length_slope, margins
from gravity.trainer.evaluation.figures import cells, reliability
from gravity.trainer.evaluation.heldout import held_out
from gravity.trainer.evaluation.shuffled import shuffled_cards
from gravity.trainer.evaluation.verdict import HARDLY, Change, mean_change, verdict, warning, warnings
from gravity.trainer.intervals import Estimate
from gravity.trainer.sharing.scoring import Score
from tests.trainer.conftest import Rows
from tests.trainer.tastes import by_profile, split, write_dataset


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tastes")
    return held_out(write_dataset(folder, split("train", 4, 6), split("test", 8, 12)))


def _by_length(rows: Sequence[Row]) -> tuple[list[Score], list[Score]]:
    """Likes the longer answer, whoever asks."""
    sides = [[len(row[name][0]["content"]) for name in ("chosen", "rejected")] for row in rows]
    scores = [Score(0.1 * chosen, 0.1 * rejected, chosen, rejected) for chosen, rejected in sides]
    return scores, [Score(0.0, 0.0, one.chosen_tokens, one.rejected_tokens) for one in scores]


def test_a_scorer_that_reads_the_profile_is_told_from_one_that_does_not(held: Any) -> None:
    found = cells(held.rows, margins(held.rows, shuffled_cards(held), by_profile, 0.3, 0.0))
    every = found[0]
    accuracy = {name: figures["accuracy"] for name, figures in every["conditions"].items()}
    assert (accuracy["adapter"].value, accuracy["no profile"].value, accuracy["base"].value) == (1.0, 0.5, 0.5)
    # 4 of the 7 other readers of a culture have the other taste.
    assert accuracy["shuffled"].value == pytest.approx(3 / 7, abs=0.08)
    assert accuracy["shuffled"].low <= 3 / 7 <= accuracy["shuffled"].high
    assert every["differences"]["adapter - shuffled"].low > 0.4
    assert every["differences"]["adapter - no profile"].value == 0.5
    assert every["differences"]["adapter - shuffled"].clusters == {"readers": 16, "subjects": 18}
    assert (every["rows"], every["readers"], every["subjects"]) == (288, 16, 18)
    assert [(cell["culture"], cell["track"]) for cell in found] == [
        ("all", "all"), ("jp", "all"), ("us", "all"), ("all", "personality"), ("all", "values"),
        ("jp", "personality"), ("jp", "values"), ("us", "personality"), ("us", "values"),
    ]  # fmt: skip
    # Six items are just enough to say something, and little.
    few, more = (found[cell]["conditions"]["shuffled"]["accuracy"] for cell in (3, 4))
    assert few.clusters == {"readers": 16, "subjects": 6}
    assert few.high - few.low > more.high - more.low


def test_a_scorer_that_counts_words_is_exposed(held: Any) -> None:
    longer = np.array([one.chosen_tokens - one.rejected_tokens for one in _by_length(held.rows)[0]], dtype=float)
    every = cells(held.rows, margins(held.rows, shuffled_cards(held), _by_length, 0.3, length_slope(longer + 1)))[0]
    length = every["length"]
    assert length["adapter prefers longer"].value == 1
    assert length["correlation"].value == pytest.approx(1)
    assert (length["accuracy, chosen longer"].value, length["accuracy, chosen shorter"].value) == (1, 0)
    assert every["conditions"]["adapter"]["accuracy"].value == 0.5
    assert every["differences"]["adapter - length"].value == 0
    assert every["differences"]["adapter - shuffled"].value == 0


def test_an_answer_is_yes_only_for_an_adapter_that_differs_and_an_interval_above_0() -> None:
    def estimate(low: float | None, high: float | None) -> Estimate:
        return Estimate(low, low, high, 100, {"readers": 10, "subjects": 10})

    moved = Change(3.0, 0.001)
    assert verdict(estimate(0.1, 0.3), moved) == "yes"
    assert verdict(estimate(-0.1, 0.5), moved) == "not shown"
    assert verdict(estimate(-0.3, -0.1), moved) == "no, it is worse"
    assert verdict(estimate(None, None), moved) == "insufficient"
    still = Change(0.01, 0.001)
    assert {verdict(estimate(low, high), still) for low, high in ((0.1, 0.3), (-0.3, -0.1), (None, None))} == {HARDLY}


def test_an_adapter_is_judged_where_it_moves_more_than_rounding_does() -> None:
    assert mean_change(np.array([0.3, -0.5, np.nan, 0.1])) == pytest.approx(0.3)
    assert mean_change(np.array([np.nan])) == 0
    # In half precision half a nat can be rounding alone.
    hardly = [Change(*one).hardly for one in ((0.5, 0.0), (0.5, 0.4), (0.9, 0.4), (0.1, 0.0))]
    assert hardly == [False, True, False, True]
    assert warning(Change(0.9, 0.4)) is None
    assert "--learning-rate" in (warning(Change(0.5, 0.4)) or "")
    assert warnings({"jp": Change(4.0, 0.1), "us": Change(5.0, 0.1)}) == []
    (line,) = warnings({"jp": Change(0.1, 0.1), "us": Change(5.0, 0.1)})
    assert "nothing: jp." in line


def test_length_alone_learns_which_way_length_points() -> None:
    rng = np.random.default_rng(0)
    longer = np.where(rng.random(2000) < 0.8, 1.0, -1.0) * 20
    assert length_slope(longer) == pytest.approx(np.log(4) / 20, rel=0.15)
    assert length_slope(-longer) == pytest.approx(-length_slope(longer), rel=1e-3)
    assert 0 < length_slope(np.full(50, 3.0)) < 10
    assert length_slope(np.zeros(0)) == 0


def test_another_readers_card_is_of_the_culture_and_without_the_pairs_seed(held: Any) -> None:
    readers: dict[str | None, set[tuple[str, str]]] = {}
    for row in held.rows:
        readers.setdefault(card(row), set()).add((row["culture"], row["reader"]))
    for row, text in zip(held.rows, shuffled_cards(held), strict=True):
        ((culture, reader),) = readers[text]
        assert culture == row["culture"]
        assert reader != row["reader"]


def test_a_card_with_the_pairs_own_seed_is_not_lent(tmp_path: Path) -> None:
    test = split("test", 4, 12)
    own = test[0]["seed"]
    for row in test:
        if row["reader"] != test[0]["reader"] and row["seed"] != own:
            row["profile"].append({"component": "values", "framework": "wvs", "seed": own, "text": "- It is so."})
    held = held_out(write_dataset(tmp_path, split("train", 3, 3), test))
    # The cards without it are those of other readers' pairs about the same seed.
    same = {card(row) for row in test if row["seed"] == own}
    assert shuffled_cards(held)[0] in same - {card(test[0])}
    without = [row for row in test if row["seed"] != own or row is test[0]]
    held = held_out(write_dataset(tmp_path, split("train", 3, 3), without))
    # Now only the train readers' cards are without it, and the culture has some.
    assert "train-us" in (shuffled_cards(held)[0] or "")


def test_a_lone_reader_without_train_readers_has_no_control(tmp_path: Path) -> None:
    test = [*split("test", 1, 40, ["jp"]), *split("test", 6, 40, ["us"])]
    held = held_out(write_dataset(tmp_path, split("train", 2, 3, ["us"]), test))
    lent = shuffled_cards(held)
    assert {text is None for text, row in zip(lent, held.rows, strict=True) if row["culture"] == "jp"} == {True}
    assert {text is None for text, row in zip(lent, held.rows, strict=True) if row["culture"] == "us"} == {False}
    found = cells(held.rows, margins(held.rows, lent, by_profile, 0.3, 0.0))
    assert found[1]["culture"] == "jp"
    assert not found[1]["differences"]["adapter - shuffled"].sufficient
    assert found[2]["differences"]["adapter - shuffled"].sufficient


def test_parts_of_a_card_go_and_the_rest_stays(held: Any) -> None:
    row = held.rows[0]
    lines = (card(row) or "").splitlines()
    assert card(without_profile(row)) == "You write for one reader."
    assert card(without_profile({**row, "profile": None})) is None
    values = (card(without_component(row, "values")) or "").splitlines()
    assert values == [line for line in lines if not line.startswith(("Views", "- "))]
    two = without_framework(row, "wvs")
    assert (card(two) or "").splitlines() == [line for line in lines if "wvs" not in line]
    none = without_framework(without_framework(two, "schwartz"), "hofstede")
    assert (card(none) or "").splitlines() == values
    assert [line["component"] for line in none["profile"]] == ["demographics", "interests", "personality"]
    assert "Personality" not in (card(without_framework(row, "big five")) or "")


def test_a_part_is_taken_out_by_its_entry_whatever_its_wording() -> None:
    card_text = "To you.\n\nRoots: Sea\n- a false view\nMotto\n- said twice\n- said twice"
    texts = [
        ("demographics", None, "Roots: Sea\n- a false view"),
        ("values", None, "Motto"),
        ("values", "wvs", "- said twice"),
        ("values", "schwartz", "- said twice"),
    ]
    entries = [
        {"component": part, "framework": framework, "seed": None, "text": text} for part, framework, text in texts
    ]
    prompt = [{"role": "system", "content": card_text}, {"role": "user", "content": "Describe The Salt Road."}]
    row: Row = {"prompt": prompt, "profile": entries}
    assert card(without_component(row, "demographics")) == "To you.\n\nMotto\n- said twice\n- said twice"
    assert card(without_component(row, "values")) == "To you.\n\nRoots: Sea\n- a false view"
    assert card(without_framework(row, "wvs")) == "To you.\n\nRoots: Sea\n- a false view\nMotto\n- said twice"
    assert card(without_profile(row)) == "To you."


def test_reliability_counts_every_answer() -> None:
    bins = reliability(np.array([0.1, -0.1, 5.0, 4.0, -6.0, np.nan]))
    assert [(one["rows"], one["accuracy"]) for one in bins] == [(2, 0.5), (3, pytest.approx(2 / 3))]


def test_rows_that_are_not_held_out_are_refused(tmp_path: Path) -> None:
    from gravity.trainer.errors import DatasetError

    train: Rows = split("train", 2, 3)
    for name, value in (("reader", train[5]["reader"]), ("seed", train[0]["seed"])):
        test = split("test", 2, 3)
        test[0][name] = value
        with pytest.raises(DatasetError, match=f"both splits.*{value}|{value}.*both splits"):
            held_out(write_dataset(tmp_path, train, test))
