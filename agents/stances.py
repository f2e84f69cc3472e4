"""What a reader's reviews show of seeds: asked of each half apart, asked again turned round, and put together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gravity.agents.evidence import Evidence
from gravity.frameworks.records import Seed
from gravity.store.records import Fact, Provenance, Reader, Shown
from gravity.store.views import ReaderSeed

TURNED = {"agree": "disagree", "disagree": "agree"}


@dataclass(frozen=True)
class Batch:
    """The seeds that one call asks about, and what it shows of the reader."""

    evidence: Evidence
    seeds: Sequence[Seed]


def taken(fact: Fact) -> bool:
    """Whether a stance is one, and not unknown or failed."""
    return fact.value in TURNED


def seeds_for(seeds: Mapping[str, Seed], reader: Reader) -> list[Seed]:
    """The seeds that a reader is asked about: one that a single reader brought is that reader's alone."""
    return [seed for seed in seeds.values() if not isinstance(seed, ReaderSeed) or seed.reader in (None, reader.id)]


def not_near(run: str, reader: str, seed: str, unread: Sequence[str] = ()) -> Fact:
    """The fact of a seed that was not asked about, since none of the reader's views comes near it.

    Where some of the reviews could not be read for views, for the reasons `unread`, there may be one that does: the
    stance has failed.
    """
    value, reason = "unknown", "none of the reader's views comes near it"
    if unread:
        value, reason = "failed", f"not all reviews could be read for views: {unread[0]}"
    given: dict[str, Any] = {"kind": "stance", "name": seed, "value": value, "confidence": 0.0, "evidence": []}
    return Fact(run=run, reader=reader, **given, made_by=Provenance(model="nobody"), reason=reason)


def together_told(told: Sequence[tuple[Batch, Sequence[Fact]]]) -> tuple[list[Fact], list[Shown]]:
    """One fact for each seed that was asked about, from all batches; and what each half shows by itself.

    What several batches say alike has the highest of their confidences. Where one says the contrary of another the
    stance is unknown. A batch without a usable answer counts only where no other showed the stance.
    """
    by_seed: dict[str, list[tuple[int | None, Fact]]] = defaultdict(list)
    for batch, facts in told:
        for fact in facts:
            by_seed[fact.name].append((batch.evidence.half, fact))
    shown = []
    for seed, given in by_seed.items():
        for half in (0, 1):
            of_half = [fact for of, fact in given if of == half]
            if of_half and taken(fact := _one(of_half)):
                given_by = {"run": fact.run, "reader": fact.reader, "seed": seed, "half": half}
                shown.append(Shown(**given_by, stance=fact.value, confidence=fact.confidence))
    facts = [_one([fact for _, fact in given]) for given in by_seed.values()]
    return facts, shown


def _one(facts: Sequence[Fact]) -> Fact:
    stances = sorted(filter(taken, facts), key=lambda fact: -fact.confidence)
    if not stances:
        return next((fact for fact in facts if fact.value == "failed"), facts[0])
    best = stances[0]
    evidence = list(dict.fromkeys(review for fact in stances for review in fact.evidence))
    if len({fact.value for fact in stances}) > 1:
        reason = "some of the reviews show the one side and others the other"
        return best.model_copy(update={"value": "unknown", "evidence": evidence, "reason": reason})
    return best.model_copy(update={"evidence": evidence})
