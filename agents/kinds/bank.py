"""The bank of shipped scenarios as a writer, where no model at hand can write."""

from collections.abc import Callable, Collection
from typing import ClassVar, Literal

from gravity.agents.kinds.kind import Model, ModelSettings, Role, Workbench
from gravity.agents.writer import BANK, BankWriter
from gravity.frameworks.loader import Library
from gravity.store.embeddings import Embedder


class BankSettings(ModelSettings):
    """No model: the scenarios that ship with Gravity, some for each culture. It can play the writer alone."""

    plays: ClassVar[frozenset[Role]] = frozenset({"writer"})
    kind: Literal["bank"]

    def open(self, embedder: Callable[[], Embedder]) -> Model:
        """The bank."""
        return BankModel(self)


def bank_of(library: Library) -> BankWriter:
    """The bank of a library: what ships in it as it ships is released, and not what an overlay adds or replaces."""
    shipped = library.base.scenes
    return BankWriter(library.scenes, {slot for slot, scene in library.scenes.items() if shipped.get(slot) == scene})


class BankModel(Model):
    """The bank; it can write what it holds and nothing else."""

    name = BANK

    def __init__(self, settings: BankSettings) -> None:
        self.identity = settings.model_dump()

    def writer(self, bench: Workbench) -> BankWriter:
        """A writer that takes scenarios from it."""
        return bank_of(bench.library)

    def can_write(self, library: Library) -> Collection[tuple[str, str, int]]:
        """The scenarios that it holds."""
        return library.scenes.keys()
