"""The writings of a line-up: what is kept is taken, the rest is written, each text kept as soon as it is there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gravity.agents.errors import ModelError
from gravity.audit.language import language_detector
from gravity.compare.evidence import Writing
from gravity.comparing.cells import Place
from gravity.comparing.line_up import Entry, Opened, told
from gravity.progress import Progress
from gravity.store.records import Component
from gravity.store.writings import Kept, Writings
from gravity.trainer.models.writer import Outcome, Text, Writer
from gravity.writing import Commission, Commissions


@dataclass
class Texts:
    """The texts that there are, the line-up with what its texts are by, and how many are missing, by writer and reason;
    of these nobody answered the `pending` ones, by reason, and the next start writes them."""

    entries: list[Entry] = field(default_factory=list)
    writings: list[Writing] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)
    pending: Counter[str] = field(default_factory=Counter)
    _told: dict[str, str] = field(default_factory=dict)

    def lack(self, writer: str, reason: str) -> None:
        """Counts a text that is missing. Reasons of one kind, which is what stands before their colon, are counted
        together, under the words of the first."""
        kind = f"{writer}: {reason.partition(':')[0]}"
        self.missing[self._told.setdefault(kind, f"{writer}: {reason}")] += 1


class Scribe:
    """Has the writers of a line-up write. `parts` says by writer which parts of a card it is told; of others all."""

    def __init__(
        self, commissions: Commissions, opened: Opened, kept: Writings, parts: Mapping[str, frozenset[Component]]
    ) -> None:
        self._commissions = commissions
        self._opened = opened
        self._kept = kept
        self._parts = parts
        self._language = language_detector()

    def write(self, entries: Sequence[Entry], places: Sequence[Place], seed: int, report: Progress) -> Texts:
        """All texts, of writers that are one model one after the other, so that each is opened once.

        Raises ConfigError, ModelError and the trainer's errors where a writer cannot be used at all, or none has
        written anything.
        """
        texts = Texts()
        for entry in sorted(entries, key=lambda entry: entry.model):
            if entry.settings is None:
                texts.entries.append(entry)
                texts.writings += [self._original(entry, place) for place in places]
                continue
            writer = self._opened(entry)
            texts.entries.append(told(entry, dict(writer.by)))
            self._written(texts.entries[-1], writer, places, seed, texts, report)
        if not texts.pending and not any(writing.mark for writing in texts.writings):
            ((reason, _),) = texts.missing.most_common(1)
            raise ModelError(f"nothing was written: {reason}")
        names = [entry.name for entry in entries]
        texts.entries.sort(key=lambda entry: names.index(entry.name))
        return texts

    def _original(self, entry: Entry, place: Place) -> Writing:
        cell = place.cell
        return Writing(cell.id, entry.name, cell.description.strip(), self._language(cell.description) or "")

    def _written(
        self, entry: Entry, writer: Writer, places: Sequence[Place], seed: int, texts: Texts, report: Progress
    ) -> None:
        commissions = [(place, c) for place in places if (c := self._commission(entry, place, seed)) is not None]
        texts.missing[f"{entry.name}: no other reader of the culture"] += len(places) - len(commissions)
        keys = [commission.mark(writer).key for _, commission in commissions]
        there = self._kept.of(keys)
        # A text for all readers is written once a book.
        todo = list({k: c for (_, c), k in zip(commissions, keys, strict=True) if k not in there}.values())
        heard_of = len(places) - len(todo)

        def heard(place: int, outcome: Outcome) -> None:
            nonlocal heard_of
            commission = todo[place]
            if isinstance(outcome, Text) and outcome.text.strip():
                mark = commission.mark(writer, outcome.cut)
                kept = Kept(key=mark.key, reader=commission.reader, text=outcome.text, mark=mark)
                self._kept.keep([kept])
                there[mark.key] = kept
            elif isinstance(outcome, Text):
                texts.lack(entry.name, "an empty text")
            else:
                texts.lack(entry.name, outcome.reason)
                if outcome.pending:
                    texts.pending[outcome.reason] += 1
            heard_of += 1
            report(entry.name, heard_of, len(places))

        report(entry.name, heard_of, len(places))
        if todo:
            writer.write([commission.request for commission in todo], heard)
        for (place, _), key in zip(commissions, keys, strict=True):
            if (kept := there.get(key)) is not None:
                language, mark = self._language(kept.text) or "", kept.mark.model_dump(mode="json")
                texts.writings.append(Writing(place.cell.id, entry.name, kept.text, language, kept.mark.cut, mark))

    def _commission(self, entry: Entry, place: Place, seed: int) -> Commission | None:
        cell, card = place.cell, entry.info.card
        reader = {"own": cell.reader, "other": place.other, "none": None}[card]
        if reader is None and card == "other":
            return None
        parts = self._parts.get(entry.name)
        return self._commissions.make(reader, cell.title, cell.description, seed, parts)
