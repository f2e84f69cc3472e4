"""What a panel of pair judges showed on gold cases: how often it confirms labels that are right, and those that the
profiler got wrong."""

from collections.abc import Iterable, Mapping, Sequence

from gravity.agents.judge import majority
from gravity.frameworks.statistics import exact
from gravity.store.runs import PanelRecord

# By gold case the right label, or that there is none, and the one that was given, None for none.
Outcomes = Mapping[str, tuple[str, str | None]]


def panel_record(panel: Sequence[Outcomes], profiler: Outcomes, quorum: int) -> PanelRecord:
    """What the judges of a panel, by their outcomes, did together with the labels that the profiler gave.

    Its own labels alone are counted, right and wrong ones: what is hard for a profiler may be hard for a panel too.
    """
    right = confirmed = refuted = wrong = shared = 0
    for case, (truth, label) in profiler.items():
        said = majority([judge[case][1] if case in judge else None for judge in panel], quorum)
        if label is None:
            continue
        if label == truth:
            right += 1
            confirmed += said == label
            refuted += said is not None and said != label
        else:
            wrong += 1
            shared += said == label
    return PanelRecord(right=right, confirmed=confirmed, refuted=refuted, wrong=wrong, shared=shared)


def of_culture(culture: str, records: Mapping[str, PanelRecord]) -> PanelRecord:
    """The record for a culture: that of all cultures together, save for what its own interval says is another there.

    A culture has too few gold cases to stand alone, and where it is like the others theirs tell of it too.
    """
    own, every = records[culture], _sum(records.values())
    found = dict[str, int]()
    if _differs(own.confirmed, own.right, every.confirmed, every.right):
        found |= own.model_dump(include={"right", "confirmed", "refuted"})
    if _differs(own.shared, own.wrong, every.shared, every.wrong):
        found |= own.model_dump(include={"wrong", "shared"})
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
