"""What waits for a person, and what becomes of a pair when one decides. People outrank the models."""

from dataclasses import dataclass
from datetime import UTC, datetime

from gravity.store.ledger import Ledger
from gravity.store.records import DECIDED_FIELDS, Decided, Decision, Pair

DECISION_WORDS: dict[Decided, str] = {"keep": "kept", "flip": "flipped", "edit": "edited", "reject": "rejected"}


@dataclass(frozen=True)
class Waiting:
    """A pair that waits for a person, and why."""

    pair: str
    why: str


def waiting(ledger: Ledger, run: str, culture: str | None = None, track: str | None = None) -> list[Waiting]:
    """What waits, of a culture and a track or of all: pairs whose label the panel disagreed with, those that it could
    not tell, and those held."""
    decisions, checks = ledger.decisions(run), ledger.checks(run)
    whys = {"rejected": "the panel preferred the other side", None: "the panel could not tell"}
    doubted = [(c.prefers is None, c.pair, whys[c.prefers]) for c in checks.values() if c.prefers != "chosen"]
    found = [Waiting(pair, why) for _, pair, why in sorted(doubted) if pair not in decisions]

    def fits(pair: Pair | None) -> bool:
        return pair is not None and culture in (None, pair.culture) and track in (None, pair.track)

    if culture is not None or track is not None:
        found = [item for item in found if fits(ledger.pair(item.pair))]
    held = (pair for pair in ledger.pairs(run, "held") if pair.id not in decisions and fits(pair))
    return found + [Waiting(pair.id, pair.reason) for pair in held]


def decide(
    ledger: Ledger,
    pair: Pair,
    decided: Decided,
    by: str,
    sides: tuple[str, str] | None = None,
    *,
    blind: bool = False,
) -> None:
    """Keeps what `by` decided about the pair, with what the pair was before. `sides` are the edited texts, chosen and
    rejected, where the decision is to edit; `blind` says that the pair was drawn by chance and its label not shown."""
    chosen, rejected = sides or (pair.chosen[0]["content"], pair.rejected[0]["content"])
    after = pair.model_copy(
        update={
            "chosen": [{"role": "assistant", "content": chosen}],
            "rejected": [{"role": "assistant", "content": rejected}],
            "verdict": "rejected" if decided == "reject" else "vetted",
            "reason": f"{DECISION_WORDS[decided]} by {by}",
        }
    )
    if decided == "flip":
        after = after.flipped()
    before = pair.model_dump(include=DECIDED_FIELDS)
    time = datetime.now(UTC).isoformat(timespec="seconds")
    decision = Decision(run=pair.run, pair=pair.id, decided=decided, by=by, time=time, before=before, blind=blind)
    ledger.decide(decision, after)
