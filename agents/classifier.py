"""Text classifiers of the transformers library as parts of a profiler: demographics and facets of personality."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import Field

from gravity.agents.errors import ModelError
from gravity.agents.evidence import Evidence
from gravity.agents.kinds.kind import Model, Settings, Workbench
from gravity.agents.profiler import FacetProfiler, Profiler
from gravity.frameworks.records import Facet, Seed
from gravity.store.records import Fact, FactKind, Provenance, Review

EVIDENCE = 3


class ClassifierSettings(Settings):
    """A text classifier of the transformers library: a Hub id or a local folder."""

    model: str
    """A Hub id or a local folder; its weights must be safetensors."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Its labels mapped to the values that they stand for: of a demographic fact, or the five traits."""
    threshold: float = Field(0.7, ge=0, le=1)
    """The mean score from which a value counts, else it is unknown; the facets of a trait are low up to one minus
    this."""


class Classifier:
    """One text-classification model, a Hub id or a local folder; its weights are safetensors or are refused."""

    def __init__(self, settings: ClassifierSettings) -> None:
        self.settings = settings
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=settings.model)

    @cached_property
    def _pipeline(self) -> Any:
        try:
            from transformers import pipeline
        except ImportError:
            raise ModelError("classifiers need transformers: pip install 'gravity-preferences[train]'") from None
        model = self.settings.model
        try:
            return pipeline(
                "text-classification", model=model, top_k=None, truncation=True, model_kwargs={"use_safetensors": True}
            )
        except (OSError, ValueError) as error:
            raise ModelError(f"the classifier '{model}' cannot be loaded: {str(error).splitlines()[0]}") from None

    async def scores(self, reviews: Sequence[Review]) -> list[dict[str, float]]:
        """For each review the score (0 to 1) of each value that `labels` maps to, or else of each label."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._scores, [review.text for review in reviews])

    def _scores(self, texts: list[str]) -> list[dict[str, float]]:
        named = self.settings.labels
        return [
            {named.get(score["label"], score["label"]): float(score["score"]) for score in scores}
            for scores in self._pipeline(texts)
        ]

    def fact(
        self,
        run: str,
        reader: str,
        kind: FactKind,
        name: str,
        value: str,
        confidence: float,
        evidence: list[str],
        **more: Any,
    ) -> Fact:
        """A fact that it found."""
        given = {"value": value, "confidence": confidence, "evidence": evidence, **more}
        return Fact(
            run=run, reader=reader, kind=kind, name=name, made_by=Provenance(model=self.settings.model), **given
        )


@dataclass(frozen=True)
class ClassifyingProfiler:
    """A profiler that leaves some demographic facts to classifiers and the rest to another profiler."""

    run: str
    inner: Profiler
    demographic: Mapping[str, Classifier]

    async def demographics(self, reader: str, reviews: Sequence[Review], names: Sequence[str]) -> list[Fact]:
        """Facts by the classifiers that there are, and by the inner profiler for the other names."""
        others = [name for name in names if name not in self.demographic]
        facts = await self.inner.demographics(reader, reviews, others) if others else []
        for name in names:
            if name in self.demographic:
                facts.append(await self._demographic(reader, name, reviews))
        return facts

    async def facets(self, reader: str, reviews: Sequence[Review], facets: Sequence[Facet], turned: bool) -> list[Fact]:
        """What the inner profiler says."""
        return await self.inner.facets(reader, reviews, facets, turned)

    async def stances(self, reader: str, evidence: Evidence, seeds: Sequence[Seed]) -> list[Fact]:
        """What the inner profiler says."""
        return await self.inner.stances(reader, evidence, seeds)

    async def _demographic(self, reader: str, name: str, reviews: Sequence[Review]) -> Fact:
        classifier = self.demographic[name]
        scores = await classifier.scores(reviews)
        means = {value: _mean([score[value] for score in scores]) for value in scores[0]}
        best = max(means, key=lambda value: means[value])
        if means[best] < classifier.settings.threshold:
            return classifier.fact(self.run, reader, "demographic", name, "unknown", means[best], [])
        telling = _highest(reviews, [score[best] for score in scores])
        return classifier.fact(self.run, reader, "demographic", name, best, means[best], telling)


@dataclass(frozen=True)
class FacetClassifier:
    """A classifier of the five traits as a profiler of their facets. It says the same however it is asked."""

    run: str
    classifier: Classifier

    async def facets(self, reader: str, reviews: Sequence[Review], facets: Sequence[Facet], turned: bool) -> list[Fact]:
        """Levels from the classifier's mean score for each facet's trait, so the same for all facets of one; see
        ClassifierSettings."""
        scores = await self.classifier.scores(reviews)
        return [self._facet(reader, facet, reviews, scores) for facet in facets]

    def _facet(
        self, reader: str, facet: Facet, reviews: Sequence[Review], scores: Sequence[Mapping[str, float]]
    ) -> Fact:
        of: tuple[str, str, FactKind, str] = (self.run, reader, "facet", facet.id)
        given = [score[facet.trait] for score in scores if facet.trait in score]
        if not given:
            reason = f"the classifier has no label that `labels` maps to {facet.trait}"
            return self.classifier.fact(*of, "failed", 0.0, [], reason=reason)
        mean, threshold = _mean(given), self.classifier.settings.threshold
        if 1 - threshold < mean < threshold:
            return self.classifier.fact(*of, "unknown", max(mean, 1 - mean), [], score=100 * mean)
        high = mean >= threshold
        telling = _highest(reviews, given if high else [-score for score in given])
        return self.classifier.fact(*of, "high" if high else "low", max(mean, 1 - mean), telling, score=100 * mean)


class ClassifierModel(Model):
    """A classifier of the five traits as a model, so that it can be put to gold cases."""

    order_sensitive = False

    def __init__(self, settings: ClassifierSettings) -> None:
        self.name = settings.model
        self.identity = settings.model_dump()
        self._classifier = Classifier(settings)

    def facet_profiler(self, bench: Workbench, role: str = "profiler") -> FacetProfiler:
        """It as a profiler of facets."""
        return FacetClassifier(bench.run, self._classifier)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _highest(reviews: Sequence[Review], scores: Sequence[float]) -> list[str]:
    ranked = sorted(zip(scores, reviews, strict=True), key=lambda scored: -scored[0])
    return [review.id for _, review in ranked[:EVIDENCE]]
