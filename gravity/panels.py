"""What a panel showed on gold cases: one of pair judges, how often it confirms labels that are right, and those that
the profiler got wrong; one of judges of writings, how often it prefers the right text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from gravity.agents.comparing import majority
from gravity.agents.qualification.trial import UNKNOWN
from gravity.compare.evidence import PanelOnGold
from gravity.frameworks.statistics import exact
from gravity.store.runs import PanelRecord

# By gold case the right label, or that there is none, the one that was given, and the one of the first asking alone;
# None for no label.
Outcome = tuple[str, str | None, str | None]
Outcomes = Mapping[str, Outcome]


def panel_record(panel: Sequence[Outcomes], profiler: Outcomes, quorum: int) -> PanelRecord:
    """What the judges of a panel, by their outcomes, did together with the labels that the profiler gave.

    Its own labels alone are counted, right and wrong ones: what is hard for a profiler may be hard for a panel too.
    """
    counts = Counter[str]()
    for case, (truth, label, first) in profiler.items():
        said = majority([judge[case][1] if case in judge else None for judge in panel], quorum)
        if label == truth:
            counts.update(right=1, confirmed=said == label, refuted=said is not None and said != label)
        elif label is not None:
            counts.update(wrong=1, shared=said == label)
        if first not in (None, truth):
            counts.update(slips=1, slips_shared=said == first)
    return PanelRecord(**counts)


def panel_on_gold(panel: Sequence[Outcomes], quorum: int) -> PanelOnGold:
    """What judges of writings, by their outcomes on the same cases, prefer together: the texts that fit, the others,
    and one of two that nothing divides."""
    counts = Counter[str]()
    for case, (truth, *_) in (panel[0] if panel else {}).items():
        said = majority([judge[case][1] if case in judge else None for judge in panel], quorum)
        if truth == UNKNOWN:
            counts.update(tied=1, sided=said is not None)
        else:
            counts.update(telling=1, right=said == truth, wrong=said not in (None, truth))
    return PanelOnGold(**counts)


def of_culture(culture: str, records: Mapping[str, PanelRecord]) -> PanelRecord:
    """The record for a culture: that of all cultures together, save for what its own interval says is another there.

    A culture has too few gold cases to stand alone, and where it is like the others theirs tell of it too.
    """
    own, every = records[culture], _sum(records.values())
    found = dict[str, int]()
    if _differs(own.confirmed, own.right, every.confirmed, every.right):
        found |= own.model_dump(include={"right", "confirmed", "refuted"})
    if _differs(*own.missed, *every.missed):
        found |= own.model_dump(include={"wrong", "shared", "slips", "slips_shared"})
    return every.model_copy(update=found)


def _differs(hits: int, n: int, all_hits: int, all_n: int) -> bool:
    """Whether the share of all lies outside the 95% interval of one's own."""
    if not n or not all_n:
        return False
    low, high = exact(hits, n)
    return not low <= all_hits / all_n <= high


def _sum(records: Iterable[PanelRecord]) -> PanelRecord:
    rows = [record.model_dump() for record in records]
    return PanelRecord(**{name: sum(row[name] for row in rows) for name in PanelRecord.model_fields})
