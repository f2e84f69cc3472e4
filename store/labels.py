"""What is known of the labels of a lot: which pairs are its sample, and what panels and people said of them.

People outrank the panel in two ways. Where they decided on each pair of the sample that the panel did not confirm, only
what it wrongly confirmed is left to bound. Where they answered blind about pairs drawn by chance, their answers bound
the error by themselves (Clopper-Pearson), and tell how often the panel confirms right and wrong labels of this very
lot.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from gravity.frameworks.statistics import Interval, exact
from gravity.store.bounds import Answers, confirmed_error, label_error, settled_error
from gravity.store.ledger import Ledger
from gravity.store.records import Check, Decision, Label, content_id
from gravity.store.runs import Checking, PanelRecord, Run
from gravity.store.sampling import LARGEST, Design, Look, design, outlook


class Drawn(NamedTuple):
    """How many pairs a lot has, and the ids of those that can be in its sample, first those to be checked first."""

    pairs: int
    ids: list[str]


@dataclass(frozen=True)
class Evidence:
    """What is known of the labels of a lot: what the panel (None: there is none) and what people said, by pair."""

    drawn: Drawn
    checks: Mapping[str, Check]
    decisions: Mapping[str, Decision]
    panel: PanelRecord | None
    acceptable: float

    @property
    def design(self) -> Design:
        """The looks at the lot, by what the panel showed on gold cases."""
        return design(self.panel or PanelRecord(), self.acceptable, self.drawn.pairs)

    def missing(self, look: Look) -> list[str]:
        """The pairs of a look that the panel has not checked."""
        return [pair for pair in self.drawn.ids[: look.n] if pair not in self.checks]

    @cached_property
    def blind(self) -> list[Decision]:
        """What people said about pairs drawn by chance."""
        return [d for pair in self.drawn.ids if (d := self.decisions.get(pair)) is not None and d.blind]

    @property
    def people(self) -> tuple[int, int]:
        """How many labels people found wrong in the sample that they were asked about, and how many they were."""
        return sum(_wrong(decision) for decision in self.blind), len(self.blind)

    def by_people(self, tail: float) -> Interval:
        """The label error by people's blind answers alone."""
        return exact(*self.people, 1 - 2 * tail)

    def answers(self, look: Look, *, outranked: bool) -> Answers:
        """The panel's answers about the pairs of a look, `outranked` by those of people or as they were."""
        found = []
        for pair in self.drawn.ids[: look.n]:
            decision = self.decisions.get(pair) if outranked else None
            label = self.checks[pair].prefers if decision is None else _said(decision)
            found.append(label)
        return Answers(*(found.count(label) for label in ("chosen", "rejected", None)))

    def interval(self, look: Look) -> Interval:
        """The label error as a look shows it; each end is wrong with a chance of at most the look's tail."""
        # Two ways to the same bound share the error between them.
        tail = look.tail / 2 if self.blind else look.tail
        measure = settled_error if self._settled(look) else label_error
        found = measure(self._told(look), self.record, tail)
        if not self.blind:
            return found
        own = self.by_people(tail)
        if found.low > own.high or own.low > found.high:
            # They contradict each other, and people outrank the panel.
            return own
        return Interval(max(found.low, own.low), min(found.high, own.high))

    def outlook(self, look: Look) -> float:
        """How likely it is (0 to 1) that the lot will be vetted if it goes on as in a look; 1 at the last one."""
        if look == self.design.looks[-1]:
            return 1.0
        return outlook(self._told(look), self.design, self._judge(look), self.acceptable)

    def left(self, look: Look) -> float:
        """The upper bound of the share of wrong labels among the confirmed pairs of a look."""
        return confirmed_error(self._told(look), self._judge(look), look.tail)

    @cached_property
    def record(self) -> PanelRecord:
        """The panel's record on gold cases with what people's blind answers add to it."""
        counts = Counter[str]()
        for decision in self.blind:
            check = self.checks.get(decision.pair)
            if check is not None and _wrong(decision):
                shared = check.prefers == "chosen"
                counts.update(wrong=1, shared=shared, slips=1, slips_shared=shared)
            elif check is not None:
                counts.update(right=1, confirmed=check.prefers == "chosen", refuted=check.prefers == "rejected")
        known = self.panel or PanelRecord()
        return known.model_copy(update={name: getattr(known, name) + n for name, n in counts.items()})

    def _judge(self, look: Look) -> PanelRecord:
        return self.record.settled() if self._settled(look) else self.record

    def _told(self, look: Look) -> Answers:
        return self.answers(look, outranked=self._settled(look))

    def _settled(self, look: Look) -> bool:
        """Whether people decided on each pair of a look that the panel did not confirm, and there were such."""
        doubted = [pair for pair in self.drawn.ids[: look.n] if self.checks[pair].prefers != "chosen"]
        return bool(doubted) and all(pair in self.decisions for pair in doubted)


def _wrong(decision: Decision) -> bool:
    return decision.decided in ("flip", "reject")


def _said(decision: Decision) -> Label:
    return "rejected" if _wrong(decision) else "chosen"


def samples(ledger: Ledger, run: str) -> dict[tuple[str, str], Drawn]:
    """By culture and track the pairs that can be sampled.

    These are the ones with the smallest hashes: as good as drawn by chance, the same at every call, and mostly
    the same when the lot has grown.
    """
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for identity, culture, track in ledger.lot_members(run):
        members[culture, track].append(identity)
    return {
        lot: Drawn(len(ids), heapq.nsmallest(LARGEST, ids, key=lambda identity: content_id("sample", identity)))
        for lot, ids in members.items()
    }


def evidence(ledger: Ledger, run: Run) -> dict[tuple[str, str], Evidence]:
    """By culture and track what is known of the labels of the lots of a run."""
    checks, decisions = ledger.checks(run.id), ledger.decisions(run.id)
    acceptable = run.settings.judging.acceptable_error
    found = {}
    for (culture, track), drawn in samples(ledger, run.id).items():
        by = checking(run, culture, track)
        panel = by.record if by.judges else None
        found[culture, track] = Evidence(drawn, checks, decisions, panel, acceptable)
    return found


def checking(run: Run, culture: str, track: str) -> Checking:
    """Who checks a lot; nobody where no judge has qualified."""
    task, counting = run.settings.track(track).checked_by, run.settings.counting.get(culture)
    return (counting.checking.get(task) if counting and task else None) or Checking()
