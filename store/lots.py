"""Lots: all vetted pairs of one culture and track, whose label error a checked sample bounds.

The sample is judged by a panel, whose own errors the bounds take in (`bounds`), in a few looks (`sampling`), and by
people, who outrank it (`labels`).
"""

from operator import itemgetter
from typing import Any, NamedTuple

from gravity.frameworks.statistics import Interval
from gravity.store.bounds import TAIL, Answers
from gravity.store.labels import Evidence, checking, evidence
from gravity.store.ledger import Ledger
from gravity.store.rated_lots import Rated, rated
from gravity.store.records import Lot, LotVerdict
from gravity.store.runs import Run
from gravity.store.sampling import Look

NOTHING: dict[str, Any] = {"sample": 0, "agreed": 0, "against": 0, "undecided": 0, "low": 0.0, "high": 1.0}
HOPELESS = 0.05  # a chance to be vetted for which checking does not go on


def lots(ledger: Ledger, run: Run) -> list[Lot]:
    """The lots of a run as its checks and the decisions of people have them, by culture and track."""
    by_ratings = rated(ledger, run.id)
    found = []
    for (culture, track), known in sorted(evidence(ledger, run).items(), key=itemgetter(0)):
        if run.settings.track(track).checked_by is None:
            found.append(_rated(culture, track, known, by_ratings.get((culture, track))))
        else:
            found.append(_lot(run, culture, track, known))
    return found


def due(ledger: Ledger, run: Run) -> dict[tuple[str, str], list[str]]:
    """By culture and track the pairs that a panel is to check next, where there is one and the lot is not settled."""
    found = {}
    for of, known in sorted(evidence(ledger, run).items(), key=itemgetter(0)):
        if known.panel is not None and (missing := _reached(known).missing):
            found[of] = missing
    return found


class Reached(NamedTuple):
    """How far the looks at a lot came: the last one that was complete (None: none was) and what it shows; which pairs
    the one after it still `missing`, none where the matter is settled or no look is left."""

    look: Look | None
    interval: Interval
    missing: list[str]


def _reached(known: Evidence) -> Reached:
    last, interval = None, Interval(0.0, 1.0)
    # A lot that can be checked whole is: whatever its error, what is confirmed may leave.
    small = known.design.sample == known.drawn.pairs
    for look in known.design.looks:
        if missing := known.missing(look):
            return Reached(last, interval, missing)
        last, interval = look, known.interval(look)
        lost = interval.low > known.acceptable or known.outlook(look) < HOPELESS
        if interval.high <= known.acceptable or (lost and not small):
            break
    return Reached(last, interval, [])


def _lot(run: Run, culture: str, track: str, known: Evidence) -> Lot:
    of: dict[str, Any] = {"culture": culture, "track": track, "pairs": known.drawn.pairs, "people": known.people}
    if known.panel is None:
        return _without_panel(Lot(**of, **NOTHING, verdict="unchecked", reason=_nobody(run, culture, track)), known)
    reached = _reached(known)
    said = known.answers(reached.look, outranked=True) if reached.look else Answers(0, 0, 0)
    lot = Lot(
        **of,
        **said._asdict(),
        sample=known.design.sample,
        spared=0 if reached.missing else known.design.sample - said.n,
        low=min(reached.interval),
        high=max(reached.interval),
        verdict="unchecked",
        reason=f"{said.n} of {known.design.sample} pairs have been checked",
    )
    return lot if reached.missing or reached.look is None else _settled(lot, reached, known)


def _rated(culture: str, track: str, known: Evidence, tests: Rated | None) -> Lot:
    """A lot whose labels rest on ratings: no panel is asked, and later ratings test it. Kinds of label that these do
    not bear out are held, and so in no lot."""
    reason = "its labels rest on ratings, which no later ones test"
    if tests is not None and tests.tested:
        reason = (
            f"its labels rest on ratings; later ones confirm {tests.confirmed} of {tests.tested} tests "
            f"({tests.low:.0%} to {tests.high:.0%})"
        )
    of: dict[str, Any] = {"culture": culture, "track": track, "pairs": known.drawn.pairs, "people": known.people}
    return Lot(**of, **NOTHING, verdict="vetted", reason=reason)


def _settled(lot: Lot, reached: Reached, known: Evidence) -> Lot:
    """The lot with its verdict, all looks that it needs being complete."""
    assert reached.look is not None
    (low, high), limit = reached.interval, known.acceptable
    bounds = f"label error between {low:.1%} and {high:.1%}"
    if low > high:
        reason = "the bounds contradict each other, so gold cases do not tell how the panel judges this lot: people do"
        return lot.model_copy(update={"verdict": "review", "low": 0.0, "high": 1.0, "reason": reason})
    if lot.agreed and high <= limit:
        return lot.model_copy(update={"verdict": "vetted", "reason": f"{bounds}: at most {limit:.0%} is accepted"})
    whole = reached.look.n == lot.pairs
    if lot.agreed and (whole or known.design.one_by_one) and (left := known.left(reached.look)) <= limit:
        checked = "each pair was checked" if whole else f"{lot.checked} of {lot.pairs} pairs were checked"
        reason = f"{checked}: {lot.agreed} were confirmed, and leave; at most {left:.1%} of these are wrong"
        update = {"verdict": "vetted", "only_confirmed": True, "low": 0.0, "high": left, "reason": reason}
        return lot.model_copy(update=update)
    if low > limit:
        reason = f"{bounds}: more than the {limit:.0%} that is accepted"
        return lot.model_copy(update={"verdict": "withheld", "reason": reason})
    reason = f"{bounds}: whether it is at most {limit:.0%} is for people to settle"
    if not known.record.missed[1]:
        reason = (
            "the profiler got no gold case wrong, so nobody knows how often the panel would confirm its errors: "
            "`gravity review --sample` lets people settle it"
        )
    return lot.model_copy(update={"verdict": "review", "reason": reason})


def _without_panel(lot: Lot, known: Evidence) -> Lot:
    """The lot as people's blind answers alone have it."""
    wrong, asked = known.people
    if not asked:
        return lot
    low, high = known.by_people(TAIL)
    bounds = f"label error between {low:.1%} and {high:.1%} by {asked} answers of people"
    verdict: LotVerdict = "vetted" if high <= known.acceptable else "withheld" if low > known.acceptable else "review"
    return lot.model_copy(
        update={
            "sample": asked,
            "agreed": asked - wrong,
            "against": wrong,
            "low": low,
            "high": high,
            "verdict": verdict,
            "reason": f"{bounds}; at most {known.acceptable:.0%} is accepted",
        }
    )


def _nobody(run: Run, culture: str, track: str) -> str:
    barred = checking(run, culture, track).without_vote
    if barred:
        return (
            f"{', '.join(barred)} made the labels and has no vote on them, and no other judge has qualified: configure "
            "one, let people answer with `gravity review --sample`, or set judging.profiler_votes"
        )
    return "no judge has qualified to check it"
