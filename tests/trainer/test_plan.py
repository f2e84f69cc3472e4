"""The order of rows: each once an epoch, those of one card together, from the seed and the step alone."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest

from gravity.trainer.sharing.packing import Tokens, pack
from gravity.trainer.sharing.plan import Schedule, Sides, groups, padded_packs, shared_packs
from gravity.trainer.sharing.tokens import Pair
from gravity.trainer.training.fit import fit, limit

Split = Callable[[Sides, Iterable[int], int], Iterator[list[int]]]

CARDS, QUESTIONS = 6, 10


def _pairs() -> list[Pair]:
    """Ten pairs for each of six cards of 40 tokens that begin alike, questions of 5 to 14, mixed up."""
    random = np.random.default_rng(0)

    def draw(length: int) -> Tokens:
        return random.integers(0, 100, length).astype(np.int32)

    opening = draw(10)
    cards = [np.concatenate([opening, draw(30)]) for _ in range(CARDS)]
    return [
        Pair(np.concatenate([cards[number % CARDS], draw(5 + number // CARDS)]), draw(1 + number % 7), draw(4))
        for number in range(CARDS * QUESTIONS)
    ]


PAIRS = _pairs()


def test_groups_are_the_cards() -> None:
    found = {tuple(sorted(int(row) for row in group)) for group in groups(PAIRS)}
    assert found == {tuple(range(card, CARDS * QUESTIONS, CARDS)) for card in range(CARDS)}


@pytest.mark.parametrize("batch_size", [1, 7, 16, 100])
def test_an_epoch_meets_every_row_once_and_another_in_another_order(batch_size: int) -> None:
    schedule = Schedule(groups(PAIRS), batch_size, pairs_per_prefix=4, seed=3)
    steps = schedule.steps_an_epoch
    epochs = [[schedule.rows(step) for step in range(at * steps, (at + 1) * steps)] for at in range(2)]
    for epoch in epochs:
        assert [len(rows) for rows in epoch[:-1]] == [batch_size] * (steps - 1)
        assert sorted(np.concatenate(epoch).tolist()) == list(range(len(PAIRS)))
    assert np.concatenate(epochs[0]).tolist() != np.concatenate(epochs[1]).tolist()


def test_a_step_follows_from_its_number_and_the_seed() -> None:
    walked = Schedule(groups(PAIRS), 7, 4, seed=3)
    for step in range(12):
        rows = walked.rows(step).tolist()
        assert Schedule(groups(PAIRS), 7, 4, seed=3).rows(step).tolist() == rows
    assert Schedule(groups(PAIRS), 7, 4, seed=4).rows(0).tolist() != walked.rows(0).tolist()


def test_pieces_of_one_card_lie_together() -> None:
    rows = Schedule(groups(PAIRS), len(PAIRS), pairs_per_prefix=5, seed=0).rows(0)
    cards = [int(row) % CARDS for row in rows]
    assert all(len(set(cards[at : at + 5])) == 1 for at in range(0, len(cards), 5))
    assert cards[:30] != sorted(cards)[:30]


@pytest.mark.parametrize("split", [shared_packs, padded_packs])
@pytest.mark.parametrize("budget", [1, 150, 400, 10_000])
def test_packs_hold_every_row_once_within_the_budget(split: Split, budget: int) -> None:
    def sides(row: int) -> tuple[Tokens, ...]:
        return PAIRS[row].sequences()

    parts = list(split(sides, range(len(PAIRS)), budget))
    assert sorted(row for part in parts for row in part) == list(range(len(PAIRS)))
    for part in parts:
        sequences = [side for row in part for side in sides(row)]
        shared, padded = len(pack(sequences)), len(sequences) * max(map(len, sequences))
        assert len(part) == 1 or (shared if split is shared_packs else padded) <= budget


def test_what_does_not_fit_is_left_out_or_cut_and_counted() -> None:
    dropped = fit(PAIRS, 54, "drop", "it")
    cut = fit(PAIRS, 54, "keep_start", "it")
    long = [row for row, pair in enumerate(PAIRS) if len(pair) > 54]
    hopeless = [row for row in long if len(PAIRS[row].prompt) >= 54]
    assert long and hopeless and len(long) > len(hopeless)
    assert (dropped.left_out, dropped.cut) == (len(long), 0)
    assert (cut.left_out, cut.cut) == (len(hopeless), len(long) - len(hopeless))
    assert max(map(len, cut.pairs)) == 54
    assert cut.kept == [row for row in range(len(PAIRS)) if row not in hopeless]
    warning = str(cut.warning("--max-length 54"))
    assert f"{len(long)} of {len(PAIRS)} training rows are longer than --max-length 54" in warning
    assert fit(PAIRS, 100, "drop", "it").warning("it") is None
    assert limit(100, 50) == (50, "the model's context of 50")
    assert limit(100, None) == (100, "--max-length 100")
