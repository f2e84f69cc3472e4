"""The profiler that asks a chat model: demographics, facets of personality, stances, each with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, create_model

from gravity.agents.asking import Answer, Asked, Asker, Confidence
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.evidence import Evidence
from gravity.agents.excerpts import excerpt
from gravity.agents.views.chunks import REVIEW_CHARS
from gravity.frameworks.issues import listed
from gravity.frameworks.records import Domain, Facet, Seed
from gravity.store.records import Fact, FactKind, Provenance, Reader, Review, content_id
from gravity.store.views import View

DEMOGRAPHICS = ("gender", "age", "location")
MIDDLE = 50  # of a score, as models state it


class Inference(Answer):
    """What every inference begins with: models answer in this order, and what is found comes before what it means."""

    evidence: list[str] = Field(max_length=3)


class Stance(Inference):
    """A stance toward one seed."""

    stance: Literal["agree", "disagree", "unknown"]
    confidence: Confidence


class Lean(Inference):
    """Which end of a facet a reader leans toward, and where between the first and the second they stand."""

    level: Literal["first", "second", "unknown"]
    score: Annotated[int, Field(ge=0, le=100)] | None
    confidence: Confidence


class Detail(Inference):
    """A detail that the reader tells of themselves."""

    value: str = Field(min_length=1, max_length=80)
    confidence: Confidence


class FacetProfiler(Protocol):
    """Infers which ends of facets a reader leans toward. Every facet asked about comes back as one fact, unknown or
    failed included.

    Where nobody answered there is no fact, and NotAnsweredError is raised.
    """

    async def facets(self, reader: str, reviews: Sequence[Review], facets: Sequence[Facet], turned: bool) -> list[Fact]:
        """Facts for a batch of facets, with levels and scores. Of each facet one end is shown first, by a hash, and the
        other where it is `turned`."""
        ...


class Profiler(FacetProfiler, Protocol):
    """Infers facts about one reader. Every name asked about comes back as one fact, unknown or failed included.

    Where nobody answered there is no fact, and NotAnsweredError is raised.
    """

    async def demographics(self, reader: str, reviews: Sequence[Review], names: Sequence[str]) -> list[Fact]:
        """Facts for the demographic `names`."""
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

    async def facets(self, reader: str, reviews: Sequence[Review], facets: Sequence[Facet], turned: bool) -> list[Fact]:
        """Facts for a batch of facets; the model sees two ends each, and neither their names nor which is the high one.

        A level on the one side of the middle with a score on the other is none.
        """
        ends = [_ends(facet, turned) for facet in facets]
        lines = [
            {"alias": f"f{n}", "first": getattr(facet, first), "second": getattr(facet, second)}
            for n, (facet, (first, second)) in enumerate(zip(facets, ends, strict=True), start=1)
        ]
        shown, told = _shown(reviews), {"reviews": aliased(reviews), "facets": lines}
        schema = _one_each(Lean, tuple(line["alias"] for line in lines), tuple(shown))
        names = [facet.id for facet in facets]
        facts = await self._facts("facets", "facet", "level", schema, reader, shown, names, told)
        return [_leaning(fact, *of) for fact, of in zip(facts, ends, strict=True)]

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
                    score=getattr(inference, "score", None),
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


def _ends(facet: Facet, turned: bool) -> tuple[str, str]:
    """Which end of a facet is shown first, and which second."""
    high_first = (int(content_id("first end", facet.id), 16) % 2 == 1) != turned
    return ("high", "low") if high_first else ("low", "high")


def _leaning(fact: Fact, first: str, second: str) -> Fact:
    """A fact whose value is "first" or "second" as one that names the end, with its score toward the high one."""
    score = fact.score
    if score is not None:
        beyond = {"first": score > MIDDLE, "second": score < MIDDLE}.get(fact.value, False)
        score = score if second == "high" else 100 - score
        if beyond:
            reason = "the level is on the one side of the middle and the score on the other"
            return fact.model_copy(update={"value": "unknown", "score": score, "reason": reason})
    value = {"first": first, "second": second}.get(fact.value, fact.value)
    return fact.model_copy(update={"value": value, "score": score})


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
