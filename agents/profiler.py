"""The profiler that asks a chat model: demographics, personality, stances, each with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

from pydantic import Field, create_model

from gravity.agents.asking import Answer, Asked, Asker, Confidence
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.evidence import Evidence
from gravity.agents.excerpts import excerpt
from gravity.agents.views.chunks import REVIEW_CHARS
from gravity.frameworks.issues import listed
from gravity.frameworks.records import TRAITS, Domain, Seed
from gravity.store.records import Fact, FactKind, Provenance, Reader, Review
from gravity.store.views import View

DEMOGRAPHICS = ("gender", "age", "location")


class Inference(Answer):
    """What every inference begins with: models answer in this order, and what is found comes before what it means."""

    evidence: list[str] = Field(max_length=3)


class Stance(Inference):
    """A stance toward one seed."""

    stance: Literal["agree", "disagree", "unknown"]
    confidence: Confidence


class Level(Inference):
    """A level of one trait."""

    level: Literal["high", "mid", "low", "unknown"]
    confidence: Confidence


class Detail(Inference):
    """A detail that the reader tells of themselves."""

    value: str = Field(min_length=1, max_length=80)
    confidence: Confidence


class Profiler(Protocol):
    """Infers facts about one reader. Every name asked about comes back as one fact, unknown or failed included.

    Where nobody answered there is no fact, and NotAnsweredError is raised.
    """

    async def demographics(self, reader: str, reviews: Sequence[Review], names: Sequence[str]) -> list[Fact]:
        """Facts for the demographic `names`."""
        ...

    async def traits(self, reader: str, reviews: Sequence[Review]) -> list[Fact]:
        """Facts for the five traits."""
        ...

    async def stances(self, reader: str, evidence: Evidence, seeds: Sequence[Seed]) -> list[Fact]:
        """Facts for a batch of seeds."""
        ...


async def demographics_of(reader: Reader, reviews: Sequence[Review], profiler: Profiler, run: str) -> list[Fact]:
    """Gender, age and location: what is given of the reader stands, and the profiler infers the others."""
    given = {name: value for name in DEMOGRAPHICS if (value := getattr(reader, name))}
    certain: dict[str, Any] = {"kind": "demographic", "confidence": 1.0, "evidence": []}
    made_by = Provenance(model="given")
    facts = [
        Fact(run=run, reader=reader.id, name=name, value=value, made_by=made_by, **certain)
        for name, value in given.items()
    ]
    missing = [name for name in DEMOGRAPHICS if name not in given]
    return facts + (await profiler.demographics(reader.id, reviews, missing) if missing else [])


@dataclass(frozen=True)
class ModelProfiler:
    """A profiler that asks a chat model, one call for each of its methods."""

    run: str
    asker: Asker
    domain: Domain

    async def demographics(self, reader: str, reviews: Sequence[Review], names: Sequence[str]) -> list[Fact]:
        """Facts for gender, age and location, of which `names` are kept."""
        shown, told = _shown(reviews), {"reviews": aliased(reviews)}
        schema = _one_each(Detail, DEMOGRAPHICS, tuple(shown))
        facts = await self._facts("demographics", "demographic", "value", schema, reader, shown, DEMOGRAPHICS, told)
        return [fact for fact in facts if fact.name in names]

    async def traits(self, reader: str, reviews: Sequence[Review]) -> list[Fact]:
        """Facts for the five traits."""
        shown, told = _shown(reviews), {"reviews": aliased(reviews)}
        schema = _one_each(Level, TRAITS, tuple(shown))
        return await self._facts("traits", "trait", "level", schema, reader, shown, TRAITS, told)

    async def stances(self, reader: str, evidence: Evidence, seeds: Sequence[Seed]) -> list[Fact]:
        """Facts for a batch of seeds from the reader's views; the model sees short aliases and not the seeds' ids."""
        statements = listed(seeds, "s")
        shown = {f"w{number}": view for number, view in enumerate(evidence.views, start=1)}
        schema = _one_each(Stance, tuple(line["alias"] for line in statements), tuple(shown))
        names = [seed.id for seed in seeds]
        told = {"views": evidence.shown, "seeds": statements}
        return await self._facts("stances", "stance", "stance", schema, reader, shown, names, told)

    async def _facts(
        self,
        prompt: str,
        kind: FactKind,
        field: str,
        schema: type[Answer],
        reader: str,
        shown: Mapping[str, Review | View],
        names: Sequence[str],
        told: Mapping[str, Any],
    ) -> list[Fact]:
        """The facts `names`, from what is `told`; `shown` are the reviews or views that evidence can name, by alias."""
        try:
            asked: Asked[Any] = await self.asker.ask(prompt, schema, domain=self.domain, **told)
        except NotAnsweredError:
            raise
        except AskError as error:
            failed: dict[str, Any] = {"value": "failed", "confidence": 0, "evidence": [], "reason": str(error)}
            made_by = Provenance(model=self.asker.model.name)
            return [
                Fact(run=self.run, reader=reader, kind=kind, name=name, made_by=made_by, **failed) for name in names
            ]
        facts = []
        for name, key in zip(names, type(asked.answer).model_fields, strict=True):
            inference: Any = getattr(asked.answer, key)
            value = str(getattr(inference, field)).strip()
            value = "unknown" if value.casefold() == "unknown" else value
            named = [shown[alias] for alias in dict.fromkeys(inference.evidence)]
            evidence = list(dict.fromkeys(one.review if isinstance(one, View) else one.id for one in named))
            reason = ""
            if value != "unknown" and not evidence:
                value, reason = "unknown", f"'{value}' was answered without evidence"
            facts.append(
                Fact(
                    run=self.run,
                    reader=reader,
                    kind=kind,
                    name=name,
                    value=value,
                    confidence=inference.confidence / 100,
                    evidence=evidence,
                    views=[one.id for one in named if isinstance(one, View)],
                    made_by=asked.made_by,
                    reason=reason,
                )
            )
        return facts


def aliased(reviews: Sequence[Review], quotes: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Reviews as prompts show them: with short ids r1, r2 ... and cut to a bounded length, which leaves what stands
    around the `quotes`, the first of them before others."""
    return [
        {
            "alias": f"r{number}",
            "rating": f"{review.rating:g}",
            "title": review.title[:200].replace('"', "'"),
            "text": excerpt(review.text, REVIEW_CHARS, quotes),
        }
        for number, review in enumerate(reviews, start=1)
    ]


def _shown(reviews: Sequence[Review]) -> dict[str, Review]:
    """Reviews by the alias that `aliased` gives them."""
    return {f"r{number}": review for number, review in enumerate(reviews, start=1)}


@cache
def _one_each(inference: type[Inference], keys: tuple[str, ...], ids: tuple[str, ...]) -> type[Answer]:
    """A schema with one inference for each key, whose evidence can only be one of the `ids` that are shown."""
    offered = create_model(
        inference.__name__,
        __base__=inference,
        evidence=(list[Literal[ids]], Field(max_length=3)),  # type: ignore[valid-type]
    )
    fields: dict[str, Any] = dict.fromkeys(keys, (offered, ...))
    return create_model(f"{inference.__name__}s", __base__=Answer, **fields)
