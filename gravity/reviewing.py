"""`gravity review`: a person decides on pairs, one screen and one key each. What they say outranks the models."""

import getpass
import json
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from gravity.console import console, plain
from gravity.errors import ConfigError
from gravity.store.lots import lots
from gravity.store.records import DECIDED_FIELDS, Decided, Decision, Pair
from gravity.store.runs import Run
from gravity.trail import print_trail
from gravity.views import print_lots
from gravity.workshop import Workshop

DECISIONS: dict[str, Decided] = {"k": "keep", "f": "flip", "e": "edit", "r": "reject"}
MOVES = {"s": "skip", "u": "undo", "q": "quit"}
WORDS: dict[Decided, str] = {"keep": "kept", "flip": "flipped", "edit": "edited", "reject": "rejected"}
CHOSEN, REJECTED = "=== chosen ===", "=== rejected ==="


@dataclass(frozen=True)
class Wanted:
    """Which pairs to decide on: of a culture or all, of a track or all."""

    culture: str | None
    track: str | None


@dataclass(frozen=True)
class Waiting:
    """A pair that waits for a person, and why."""

    pair: str
    why: str


def review(workshop: Workshop, run: Run, wanted: Wanted, by: str | None, as_json: bool) -> None:
    """Goes through what waits until the person has had enough. Raises ConfigError without a terminal."""
    queue = waiting(workshop, run, wanted)
    if as_json:
        print(json.dumps([{"pair": item.pair, "why": item.why} for item in queue]))
        return
    if not sys.stdin.isatty():
        raise ConfigError("`gravity review` asks for keys and needs a terminal; `--json` lists what waits")
    decided = _sitting(workshop, run, queue, by or getpass.getuser())
    made = ", ".join(f"{n} {word}" for word, n in decided.items()) or "nothing"
    console.print(f"Decided: {made}. {len(queue) - decided.total()} still wait.")
    print_lots(lots(workshop.ledger, run))


def waiting(workshop: Workshop, run: Run, wanted: Wanted) -> list[Waiting]:
    """What waits: pairs whose label the panel disagreed with, those it could not tell, and those held."""
    ledger = workshop.ledger
    decisions, checks = ledger.decisions(run.id), ledger.checks(run.id)
    whys = {"rejected": "the panel preferred the other side", None: "the panel could not tell"}
    doubted = [(c.prefers is None, c.pair, whys[c.prefers]) for c in checks.values() if c.prefers != "chosen"]
    found = [Waiting(pair, why) for _, pair, why in sorted(doubted)]
    found += [Waiting(pair.id, pair.reason) for pair in ledger.pairs(run.id, "held")]
    return [item for item in found if item.pair not in decisions and _matches(workshop, item.pair, wanted)]


def _matches(workshop: Workshop, identity: str, wanted: Wanted) -> bool:
    if wanted == Wanted(None, None):
        return True
    pair = _pair(workshop, identity)
    return wanted.culture in (None, pair.culture) and wanted.track in (None, pair.track)


def _sitting(workshop: Workshop, run: Run, queue: list[Waiting], by: str) -> Counter[str]:
    decided: Counter[str] = Counter()
    made: list[int] = []
    place = 0
    while place < len(queue):
        item = queue[place]
        pair = _pair(workshop, item.pair)
        console.clear()
        console.print(f"[bold]{place + 1} of {len(queue)}[/]  {plain(item.why)}")
        print_trail(workshop, pair)
        key = _key()
        if key == "q":
            break
        if key == "u" and made:
            place = made.pop()
            undone = workshop.ledger.undo(queue[place].pair)
            decided[WORDS[undone.decided]] -= 1
        elif key == "s":
            place += 1
        elif key in DECISIONS:
            decision = DECISIONS[key]
            sides = _edited(pair) if decision == "edit" else _sides(pair)
            if sides is not None:
                _decide(workshop, pair, decision, sides, by)
                decided[WORDS[decision]] += 1
                made.append(place)
                place += 1
    return +decided


def _key() -> str:
    names = {**DECISIONS, **MOVES}
    console.print("\n" + "  ".join(f"[bold]{key}[/] {name}" for key, name in names.items()))
    while (key := click.getchar().lower()) not in names:
        pass
    return key


def _decide(workshop: Workshop, pair: Pair, decided: Decided, sides: tuple[str, str], by: str) -> None:
    before = pair.model_dump(include=DECIDED_FIELDS)
    chosen, rejected = sides
    after = pair.model_copy(
        update={
            "chosen": [{"role": "assistant", "content": chosen}],
            "rejected": [{"role": "assistant", "content": rejected}],
            "verdict": "rejected" if decided == "reject" else "vetted",
            "reason": f"{WORDS[decided]} by {by}",
        }
    )
    if decided == "flip":
        after = after.flipped()
    time = datetime.now(UTC).isoformat(timespec="seconds")
    decision = Decision(run=pair.run, pair=pair.id, decided=decided, by=by, time=time, before=before)
    workshop.ledger.decide(decision, after)


def _sides(pair: Pair) -> tuple[str, str]:
    return pair.chosen[0]["content"], pair.rejected[0]["content"]


def _edited(pair: Pair) -> tuple[str, str] | None:
    """The two sides as the person left them in their editor; None where they changed nothing or left one empty."""
    before = _sides(pair)
    text = click.edit(f"{CHOSEN}\n{before[0]}\n\n{REJECTED}\n{before[1]}\n", extension=".md")
    if text is None or CHOSEN not in text or REJECTED not in text:
        return None
    chosen, rejected = (part.strip() for part in text.split(CHOSEN, 1)[1].split(REJECTED, 1))
    if not chosen or not rejected or chosen == rejected or (chosen, rejected) == before:
        return None
    return chosen, rejected


def _pair(workshop: Workshop, identity: str) -> Pair:
    found = workshop.ledger.pair(identity)
    assert found is not None
    return found
