"""Checkers of writings: what a text says of a book that the book's own description does not, and to its reader."""

from dataclasses import dataclass

from pydantic import Field

from gravity.agents.asking import Answer, Asker
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.excerpts import excerpt
from gravity.agents.views.quoting import located
from gravity.agents.writings.judge import TEXT_CHARS, TITLE_CHARS
from gravity.frameworks.records import Domain
from gravity.store.comparisons import Examined, Fault, Remark
from gravity.store.records import Provenance

MOST = 12  # faults that a call is asked for at most
# What is not shown of a description would be taken for invented, so more of it is shown than of other texts.
DESCRIPTION_CHARS = 12_000


class Said(Answer):
    """One fault as a model answers it."""

    fault: Fault
    quote: str = Field(min_length=2, max_length=300)


class Faults(Answer):
    """What a checker answers."""

    remarks: list[Said] = Field(max_length=2 * MOST)  # more than was asked for does no harm


@dataclass(frozen=True)
class WritingChecker:
    """A chat model as a checker of writings."""

    asker: Asker
    domain: Domain

    @property
    def name(self) -> str:
        """The model's name."""
        return self.asker.model.name

    async def examined(self, title: str, description: str, text: str) -> Examined:
        """What a text about a book says that it should not, each remark with words that stand in the text; not
        `answered` where there was no usable answer. Raises NotAnsweredError where nobody answered."""
        shown = excerpt(text, TEXT_CHARS)

        def quoted(answer: Faults) -> None:
            for said in answer.remarks:
                if located(said.quote, shown) is None:
                    raise ValueError(f'"{said.quote}" does not stand in the writing: copy its words letter by letter')

        about = {"title": title[:TITLE_CHARS], "description": excerpt(description, DESCRIPTION_CHARS), "text": shown}
        try:
            asked = await self.asker.ask("invented", Faults, quoted, domain=self.domain, most=MOST, **about)
        except NotAnsweredError:
            raise
        except AskError as error:
            made_by, reason = Provenance(model=self.name), str(error)
            return Examined(checker=self.name, remarks=[], made_by=made_by, answered=False, reason=reason)
        remarks = [Remark(fault=said.fault, quote=located(said.quote, shown) or "") for said in asked.answer.remarks]
        return Examined(checker=self.name, remarks=list(dict.fromkeys(remarks)), made_by=asked.made_by)
