"""Pairs drawn by chance from a lot, put to a person as to a panel: what made the label stays out of sight.

What people say of them is the yardstick: it bounds the label error without any model, and tells how far the panel can
be believed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gravity.agents.case import case_of
from gravity.agents.judge import LABELS
from gravity.errors import ConfigError
from gravity.frameworks.statistics import exact
from gravity.run import RunSetup
from gravity.store.labels import samples
from gravity.store.records import Decided, Label, Pair, Review, content_id
from gravity.store.runs import Run


@dataclass(frozen=True)
class Question:
    """A drawn pair as it is asked: what is known of the reader beside the label's kind of fact, the reader's reviews,
    the task, and two answers in an order dealt by hash; `first` is which of them is shown as A."""

    pair: Pair
    card: str
    reviews: list[Review]
    task: str
    first: Label

    @property
    def ways(self) -> tuple[str, str]:
        """The texts shown as A and B."""
        sides = {"chosen": self.pair.chosen[0]["content"], "rejected": self.pair.rejected[0]["content"]}
        return sides[self.first], sides[self._second]

    @property
    def _second(self) -> Label:
        return "rejected" if self.first == "chosen" else "chosen"

    def decision(self, answer: str) -> Decided:
        """What the answer "a", "b" or "n" (nobody can tell) comes to: the label is kept, turned round, or no label."""
        if answer == "n":
            return "reject"
        preferred = self.first if answer == "a" else self._second
        return "keep" if preferred == "chosen" else "flip"


def enough(acceptable: float) -> int:
    """How many answers without a wrong label bound the error of a lot below the acceptable one (0 to 1)."""
    return next(n for n in range(1, 10_000) if exact(0, n).high <= acceptable)


def questions(setup: RunSetup, run: Run, culture: str, track: str, count: int | None = None) -> Iterator[Question]:
    """The first `count` pairs of a lot in the order of its sample that nobody has answered blind; as many as are
    `enough` where no count is given. Raises ConfigError where the run has no such lot."""
    ledger, found = setup.stores.ledger, samples(setup.stores.ledger, run.id)
    if (culture, track) not in found:
        known = ", ".join(f"{c} {t}" for c, t in sorted(found)) or "none"
        raise ConfigError(f"run {run.id} has no lot {culture} {track}; its lots are: {known}")
    wanted = found[culture, track].ids[: count or enough(run.settings.judging.acceptable_error)]
    decided, crew = ledger.decisions(run.id), setup.crew()
    for identity in wanted:
        pair = ledger.pair(identity)
        if identity in decided or pair is None:
            continue
        facts, views = ledger.facts(run.id, pair.reader), setup.stores.views.of(run.id, pair.reader)
        kept = [view for view in views if view.verdict == "kept"]
        case = case_of(pair, run.settings.track(track), facts, kept, crew.retriever, crew.composer)
        first = LABELS[int(content_id("asked blind", identity), 16) % 2]
        yield Question(pair, case.card, list(case.reviews), case.task, first)
