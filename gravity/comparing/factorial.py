"""The line-up by which `--factorial` takes the gap between two kinds of books apart: one writer with five cards."""

from collections import Counter
from dataclasses import replace

from gravity.compare.evidence import ORIGINAL, WriterInfo
from gravity.compare.factorial import NONE, SHUFFLED, STEPS
from gravity.comparing.cells import Wanted
from gravity.comparing.comparing import Stage
from gravity.comparing.line_up import Entry
from gravity.errors import ConfigError
from gravity.store.records import Component

PARTS: tuple[Component, ...] = ("interests", "personality", "values")


def factorial(on: Stage) -> Stage:
    """The stage of the first writer of the line-up that is told a card, with five cards in its place: none, each part
    added to those before it, and all parts of another reader's card. Raises ConfigError where no writer is told one."""
    writer = next((entry for entry in on.entries if entry.settings is not None and entry.info.card == "own"), None)
    if writer is None or writer.settings is None:
        raise ConfigError('--factorial needs a writer that is told its reader\'s card: card = "own" in [writers.NAME]')
    settings = writer.settings
    cards = [
        Entry(
            WriterInfo(NONE, "none", prompt_only=settings.adapter is None), settings.model_copy(update={"card": "none"})
        ),
        *(Entry(WriterInfo(step, "own", twin=SHUFFLED if step == STEPS[-1] else None), settings) for step in STEPS),
        Entry(WriterInfo(SHUFFLED, "other"), settings.model_copy(update={"card": "other"})),
    ]
    parts = {step: frozenset(PARTS[: place + 1]) for place, step in enumerate(STEPS)} | {SHUFFLED: frozenset(PARTS)}
    pairs = [(NONE, card) for card in (*STEPS, SHUFFLED)] + [(SHUFFLED, STEPS[-1]), (ORIGINAL, STEPS[-1])]
    return replace(on, entries=[on.entries[0], *cards], pairs=pairs, parts=parts)


def of_both_kinds(on: Stage, wanted: Wanted) -> Wanted:
    """What is wanted, of the two kinds that most described books are of, for readers who have reviewed both."""
    taxonomy, corpus = on.setup.taxonomy, on.setup.stores.corpus
    kinds = Counter[str]()
    for book in corpus.books(corpus.described()).values():
        category = taxonomy.place(book.categories)[0]
        kinds.update(taxonomy.path(category)[:1] if category else ())
    if len(kinds) < 2:
        raise ConfigError(
            "--factorial compares two kinds of books, and the store has described books of fewer than two"
        )
    return replace(wanted, kinds=tuple(kind for kind, _ in kinds.most_common(2)))
