"""Another reader's card for each row: the control that tells a profile's effect from that of any profile."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from gravity.trainer.dataset.contract import SUBJECTS, Row, subject
from gravity.trainer.dataset.profile import card
from gravity.trainer.evaluation.heldout import HeldOut, rows_of

_COLUMNS = ("prompt", "reader", "culture", "track", *SUBJECTS, "profile")


@dataclass(frozen=True)
class _Card:
    reader: str
    text: str
    subject: str | None
    seeds: frozenset[str]


_Pool = dict[tuple[str, str], dict[str, list[_Card]]]


def shuffled_cards(held: HeldOut) -> list[str | None]:
    """Return for each test row the card of another reader of its culture, None where there is none to take.

    Cards come from test rows of the same track, by preference from one about the same seed: such a card leaves
    out the same seeds. One that holds the row's own seed, or says the same as the row's own card, is not taken.
    Where the test split offers none, the culture's train readers do. The choice is random with a fixed seed.
    """
    chance = random.Random(0)
    found = _from(held.rows, _pool(held.rows), chance)
    if None in found:
        short = {row["culture"] for row, text in zip(held.rows, found, strict=True) if text is None}
        more = _pool(row for row in rows_of(held.train, _COLUMNS) if row["culture"] in short)
        found = [first or second for first, second in zip(found, _from(held.rows, more, chance), strict=True)]
    return found


def _from(rows: Iterable[Row], pool: _Pool, chance: random.Random) -> list[str | None]:
    return [_pick(row, pool.get((row["culture"], row["track"]), {}), chance) for row in rows]


def _pool(rows: Iterable[Row]) -> _Pool:
    pool: _Pool = defaultdict(lambda: defaultdict(list))
    seen: set[tuple[str, str, str | None]] = set()
    for row in rows:
        text, about = card(row), subject(row)
        key = (row["reader"], text or "", about)
        if text is None or key in seen:
            continue
        seen.add(key)
        seeds = frozenset(entry["seed"] for entry in row.get("profile") or [] if entry["seed"])
        pool[row["culture"], row["track"]][row["reader"]].append(_Card(row["reader"], text, about, seeds))
    return pool


def _pick(row: Row, readers: dict[str, list[_Card]], chance: random.Random) -> str | None:
    """Try the other readers in random order."""
    own, about = card(row), subject(row)
    for reader in chance.sample(sorted(readers), len(readers)):
        if reader == row["reader"]:
            continue
        fit = [one for one in readers[reader] if one.text != own and row.get("seed") not in one.seeds]
        same = [one for one in fit if one.subject == about]
        if fit:
            return chance.choice(same or fit).text
    return None
