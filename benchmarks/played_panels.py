"""Whether the bounds of lots hold when panel and profiler err together, or abstain where it suits.

Plays a profiler, a panel and gold cases by chance, as many as ship, and lots of a known label error, and lets
`gravity.store.lots` draw samples, look, stop and decide as in a run. Half of the wrong labels are the other side, half
are made up. The panels: one that errs by itself; ones that confirm 50 or 80% of the profiler's wrong labels; one that
leaves wrong labels undecided 90% of the time and right ones 10%. Prints by panel and true error how often the interval
holds it (bar: 95 of 100), how often the lot is vetted (bars: at twice the acceptable error at most 5 of 100, at no
error with the panel that errs by itself at least 80), the pairs checked and those spared. The last line is JSON.

    python -m benchmarks.played_panels --lots 400
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gravity.agents.tracks.values import TRACK
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.frameworks.statistics import wilson
from gravity.panels import Outcome, panel_record
from gravity.store.ledger import Ledger
from gravity.store.lots import due, lots
from gravity.store.rated_lots import Key
from gravity.store.records import Check, Decision, Label, Lot
from gravity.store.runs import Checking, Counting, JudgingSettings, Run, RunSettings

ERRORS = (0.0, 0.03, 0.1, 0.2, 0.4)
PROFILER, REPEATED = 0.92, 0.3  # of gold cases right in one asking; of wrong labels repeated in the second


class Panel(NamedTuple):
    """A played panel: it is right with `accuracy`, confirms a share `shared` of the profiler's wrong labels whatever is
    true, and leaves right and wrong labels undecided as often as `abstains` says."""

    accuracy: float = 0.95
    shared: float = 0.0
    abstains: tuple[float, float] = (0.0, 0.0)

    def says(self, right: bool, made_up: bool, chance: np.random.Generator) -> Label | None:
        """What it says of a label: "chosen" confirms it."""
        if not right and chance.random() < self.shared:
            return "chosen"
        if chance.random() < self.abstains[not right]:
            return None
        if made_up:
            # The right answer is that it cannot be told.
            return None if chance.random() < self.accuracy else chance.choice(np.array(["chosen", "rejected"]))
        return "chosen" if right == (chance.random() < self.accuracy) else "rejected"


PANELS = {
    "by itself": Panel(),
    "shares 50%": Panel(shared=0.5),
    "shares 80%": Panel(shared=0.8),
    "abstains": Panel(abstains=(0.1, 0.9)),
}


@dataclass
class PlayedLedger(Ledger):
    """The pairs of one lot and what was said of them."""

    members: Sequence[str]
    answers: dict[str, Check]

    def lot_members(self, run: str) -> Iterator[tuple[str, str, str]]:
        """All of them."""
        return ((pair, "us", TRACK.name) for pair in self.members)

    def checks(self, run: str) -> dict[str, Check]:
        """What the panel said."""
        return self.answers

    def decisions(self, run: str) -> dict[str, Decision]:
        """Nobody decides."""
        return {}

    def rated_pairs(self, run: str) -> Counter[Key]:
        """No label rests on ratings."""
        return Counter()

    rated_tests = rated_pairs


def played_run(panel: Panel, cases: Sequence[str], acceptable: float, chance: np.random.Generator) -> Run:
    """A run whose panel has shown on gold cases, whose right answers these are, what it does."""
    judge, profiler = dict[str, Outcome](), dict[str, Outcome]()
    turned = {"agree": "disagree", "disagree": "agree"}
    for number, truth in enumerate(map(str, cases)):
        right = chance.random() < PROFILER
        inferred = truth if right else turned.get(truth, str(chance.choice(np.array(["agree", "disagree"]))))
        first = inferred if inferred != "unknown" else None
        # Asked again it repeats a wrong label in some cases, and is right in nearly all others.
        again = chance.random() < (PROFILER if right else REPEATED)
        label = first if again else None
        profiler[f"{number}"] = (truth, label, first)
        if first is not None:
            said = panel.says(right, truth == "unknown", chance)
            judge[f"{number}"] = (truth, {"chosen": first, "rejected": turned[first], None: None}[said], None)
    record = panel_record([judge], profiler, 1)
    counting = Counting(checking={"preference": Checking(judges=["judge"], record=record)}, qualified=True)
    settings = RunSettings(
        tracks=[TRACK], judging=JudgingSettings(acceptable_error=acceptable), counting={"us": counting}
    )
    return Run(id="0" * 16, settings=settings)


def played_lot(run: Run, panel: Panel, error: float, pairs: int, chance: np.random.Generator) -> tuple[Lot, float]:
    """A lot after as many checks as it needed, and the true share of wrong labels among the pairs it speaks of."""
    members = [f"{number:016x}" for number in range(pairs)]
    wrong = {*members[: round(error * pairs)]}
    made_up = {*members[: round(error * pairs / 2)]}
    ledger = PlayedLedger(members, {})
    while todo := due(ledger, run).get(("us", TRACK.name)):
        for pair in todo:
            said = panel.says(pair not in wrong, pair in made_up, chance)
            ledger.answers[pair] = Check(pair=pair, run=run.id, choices=[], prefers=said)
    (lot,) = lots(ledger, run)
    left = [p for p in members if ledger.answers[p].prefers == "chosen"] if lot.only_confirmed else members
    return lot, sum(pair in wrong for pair in left) / len(left)


def measured(panel: Panel, error: float, count: int, pairs: int, acceptable: float) -> Mapping[str, float]:
    """Shares and means over so many lots, each with gold cases of its own."""
    chance = np.random.default_rng([round(1000 * error), pairs, *(ord(c) for c in repr(panel))])
    gold = Gold(Library()).stances.values()
    cases = [case.answer for case in gold if case.split == "held-out"]
    held = vetted = checked = spared = 0
    for _ in range(count):
        lot, true = played_lot(played_run(panel, cases, acceptable, chance), panel, error, pairs, chance)
        held += lot.low <= true <= lot.high
        vetted += lot.verdict == "vetted"
        checked += lot.checked
        spared += lot.spared
    return {"held": held, "vetted": vetted, "checked": checked / count, "spared": spared / count}


def main() -> None:
    """Parses the command line, plays, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lots", type=int, default=400, help="of each panel and error")
    parser.add_argument("--pairs", type=int, default=2_000, help="in a lot")
    parser.add_argument("--acceptable", type=float, default=0.1)
    given = parser.parse_args()
    result = []
    print(f"{'panel':>11} {'true error':>10} {'interval holds':>24} {'vetted':>24} {'checked':>8} {'spared':>7}")
    for name, panel in PANELS.items():
        for error in ERRORS:
            found = measured(panel, error, given.lots, given.pairs, given.acceptable)
            shares = []
            for what in ("held", "vetted"):
                low, high = wilson(found[what], given.lots)
                shares.append(f"{found[what] / given.lots:.1%} [{low:.1%}, {high:.1%}]")
            print(
                f"{name:>11} {error:>10.0%} {shares[0]:>24} {shares[1]:>24} {found['checked']:>8.0f} "
                f"{found['spared']:>7.0f}",
                flush=True,
            )
            result.append({"panel": name, "error": error, "lots": given.lots, **found})
    print(json.dumps({"acceptable": given.acceptable, "pairs": given.pairs, "rows": result}))


if __name__ == "__main__":
    main()
