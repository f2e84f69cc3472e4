"""Acceptance sampling: a lot is all vetted pairs of one culture and track, and a checked sample speaks for it.

The share of wrong labels is bounded with Clopper-Pearson. A judge that errs where the label is right can only
add to the disagreements, as long as fewer than half of the labels are wrong; so the upper bound of the
disagreement is one of the label error. From its lower bound the panel's own error is taken away, which is at
most what its judges showed on gold cases (Rogan and Gladen 1978).
"""

import heapq
from collections import defaultdict
from functools import lru_cache

from gravity.frameworks.statistics import exact
from gravity.store.ledger import Ledger
from gravity.store.records import Check, Decision, Label, Lot, LotVerdict, content_id
from gravity.store.runs import Run, Track

# A lot at the error that one may just accept passes once in forty times at most, since the interval's upper end has
# to clear it; the sample is so large that one at a third of that error passes at least four times in five.
PRODUCER_POWER, GOOD = 0.8, 1 / 3
UNDECIDED = 0.5  # a lot of whose sample more stays undecided goes to people


@lru_cache
def sample_size(acceptable: float) -> int:
    """How many pairs to check so that a lot can be told good from bad at the error `acceptable` (0 to 1)."""
    from scipy import special

    allowed, n = 0, 1
    while True:
        # The smallest n at which so few disagreements are unlikely in a bad lot.
        while exact(allowed, n).high > acceptable:
            n += 1
        if special.bdtr(allowed, n, acceptable * GOOD) >= PRODUCER_POWER:
            return n
        allowed += 1


def samples(ledger: Ledger, run: str, size: int) -> dict[tuple[str, str], tuple[int, list[str]]]:
    """By lot how many pairs it has and the ids of those to check.

    These are the ones with the smallest hashes: as good as drawn by chance, the same at every call, and mostly
    the same when the lot has grown.
    """
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for identity, culture, track in ledger.lot_members(run):
        members[culture, track].append(identity)
    return {
        lot: (len(ids), heapq.nsmallest(size, ids, key=lambda identity: content_id("sample", identity)))
        for lot, ids in members.items()
    }


def lots(ledger: Ledger, run: Run) -> list[Lot]:
    """The lots of a run as its checks and the decisions of people have them, by culture and track."""
    acceptable = run.settings.judging.acceptable_error
    panel_error = run.settings.panel_error
    checks, decisions = ledger.checks(run.id), ledger.decisions(run.id)
    found = []
    size = sample_size(acceptable)
    for (culture, track), (pairs, sample) in sorted(samples(ledger, run.id, size).items()):
        answers = [_answer(checks.get(pair), decisions.get(pair)) for pair in sample]
        agreed, against, undecided = (answers.count(kind) for kind in ("chosen", "rejected", "undecided"))
        lot = Lot(
            culture=culture,
            track=track,
            pairs=pairs,
            sample=len(sample),
            agreed=agreed,
            against=against,
            undecided=undecided,
            low=_own_error_off(exact(against, agreed + against).low, panel_error.get(culture)),
            high=exact(against, agreed + against).high,
            verdict="unchecked",
            reason="",
        )
        verdict, reason = _verdict(lot, run.settings.track(track), acceptable)
        found.append(lot.model_copy(update={"verdict": verdict, "reason": reason}))
    return found


def _answer(check: Check | None, decision: Decision | None) -> Label | str | None:
    """What is known of one sampled pair's label; a person outranks the panel."""
    if decision is not None:
        return "rejected" if decision.decided in ("flip", "reject") else "chosen"
    if check is None:
        return None
    return check.prefers or "undecided"


def _own_error_off(disagreement: float, panel_error: float | None) -> float:
    """The label error behind a disagreement with a panel that errs at most `panel_error` of the time."""
    if panel_error is None or panel_error >= 0.5:
        return 0.0
    return max(0.0, (disagreement - panel_error) / (1 - 2 * panel_error))


def _verdict(lot: Lot, track: Track, acceptable: float) -> tuple[LotVerdict, str]:
    if not track.sampled:
        return "ratings", "the reader's own ratings decide; no panel was asked"
    if lot.checked < lot.sample:
        return "unchecked", f"{lot.checked} of the {lot.sample} sampled pairs have been checked"
    bounds = f"label error between {lot.low:.1%} and {lot.high:.1%}"
    if lot.whole and lot.low <= acceptable:
        return "vetted", f"small enough to check each pair: {lot.agreed} of {lot.pairs} were confirmed, and leave"
    if lot.high <= acceptable:
        if lot.undecided <= UNDECIDED * lot.checked:
            return "vetted", f"{bounds}: at most {acceptable:.0%} is accepted"
        return "review", f"{bounds}, but {lot.undecided} of {lot.checked} stayed undecided"
    if lot.low > acceptable:
        return "withheld", f"{bounds}: more than the {acceptable:.0%} that is accepted"
    return "review", f"{bounds}: whether it is at most {acceptable:.0%} is for people to settle"
