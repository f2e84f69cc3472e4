"""Judges say which way of a scene goes with a statement, and which side of a pair a reader would prefer: blind,
and in both orders. A panel counts their votes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from pydantic import Field

from gravity.agents.asking import Answer, Asker, Confidence, together
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.profiler import aliased
from gravity.frameworks.records import Domain, Seed
from gravity.store.records import Choice, Draft, Label, Provenance, Review, Side, Vote

SIDES: tuple[Side, Side] = ("endorsing", "opposing")
LABELS: tuple[Label, Label] = ("chosen", "rejected")
T = TypeVar("T")


class Judgement(Answer):
    """What a judge answers about a scene; the reason comes first, so that the answer follows from it."""

    reason: str = Field(max_length=300)
    answer: Literal["A", "B", "both", "neither"]
    confidence: Confidence


class Preference(Answer):
    """What a judge answers about a pair."""

    reason: str = Field(max_length=300)
    answer: Literal["A", "B", "cannot tell"]
    confidence: Confidence


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
        answer, given = await self._compare("judge", Judgement, ways, order, **asking)
        return Vote(endorses=answer, **given)

    async def _choice(self, case: Case, order: Label) -> Choice:
        sides, shown = {"chosen": case.chosen, "rejected": case.rejected}, aliased(case.reviews, case.quotes)
        asking = {"domain": self.domain, "card": case.card, "reviews": shown, "task": case.task}
        name, ends = ("personality", {"ends": case.ends}) if case.ends else ("prefer", {})
        answer, given = await self._compare(name, Preference, sides, order, **asking, **ends)
        return Choice(prefers=None if answer == "cannot tell" else answer, **given)

    async def _compare(
        self, prompt: str, schema: type[Judgement | Preference], texts: Mapping[str, str], order: str, **asking: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Shows two texts as A and B, the one named `order` as A. The answer, with the name of a text in place of its
        letter and None where there was none; and what votes and choices record beside it."""
        (other,) = texts.keys() - {order}
        given: dict[str, Any] = {"judge": self.name, "order": order}
        try:
            asked = await self.asker.ask(prompt, schema, first=texts[order], second=texts[other], **asking)
        except NotAnsweredError:
            raise
        except AskError as error:
            none = {"confidence": 0, "reason": str(error), "made_by": Provenance(model=self.name), "answered": False}
            return None, {**given, **none}
        told = asked.answer
        given |= {"confidence": told.confidence / 100, "reason": told.reason, "made_by": asked.made_by}
        return {"A": order, "B": other}.get(told.answer, told.answer), given


def steady(answers: Iterable[tuple[str, T | None]]) -> dict[str, T | None]:
    """Each judge's answer from (judge, answer): None where it gave none, or another one in the other order."""
    by_judge: dict[str, set[T | None]] = {}
    for judge, answer in answers:
        by_judge.setdefault(judge, set()).add(answer)
    return {judge: next(iter(given)) if len(given) == 1 else None for judge, given in by_judge.items()}


def preferred(choices: Iterable[Choice]) -> dict[str, Label | None]:
    """The side that each judge prefers: None where it cannot tell, or said another one in the other order."""
    told = steady((choice.judge, choice.prefers) for choice in choices)
    return {judge: next((label for label in LABELS if label == said), None) for judge, said in told.items()}


def majority(answers: Iterable[T | None], quorum: int) -> T | None:
    """The answer that at least `quorum` judges gave, and more than gave any other; None: undecided."""
    ranked = Counter(answer for answer in answers if answer is not None).most_common(2)
    if not ranked or ranked[0][1] < quorum or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def heard(votes: Iterable[Vote | Choice]) -> set[str]:
    """The judges that gave a usable answer each time they were asked."""
    given = list(votes)
    return {vote.judge for vote in given} - {vote.judge for vote in given if not vote.answered}


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
