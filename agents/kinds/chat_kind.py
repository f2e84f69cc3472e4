"""What all kinds of chat models have in common: a chat model plays every role."""

from typing import Any, ClassVar, Self

from pydantic import Field

from gravity.agents.asking import Asker
from gravity.agents.chat import ChatModel
from gravity.agents.critic import ModelCritic
from gravity.agents.gathering.namer import FairnessCritic, Namer
from gravity.agents.judge import ModelJudge
from gravity.agents.kinds.kind import Model, ModelSettings, Role, Workbench
from gravity.agents.price import Price
from gravity.agents.profiler import ModelProfiler
from gravity.agents.repeats import Repeats
from gravity.agents.views.finder import Finder
from gravity.agents.views.refuter import Refuter
from gravity.agents.writer import ModelWriter
from gravity.agents.writings.checker import WritingChecker
from gravity.agents.writings.judge import WritingJudge


class ChatSettings(ModelSettings):
    """Base of the settings of chat models."""

    plays: ClassVar[frozenset[Role]] = frozenset({"profiler", "checker", "writer", "judges", "critics"})
    temperature: float = Field(0.7, ge=0, le=2)
    """How freely answers are sampled, 0 to 2; 0 always takes the likeliest."""
    max_tokens: int = Field(2048, ge=1)
    """The most tokens that an answer may have."""
    seed: int | None = 0
    """The seed that answers are sampled with, where the model takes one."""
    price: Price | None = None
    """What its tokens cost; without one its calls are counted as not priced."""

    def resampled(self) -> Self | None:
        """The same model with another sampling seed."""
        return self.model_copy(update={"seed": (self.seed or 0) + 1})


class PromptedModel(Model):
    """A chat model behind prompts, in whichever role."""

    def __init__(self, chat: ChatModel, concurrency: int = 1) -> None:
        self.chat: ChatModel = chat
        self.name = chat.name
        self.identity: dict[str, Any] = chat.identity
        self.concurrency = concurrency

    def profiler(self, bench: Workbench, role: str = "profiler") -> ModelProfiler:
        """A profiler that asks it."""
        return ModelProfiler(bench.run, self._asker(role, bench), bench.domain)

    def finder(self, bench: Workbench) -> Finder:
        """A finder that asks it."""
        return Finder(self._asker("profiler", bench), bench.domain)

    def refuter(self, bench: Workbench) -> Refuter:
        """One who asks it to refute."""
        return Refuter(self._asker("checker", bench), bench.domain)

    def repeats(self, bench: Workbench) -> Repeats:
        """One who asks it which issues are one."""
        return Repeats(self._asker("checker", bench), bench.vectors.embedder)

    def writer(self, bench: Workbench) -> ModelWriter:
        """A writer that asks it."""
        return ModelWriter(self._asker("writer", bench))

    def namer(self, bench: Workbench) -> Namer:
        """A namer that asks it."""
        return Namer(self._asker("writer", bench), bench.domain, bench.library.frameworks)

    def judge(self, bench: Workbench) -> ModelJudge:
        """A judge that asks it."""
        return ModelJudge(self._asker("judge", bench), bench.domain, bench.orders)

    def pair_judge(self, bench: Workbench) -> ModelJudge:
        """The same judge: it can be asked about pairs as well."""
        return self.judge(bench)

    def critic(self, bench: Workbench) -> ModelCritic:
        """A critic that asks it."""
        return ModelCritic(self._asker("critic", bench))

    def fairness_critic(self, bench: Workbench) -> FairnessCritic:
        """A critic of fairness that asks it."""
        return FairnessCritic(self._asker("critic", bench), bench.library.cultures)

    def writing_judge(self, bench: Workbench) -> WritingJudge:
        """A judge of writings that asks it."""
        return WritingJudge(self._asker("judge", bench), bench.domain, bench.orders)

    def writing_checker(self, bench: Workbench) -> WritingChecker:
        """A checker of writings that asks it."""
        return WritingChecker(self._asker("critic", bench), bench.domain)

    def _asker(self, role: str, bench: Workbench) -> Asker:
        return Asker(role, bench.budget.paying(role, self.chat), bench.answers, bench.attempts, bench.breaker)
