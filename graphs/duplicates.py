"""Scenarios of a culture that nearly repeat an earlier one are taken out of the bank."""

import numpy as np

from gravity.graphs.crew import Crew
from gravity.store.records import Scenario
from gravity.store.vectors import Entry


def refuse_duplicates(crew: Crew) -> None:
    """Rejects each vetted scenario that is too near to an earlier one: those that pairs rest on come first, the
    others by slot and then by seed.

    It looks at the settled bank and not at scenarios in the works, so that what it refuses does not depend on
    which of them was done first.
    """
    used = crew.ledger.used_scenarios(crew.run)
    for culture in crew.cultures:
        bank = sorted(crew.ledger.vetted_scenarios(crew.run, culture), key=lambda s: (s.id not in used, s.slot, s.seed))
        crew.vectors.index("scenes", [_entry(scenario) for scenario in bank])
        found = crew.vectors.vectors("scenes", [scenario.id for scenario in bank])
        kept: list[Scenario] = []
        for scenario in bank:
            cosines = [float(found[scenario.id] @ found[other.id]) for other in kept]
            nearest = int(np.argmax(cosines)) if kept else -1
            if kept and cosines[nearest] >= crew.plan.duplicate_similarity:
                other = kept[nearest]
                reason = f"nearly repeats scenario {other.id} of seed {other.seed} (cosine {cosines[nearest]:.3f})"
                crew.ledger.reject_scenario(scenario.id, reason)
            else:
                kept.append(scenario)


def _entry(scenario: Scenario) -> Entry:
    draft = scenario.draft
    return Entry(scenario.id, f"{draft.situation}\n{draft.endorsing}\n{draft.opposing}", scenario.culture)
