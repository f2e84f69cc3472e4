"""Two texts shown as A and B: how a model is asked about them, and what several answers come to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar

from pydantic import Field

from gravity.agents.asking import Answer, Asker, Confidence
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.store.comparisons import Preferred
from gravity.store.records import Choice, Provenance, Vote

T = TypeVar("T")


class Judgement(Answer):
    """What a judge answers about a scene; the reason comes first, so that the answer follows from it."""

    reason: str = Field(max_length=300)
    answer: Literal["A", "B", "both", "neither"]
    confidence: Confidence


class Preference(Answer):
    """What a judge answers about two texts of which a reader would rather have one."""

    reason: str = Field(max_length=300)
    answer: Literal["A", "B", "cannot tell"]
    confidence: Confidence


async def compared(
    asker: Asker, prompt: str, schema: type[Judgement | Preference], texts: Mapping[str, str], order: str, **asking: Any
) -> tuple[Any, dict[str, Any]]:
    """Shows two texts as A and B, the one named `order` as A. The answer, with the name of a text in place of its
    letter, and None where there was none or it cannot be told; and what votes and choices record beside it.

    Raises NotAnsweredError where nobody answered.
    """
    (other,) = texts.keys() - {order}
    given: dict[str, Any] = {"judge": asker.model.name, "order": order}
    try:
        asked = await asker.ask(prompt, schema, first=texts[order], second=texts[other], **asking)
    except NotAnsweredError:
        raise
    except AskError as error:
        made_by = Provenance(model=asker.model.name)
        return None, {**given, "confidence": 0, "reason": str(error), "made_by": made_by, "answered": False}
    told = asked.answer
    given |= {"confidence": told.confidence / 100, "reason": told.reason, "made_by": asked.made_by}
    return {"A": order, "B": other, "cannot tell": None}.get(told.answer, told.answer), given


def steady(answers: Iterable[tuple[str, T | None]]) -> dict[str, T | None]:
    """Each judge's answer from (judge, answer): None where it gave none, or another one in the other order."""
    by_judge: dict[str, set[T | None]] = {}
    for judge, answer in answers:
        by_judge.setdefault(judge, set()).add(answer)
    return {judge: next(iter(given)) if len(given) == 1 else None for judge, given in by_judge.items()}


def majority(answers: Iterable[T | None], quorum: int) -> T | None:
    """The answer that at least `quorum` judges gave, and more than gave any other; None: undecided."""
    ranked = Counter(answer for answer in answers if answer is not None).most_common(2)
    if not ranked or ranked[0][1] < quorum or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def heard(votes: Iterable[Vote | Choice | Preferred]) -> set[str]:
    """The judges that gave a usable answer each time they were asked."""
    given = list(votes)
    return {vote.judge for vote in given} - {vote.judge for vote in given if not vote.answered}
