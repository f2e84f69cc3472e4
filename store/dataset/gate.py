"""Which pairs of a run may leave the store, and why the others may not."""

from gravity.store.ledger import Ledger
from gravity.store.lots import lots
from gravity.store.records import Pair
from gravity.store.runs import Run


class Gate:
    """Lets out vetted pairs of lots that were vetted, or are marked as unqualified and so unchecked,
    and whatever a person has kept."""

    def __init__(self, ledger: Ledger, run: Run) -> None:
        self.lots = {(lot.culture, lot.track): lot for lot in lots(ledger, run)}
        self.checks = ledger.checks(run.id)
        self.decisions = ledger.decisions(run.id)

    def why_not(self, pair: Pair) -> str | None:
        """Why a pair may not leave; None if it may."""
        if pair.verdict != "vetted":
            return f"verdict {pair.verdict}"
        if pair.id in self.decisions:
            return None
        if pair.tested == "contradicted":
            return "the reader's later ratings contradict it"
        lot, check = self.lots[pair.culture, pair.track], self.checks.get(pair.id)
        if check is not None and check.prefers == "rejected":
            return "the panel preferred the other side"
        if lot.only_confirmed and (check is None or check.prefers is None):
            return "the panel did not confirm it"
        # Where nobody has qualified nobody could check; the rows are marked as unqualified instead.
        if lot.verdict == "vetted" or (lot.verdict == "unchecked" and not pair.qualified):
            return None
        return f"lot {pair.culture} {pair.track}: {lot.verdict}"
