"""Books' descriptions written anew for readers: what is asked for, and one of them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gravity.agents.card import card
from gravity.agents.errors import ModelError
from gravity.agents.prompting import prompt
from gravity.errors import ConfigError
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Domain, Seed
from gravity.store.generated import Generated, writer_id
from gravity.store.records import Component, content_id
from gravity.store.runs import Run
from gravity.stores import Stores
from gravity.trainer.models.writer import Request, Text, Writer, write_one

_CARDS = 1_024
# What kind of fact a part of a card tells.
_TELLS: dict[str, Component] = {
    "demographic": "demographics",
    "interest": "interests",
    "facet": "personality",
    "stance": "values",
}


@dataclass(frozen=True)
class Commission:
    """One description to be written: for whom (None: for all), of what, and how a writer is asked. `card` and `book`
    are digits of what it is written from, `prompt` the version of the wording."""

    reader: str | None
    title: str
    description: str
    seed: int
    card: str
    book: str
    prompt: str
    request: Request

    def mark(self, writer: Writer, cut: bool = False) -> Generated:
        """The mark of the text that the writer wrote for it, just now."""
        return mark(writer, self.seed, self.card, self.book, self.prompt, cut)


def mark(
    writer: Writer, seed: int, card: str = "", book: str = "", wording: str | None = None, cut: bool = False
) -> Generated:
    """The mark of a text that the writer wrote just now; without a `wording` it is that of a text for one reader."""
    by = dict(writer.by)
    wording = prompt("describe").hash if wording is None else wording
    return Generated(by=by, writer=writer_id(by), card=card, book=book, prompt=wording, seed=seed, cut=cut)


class Commissions:
    """Makes commissions for the readers of one run."""

    def __init__(self, stores: Stores, run: Run, library: Library, domain: Domain) -> None:
        self._stores = stores
        self._run = run
        self._library = library
        self._domain = domain
        # Most of what real readers hold is said of seeds that readers brought themselves.
        brought = (seed for seed in stores.views.seeds(run.id) if seed.verdict == "kept")
        self._seeds: dict[str, Seed] = {**library.seeds, **{seed.id: seed for seed in brought}}
        self.card = lru_cache(maxsize=_CARDS)(self._card)

    def _card(self, reader: str, parts: frozenset[Component] | None = None) -> str:
        """The card of a reader, whole or some `parts` of it. Raises ConfigError where the reader has no profile in the
        run."""
        facts = self._stores.ledger.facts(self._run.id, reader)
        if not facts:
            raise ConfigError(f"reader '{reader}' has no profile in run {self._run.id}: run `gravity curate` first")
        told = facts if parts is None else [fact for fact in facts if _TELLS[fact.kind] in parts]
        return card(told, self._seeds, self._library.facets, self._domain).text

    def make(
        self,
        reader: str | None,
        title: str,
        description: str,
        seed: int,
        parts: frozenset[Component] | None = None,
    ) -> Commission:
        """One commission, for a reader whose card, or `parts` of it, the writer is told, or for all readers (None).

        Raises ConfigError where the reader has no profile in the run.
        """
        told = "" if reader is None else self.card(reader, parts)
        wording = prompt("describe_for_all" if reader is None else "describe")
        _, task = wording.render(domain=self._domain, title=title, description=description)
        system = () if reader is None else ({"role": "system", "content": told},)
        messages = (*system, {"role": "user", "content": task})
        return Commission(
            reader=reader,
            title=title,
            description=description,
            seed=seed,
            card=content_id("card", told),
            book=content_id("book", title, description),
            prompt=wording.hash,
            request=Request(messages, seed),
        )


@dataclass(frozen=True)
class Written:
    """What was asked for, as messages, and the texts by what wrote them, each that a model wrote with its mark."""

    reader: str | None
    messages: list[dict[str, str]]
    texts: dict[str, str]
    generated: dict[str, Generated]

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        marks = {name: mark.model_dump(mode="json") for name, mark in self.generated.items()}
        return {"reader": self.reader, "messages": self.messages, "written": self.texts, "generated": marks}


def write(commission: Commission, writer: Writer, compare: bool = False) -> Written:
    """Writes one description; with `compare` also gives the original and, where the writer has an adapter that can be
    taken off, what the base alone writes.

    Raises ModelError where nothing was written, and the trainer's errors for a model that does not load.
    """
    texts, marks = {}, {}
    adapted = writer.by.get("adapter") is not None
    writers = {"after training" if adapted else "served model" if "address" in writer.by else "base model": writer}
    if compare:
        texts["original"] = commission.description
        alone = writer.unadapted() if adapted else None
        if alone is not None:
            writers = {"before training": alone, **writers}
    for name, each in writers.items():
        outcome = write_one(each, commission.request)
        if not isinstance(outcome, Text):
            raise ModelError(f"nothing was written: {outcome.reason}")
        texts[name], marks[name] = outcome.text, commission.mark(each, outcome.cut)
    messages = [dict(message) for message in commission.request.messages]
    return Written(commission.reader, messages, texts, marks)
