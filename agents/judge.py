"""Judges say which way of a scene goes with a statement, and which side of a pair a reader would prefer: blind,
and in both orders. A panel counts their votes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gravity.agents.asking import Asker, together
from gravity.agents.comparing import Judgement, Preference, compared, majority, steady
from gravity.agents.profiler import aliased
from gravity.frameworks.records import Domain, Seed
from gravity.store.records import Choice, Draft, Label, Review, Side, Vote

SIDES: tuple[Side, Side] = ("endorsing", "opposing")
LABELS: tuple[Label, Label] = ("chosen", "rejected")


@dataclass(frozen=True)
class Case:
    """A pair to be judged end to end: what is known of the reader, their reviews, the task and the two answers. Where
    reviews are cut, what stands around the `quotes` is left. `ends` are those of the facet that the task is about,
    in an order that tells nothing; None for other tasks."""

    card: str
    reviews: Sequence[Review]
    task: str
    chosen: str
    rejected: str
    quotes: Sequence[str] = ()
    ends: tuple[str, str] | None = None


class Judge(Protocol):
    """Votes on a draft. `name` is how its votes name it."""

    @property
    def name(self) -> str:
        """How votes name this judge."""
        ...

    async def votes(self, seed: Seed, draft: Draft) -> list[Vote]:
        """The judge's votes; a question without a usable answer is a vote that is not `answered`.

        Raises NotAnsweredError where nobody answered.
        """
        ...


@dataclass(frozen=True)
class ModelJudge:
    """A chat model as a judge. It is shown two texts, A and B, and not what they were meant to be; where `orders`
    is 2 it is asked again with the two swapped."""

    asker: Asker
    domain: Domain
    orders: Literal[1, 2] = 2

    @property
    def name(self) -> str:
        """The model's name."""
        return self.asker.model.name

    async def votes(self, seed: Seed, draft: Draft) -> list[Vote]:
        """One vote an order."""
        return await together(*(self._vote(seed, draft, order) for order in SIDES[: self.orders]))

    async def choices(self, case: Case) -> list[Choice]:
        """One choice an order; a question without a usable answer is a choice that is not `answered`.

        Raises NotAnsweredError where nobody answered.
        """
        return await together(*(self._choice(case, order) for order in LABELS[: self.orders]))

    async def _vote(self, seed: Seed, draft: Draft, order: Side) -> Vote:
        ways = {"endorsing": draft.endorsing, "opposing": draft.opposing}
        asking = {"statement": seed.statement, "situation": draft.situation}
        answer, given = await compared(self.asker, "judge", Judgement, ways, order, **asking)
        return Vote(endorses=answer, **given)

    async def _choice(self, case: Case, order: Label) -> Choice:
        sides, shown = {"chosen": case.chosen, "rejected": case.rejected}, aliased(case.reviews, case.quotes)
        asking = {"domain": self.domain, "card": case.card, "reviews": shown, "task": case.task}
        name, ends = ("personality", {"ends": case.ends}) if case.ends else ("prefer", {})
        answer, given = await compared(self.asker, name, Preference, sides, order, **asking, **ends)
        return Choice(prefers=answer, **given)


def preferred(choices: Iterable[Choice]) -> dict[str, Label | None]:
    """The side that each judge prefers: None where it cannot tell, or said another one in the other order."""
    told = steady((choice.judge, choice.prefers) for choice in choices)
    return {judge: next((label for label in LABELS if label == said), None) for judge, said in told.items()}


@dataclass(frozen=True)
class Panel:
    """The judges that count in one culture. A judge whose answers change with the order has given none.

    `judges` vote on scenarios, and `checkers`, which are chat models, on whole pairs: by the task of qualification in
    which they have shown that they can. A draft passes
    when at least `quorum` judges find that the endorsing way endorses and the opposing one does not, and fewer
    find otherwise; a pair's label is told by the same count.
    """

    judges: Sequence[Judge]
    checkers: Mapping[str, Sequence[ModelJudge]]
    quorum: int

    async def votes(self, seed: Seed, draft: Draft) -> list[Vote]:
        """The votes of all judges. Raises NotAnsweredError where one was not answered."""
        given = await together(*(judge.votes(seed, draft) for judge in self.judges))
        return [vote for votes in given for vote in votes]

    def passes(self, votes: Sequence[Vote]) -> tuple[bool, str]:
        """Whether the draft passes, and the count in words."""
        answers = list(steady((vote.judge, vote.endorses) for vote in votes).values())
        agreed = answers.count("endorsing")
        silent = answers.count(None)
        against = len(answers) - agreed - silent
        count = f"{agreed} of {len(answers)} judges confirmed it, {against} did not, {silent} gave no steady answer"
        return agreed >= self.quorum and agreed > against, count

    async def choices(self, case: Case, task: str) -> list[Choice]:
        """The choices of all checkers of a task. Raises NotAnsweredError where one was not answered."""
        given = await together(*(checker.choices(case) for checker in self.checkers.get(task, ())))
        return [choice for choices in given for choice in choices]

    def prefers(self, choices: Sequence[Choice]) -> Label | None:
        """The side that at least `quorum` checkers prefer, and more than prefer the other; None: undecided."""
        return majority(preferred(choices).values(), self.quorum)
