"""What a kind of model is: settings that say which roles it can play and open it; a model that makes its agents."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from gravity.agents.breaker import Breaker
from gravity.agents.budget import Budget
from gravity.agents.chat import ChatModel
from gravity.agents.critic import Critic
from gravity.agents.errors import ModelError
from gravity.agents.gathering.namer import FairnessCritic, Namer
from gravity.agents.judge import Judge, ModelJudge
from gravity.agents.profiler import FacetProfiler, Profiler
from gravity.agents.repeats import Repeats
from gravity.agents.views.chunks import Cutting
from gravity.agents.views.finder import Finder
from gravity.agents.views.refuter import Refuter
from gravity.agents.window import Window
from gravity.agents.writer import Writer
from gravity.agents.writings.checker import WritingChecker
from gravity.agents.writings.judge import WritingJudge
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Domain
from gravity.store.answers import Answers
from gravity.store.embeddings import Embedder
from gravity.store.vectors import VectorStore

Role = Literal["profiler", "checker", "writer", "judges", "critics"]


class Settings(BaseModel):
    """Base of the settings here: a name nobody knows is an error. What stands under a field describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


@dataclass(frozen=True)
class Workbench:
    """What a model's agents work with.

    An answer that does not fit is asked for again, `attempts` times in all; judges are asked in so many `orders`.
    Reviews are read for views by the `cutting`.
    What chat models cost goes to the run's `budget`; the `breaker` stops the run where a model is not answered again
    and again.
    """

    run: str
    library: Library
    domain: Domain
    answers: Answers
    vectors: VectorStore
    attempts: int
    orders: Literal[1, 2]
    budget: Budget
    breaker: Breaker = field(default_factory=Breaker)
    cutting: Cutting = field(default_factory=Cutting)


class Model:
    """An opened model. Each kind overrides the agents that it can be; the others raise ModelError.

    `name` is how votes, facts and reports call it, and `identity` holds all of it that shapes its answers.
    """

    name: str
    identity: dict[str, Any]
    # How many calls it takes at a time.
    concurrency: int = 1
    # Whether its questions gather into batches, so that many items should be in the works at a time.
    batched: bool = False
    # The chat model behind it, where there is one: it alone is counted and paid by the call.
    chat: ChatModel | None = None
    # Whether it can say something else when two things that it compares change places.
    order_sensitive: bool = True

    # Its context and tokenizer, where they are known.
    window: Window | None = None

    def rename(self, name: str) -> None:
        """Gives it, and the chat model that signs its answers, another name, so that two addresses that serve models
        of one name are told apart."""
        self.name = name
        if self.chat is not None:
            self.chat.name = name

    def is_also(self, other: "Model") -> bool:
        """Whether both are one model, whatever else they are set to."""
        named, others = (model.identity.get("model", model.name) for model in (self, other))
        return bool(named == others)

    def profiler(self, bench: Workbench, role: str = "profiler") -> Profiler:
        """It as a profiler; `role` is what its calls are counted under."""
        raise self._cannot("infer profiles")

    def facet_profiler(self, bench: Workbench, role: str = "profiler") -> FacetProfiler:
        """It as a profiler of facets alone."""
        return self.profiler(bench, role)

    def finder(self, bench: Workbench) -> Finder:
        """It as a finder of the views in reviews."""
        raise self._cannot("read reviews for views")

    def refuter(self, bench: Workbench) -> Refuter:
        """It as one who tries to refute views that were found."""
        raise self._cannot("read reviews for views")

    def repeats(self, bench: Workbench) -> Repeats:
        """It as one who finds repeats among views or seeds."""
        raise self._cannot("find repeats")

    def writer(self, bench: Workbench) -> Writer:
        """It as a writer of scenarios."""
        raise self._cannot("write scenarios")

    def namer(self, bench: Workbench) -> Namer:
        """It as one who names what views of many readers have in common."""
        raise self._cannot("name what views have in common")

    def can_write(self, library: Library) -> Collection[tuple[str, str, int]] | None:
        """The scenarios, as (seed, culture, slot), that it can write; None where it can write any."""
        return None

    def judge(self, bench: Workbench) -> Judge:
        """It as a judge of scenarios."""
        raise self._cannot("judge scenarios")

    @property
    def judges_pairs(self) -> bool:
        """Whether it can judge whole pairs from a reader's reviews."""
        return self.chat is not None

    def pair_judge(self, bench: Workbench) -> ModelJudge:
        """It as a judge of whole pairs."""
        raise self._cannot("judge pairs")

    def critic(self, bench: Workbench) -> Critic:
        """It as a critic."""
        raise self._cannot("criticise scenarios")

    def fairness_critic(self, bench: Workbench) -> FairnessCritic:
        """It as a critic of the two sides of an issue."""
        raise self._cannot("criticise seeds")

    def writing_judge(self, bench: Workbench) -> WritingJudge:
        """It as a judge of writings."""
        raise self._cannot("judge writings")

    def writing_checker(self, bench: Workbench) -> WritingChecker:
        """It as a checker of writings."""
        raise self._cannot("check writings")

    async def close(self) -> None:
        """Gives back connections and threads; when it is used again it opens new ones."""
        if self.chat is not None:
            await self.chat.close()

    def _cannot(self, what: str) -> ModelError:
        return ModelError(f"the model {self.name} cannot {what}: give that role to another one")


class ModelSettings(Settings):
    """Base of a kind's settings: `kind` names it in the configuration, and `plays` are the roles it can be given."""

    plays: ClassVar[frozenset[Role]]
    kind: str

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that it can be given with the settings at hand."""
        return self.plays

    def open(self, embedder: Callable[[], Embedder]) -> Model:
        """The model; `embedder` gives the configured one, to kinds that need it. Raises ModelError."""
        raise ModelError(f"models of kind {self.kind} cannot be opened")

    def resampled(self) -> "ModelSettings | None":
        """The same model with another sampling seed; None where nothing in it is drawn."""
        return None
