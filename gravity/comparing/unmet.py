"""What the adapters of a line-up have met: no reader and no book of a comparison may be among that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gravity.comparing.line_up import Entry
from gravity.store.dataset.gate import Gate
from gravity.store.dataset.split import Split
from gravity.store.records import Book
from gravity.store.runs import Run
from gravity.stores import Stores
from gravity.trainer.training.met import Met, read


@dataclass(frozen=True)
class Unmet:
    """Tells readers and books that no adapter was trained on.

    `met` says it by writer. Of the adapters `untold` nothing says what they were trained on; they are taken to have met
    all readers that are not in the test split of the run's export, `held_out`.
    """

    met: Mapping[str, Met]
    untold: Sequence[str]
    held_out: frozenset[str]

    def who_knows(self, reader: str) -> str | None:
        """The writer that was trained on a reader, or may have been; None where none was."""
        if self.untold and reader not in self.held_out:
            return self.untold[0]
        named = {name: met for name, met in self.met.items() if met.readers is not None}
        return next((name for name, met in named.items() if met.knows_reader(reader)), None)

    def has_met(self, book: Book) -> bool:
        """Whether an adapter was trained on the book's description."""
        return any(met.knows_text(book.description) for met in self.met.values())


def unmet(entries: Sequence[Entry], stores: Stores, run: Run, test_share: float) -> Unmet:
    """What the adapters of a line-up have met. Raises the trainer's ModelError where an adapter cannot be read."""
    adapters = {e.name: e.settings.adapter for e in entries if e.settings is not None and e.settings.adapter}
    found = {name: read(adapter) for name, adapter in adapters.items()}
    met = {name: one for name, one in found.items() if one is not None}
    untold = [name for name, one in found.items() if one is None or one.readers is None]
    held_out = frozenset[str]()
    if untold:
        gate, ledger = Gate(stores.ledger, run), stores.ledger
        pairs = (pair for pair in ledger.pairs(run.id) if gate.why_not(pair) is None)
        held_out = frozenset(Split(run, pairs, test_share).readers)
    return Unmet(met, untold, held_out)
