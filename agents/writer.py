"""Scenario writers: one situation and two ways on from it, for a seed in a culture."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field

from gravity.agents.asking import Answer, Asker
from gravity.agents.errors import UnusableError
from gravity.frameworks.records import Culture, Scene, Seed
from gravity.store.records import Draft, Finding, Provenance

# A slot has a setting of its own, so that the scenarios of one seed differ: three places, each in three lights.
PLACES = (
    "at home or among relatives",
    "at work, at school or in business",
    "among neighbours, in a shop, in an office or on the way",
)
LIGHTS = ("", "; between people of two generations", "; where time is short")
SETTINGS = tuple(place + light for light in LIGHTS for place in PLACES)

Slot = tuple[str, str, int]  # seed, culture, number
BANK = "scenario bank"  # how drafts name it


class Scenes(Answer):
    """What the writer answers."""

    situation: str = Field(min_length=40, max_length=500)
    endorsing: str = Field(min_length=60, max_length=600)
    opposing: str = Field(min_length=60, max_length=600)


class Writer(Protocol):
    """Writes scenario pairs."""

    @property
    def revises(self) -> bool:
        """Whether it can write a draft anew after a critic's remarks."""
        ...

    @property
    def released(self) -> Collection[Slot]:
        """Those that it takes from what ships, which ask nothing of a model."""
        ...

    async def write(
        self, seed: Seed, culture: Culture, slot: int, earlier: Draft | None, remarks: Sequence[Finding]
    ) -> Draft:
        """A draft for the seed; with `remarks` on an `earlier` one it is written anew. Raises AskError."""


@dataclass(frozen=True)
class BankWriter:
    """Takes scenarios from a bank. Those that are `released` ship with Gravity: they were written by hand, and read by
    readers who had not written them and did not know which way was which."""

    scenes: Mapping[Slot, Scene]
    released: Collection[Slot]
    revises: bool = False

    async def write(
        self, seed: Seed, culture: Culture, slot: int, earlier: Draft | None, remarks: Sequence[Finding]
    ) -> Draft:
        """The scenario of the bank. Raises UnusableError where it has none."""
        scene = self.scenes.get((seed.id, culture.id, slot))
        if scene is None:
            raise UnusableError(f"the bank has no scenario {slot + 1} for {seed.id} in {culture.id}")
        return Draft(
            situation=scene.situation,
            endorsing=scene.endorsing,
            opposing=scene.opposing,
            made_by=Provenance(model=BANK),
        )


@dataclass(frozen=True)
class BankFirst:
    """Takes what the bank has, and has another writer write the rest and mend what critics remark on."""

    bank: BankWriter
    other: Writer

    @property
    def revises(self) -> bool:
        """Whether the other writer can."""
        return self.other.revises

    @property
    def released(self) -> Collection[Slot]:
        """Those that it takes from what ships."""
        return self.bank.released

    async def write(
        self, seed: Seed, culture: Culture, slot: int, earlier: Draft | None, remarks: Sequence[Finding]
    ) -> Draft:
        """A draft. Raises AskError."""
        writer = self.bank if not remarks and (seed.id, culture.id, slot) in self.bank.scenes else self.other
        return await writer.write(seed, culture, slot, earlier, remarks)


@dataclass(frozen=True)
class ModelWriter:
    """Writes scenario pairs with one call of a chat model each."""

    asker: Asker
    revises: bool = True
    released: Collection[Slot] = ()

    async def write(
        self,
        seed: Seed,
        culture: Culture,
        slot: int,
        earlier: Draft | None,
        remarks: Sequence[Finding],
    ) -> Draft:
        """A draft. Raises AskError where the model gave no usable answer."""
        asked = await self.asker.ask(
            "scenario",
            Scenes,
            seed=seed,
            culture=culture,
            setting=SETTINGS[slot % len(SETTINGS)],
            draft=earlier,
            remarks=list(remarks),
        )
        answer = asked.answer
        return Draft(
            situation=answer.situation.strip(),
            endorsing=answer.endorsing.strip(),
            opposing=answer.opposing.strip(),
            made_by=asked.made_by,
        )
