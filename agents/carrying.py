"""Carries stances over to seeds that a reader's reviews do not speak to, and says how far that can be relied on."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gravity.agents.degrees import Calibrations, CarryingOver, HalfTest
from gravity.agents.hierarchy import Axis
from gravity.agents.stances import taken
from gravity.store.records import Fact, Provenance, Source
from gravity.store.reliability import THRESHOLDS, Reliability

MODEL = "hierarchical logistic model"


class Degree(NamedTuple):
    """How sure a stance of a profile is, and where it comes from."""

    reader: str
    source: Source
    probability: float


@dataclass(frozen=True)
class Carrier:
    """Carries over what `model` makes likely, with the probability that `maps` make of it; nothing where these are
    None. `axes` say where the seeds stand."""

    model: CarryingOver
    maps: Calibrations | None
    axes: Mapping[str, Axis]

    def carried(self, reader: str, facts: Sequence[Fact]) -> list[Fact]:
        """The stances of a reader's profile that are carried over, those of before too, however little sure.

        They take the place of unknown ones. What reviews speak to and do not settle stays unknown.
        """
        if self.maps is None:
            return []
        stances = {fact.name: fact for fact in facts if fact.kind == "stance"}
        free = {name: fact for name, fact in stances.items() if _open(fact)}
        found = []
        for likely in self.model.likely(reader):
            if fact := free.get(likely.seed):
                sure = self.maps(reader, likely.probability)
                found.append(self._fact(fact, stances, "agree" if likely.agrees else "disagree", sure))
        return found

    def _fact(self, fact: Fact, stances: Mapping[str, Fact], value: str, sure: float) -> Fact:
        axis = self.axes[fact.name]
        near = [stances[seed] for seed in sorted(self.model.rests_on(fact.reader, axis.dimension)) if seed in stances]
        sides = Counter((one.value == "agree") == (self.axes[one.name].pole > 0) for one in near)
        reason = (
            f"carried over: of the stances that the reader's reviews show of {axis.dimension}, {sides[True]} take the "
            f"high pole and {sides[False]} the low one"
        )
        return fact.model_copy(
            update={
                "value": value,
                "confidence": sure,
                "evidence": list(dict.fromkeys(review for one in near for review in one.evidence)),
                "made_by": Provenance(model=MODEL),
                "reason": reason,
                "source": "carried over",
            }
        )


def _open(fact: Fact) -> bool:
    return fact.source == "carried over" or (fact.value == "unknown" and not fact.evidence)


def degrees(facts: Iterable[Fact]) -> list[Degree]:
    """The degrees of the stances that are taken and whose source is known."""
    return [Degree(fact.reader, fact.source, fact.confidence) for fact in facts if taken(fact) and fact.source]


def reliability(
    run: str, tests: Sequence[HalfTest], stances: Iterable[Degree], cultures: Mapping[str, str]
) -> list[Reliability]:
    """The figures by source, culture and threshold. `cultures` are those of the readers that have a profile."""
    sources: tuple[Source, ...] = ("shown", "carried over")
    tried: dict[tuple[Source, str], list[HalfTest]] = defaultdict(list)
    for test in tests:
        tried[test.source, cultures[test.reader]].append(test)
    held: dict[tuple[Source, str], list[float]] = defaultdict(list)
    for stance in stances:
        held[stance.source, cultures[stance.reader]].append(stance.probability)
    readers = Counter(cultures.values())
    rows = []
    for source in sources:
        for culture in sorted(readers):
            for threshold in THRESHOLDS:
                tested = [test for test in tried[source, culture] if test.probability >= threshold]
                sure = [probability for probability in held[source, culture] if probability >= threshold]
                rows.append(
                    Reliability(
                        run=run,
                        source=source,
                        culture=culture,
                        threshold=threshold,
                        tested=len(tested),
                        contradicted=sum(not test.right for test in tested),
                        stances=len(sure),
                        readers=readers[culture],
                        expected_error=1 - sum(sure) / len(sure) if sure else None,
                    )
                )
    return rows
