"""Scenarios of a culture that nearly repeat an earlier one are taken out of the bank."""

from collections.abc import Iterable

import numpy as np

from gravity.store.ledger import Ledger
from gravity.store.records import Scenario
from gravity.store.vectors import Entry, VectorStore


def reject_duplicates(ledger: Ledger, vectors: VectorStore, run: str, cultures: Iterable[str], limit: float) -> None:
    """Rejects each vetted scenario of `run` whose cosine with an earlier one of its culture reaches `limit` (0 to 1).

    Scenarios that pairs rest on come first, the others by slot and then by seed. The settled bank is looked at and
    not scenarios in the works, so that what is rejected does not depend on which of them was done first.
    """
    used = ledger.used_scenarios(run)
    for culture in cultures:
        bank = sorted(ledger.vetted_scenarios(run, culture), key=lambda s: (s.id not in used, s.slot, s.seed))
        vectors.index("scenes", map(_entry, bank))
        found = vectors.vectors("scenes", [scenario.id for scenario in bank])
        kept: list[Scenario] = []
        for scenario in bank:
            cosines = [float(found[scenario.id] @ found[other.id]) for other in kept]
            nearest = int(np.argmax(cosines)) if kept else -1
            if kept and cosines[nearest] >= limit:
                other = kept[nearest]
                reason = f"nearly repeats scenario {other.id} of seed {other.seed} (cosine {cosines[nearest]:.3f})"
                ledger.reject_scenario(scenario.id, reason)
            else:
                kept.append(scenario)


def _entry(scenario: Scenario) -> Entry:
    draft = scenario.draft
    return Entry(scenario.id, f"{draft.situation}\n{draft.endorsing}\n{draft.opposing}", scenario.culture)
