"""How commands that ask models end: where something was not answered they say what waits, and why."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gravity.agents.errors import BUDGET
from gravity.errors import NOT_FINISHED

if TYPE_CHECKING:
    from gravity.store.records import Unanswered


def end(pending: Sequence["Unanswered"]) -> None:
    """Ends the program with the exit code for what is not finished, unless nothing is pending."""
    if pending:
        print(not_finished(pending), file=sys.stderr)
        raise SystemExit(NOT_FINISHED)


def tell_failures(failures: Sequence["Unanswered"]) -> None:
    """Says on stderr what got no usable answer, and the commonest reason."""
    if not failures:
        return
    kinds: Counter[str] = Counter()
    for row in failures:
        kinds[row.what] += row.items
    counted = ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for what, n in kinds.items())
    most = max(failures, key=lambda row: row.items)
    print(
        f"failed for want of a usable answer: {counted} (most often: {most.reason}); "
        "`gravity curate --retry-failed` asks anew",
        file=sys.stderr,
    )


def not_finished(pending: Sequence["Unanswered"]) -> str:
    """What is pending, by kind and then by reason, in one line."""
    kinds: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    for row in pending:
        kinds[row.what, row.of] += row.items
        reasons[row.reason] += row.items
    counted = [f"{n} {what}{'' if n == 1 else 's'}{of}" for (what, of), n in kinds.items()]
    listed = " and ".join(filter(None, [", ".join(counted[:-1]), counted[-1]]))
    told = ", ".join(f"{reason}: {n}" for reason, n in reasons.most_common())
    wait, them = ("waits", "it") if reasons.total() == 1 else ("wait", "them")
    first = "raise the budget in [limits] and " if BUDGET in reasons else ""
    return f"not finished: {listed} {wait} ({told}); {first}start again to ask {them}"
