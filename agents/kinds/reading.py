"""How a chat model's answers as a judge are read: as it writes them, or from the probabilities of its next token.

Kinds that can tell those probabilities have these settings.
"""

from typing import Any, Literal, Self

from gravity.agents.asking import Asker
from gravity.agents.chances import ReadableChat
from gravity.agents.judge import Judge
from gravity.agents.kinds.chat_kind import ChatSettings, PromptedModel
from gravity.agents.kinds.kind import Model, Role, Workbench
from gravity.agents.likelihood import LikelihoodChat, LikelihoodJudge
from gravity.agents.prompting import prompt


class ReadingSettings(ChatSettings):
    """Base of the settings of chat models that can tell the probabilities of tokens."""

    confidence: Literal["stated", "logprobs"] = "stated"
    """Where a judge's confidence comes from: the number that the model states, or the probability of its answer's first
    token among the answers that it could have given."""
    reading: Literal["written", "likelihood"] = "written"
    """How it judges scenarios: by what it writes, or, without writing, by how much likelier Yes than No is as the next
    token. By likelihood a model can judge scenarios and do nothing else."""

    @property
    def roles(self) -> frozenset[Role]:
        """Judging alone, where it reads by likelihood."""
        return frozenset({"judges"}) if self.reading == "likelihood" else self.plays

    @property
    def by_logprobs(self) -> str:
        """The setting that needs the probabilities of tokens, as it stands in the configuration; empty if none does."""
        if self.reading == "likelihood":
            return 'reading = "likelihood"'
        return 'confidence = "logprobs"' if self.confidence == "logprobs" else ""

    def resampled(self) -> Self | None:
        """The same model with another sampling seed; by likelihood nothing is drawn."""
        return None if self.reading == "likelihood" else super().resampled()

    def read_as(self) -> dict[str, Any]:
        """What of these settings shapes answers, and is not the default: for a model's identity."""
        return self.model_dump(include={"confidence", "reading"}, exclude_defaults=True)

    def opened(self, chat: ReadableChat, concurrency: int) -> Model:
        """The model around a chat model, as it is to be read."""
        return LikelihoodModel(chat, concurrency) if self.reading == "likelihood" else PromptedModel(chat, concurrency)


class LikelihoodModel(Model):
    """A chat model that judges scenarios by likelihood. It is the same either way round."""

    order_sensitive = False
    judges_pairs = False

    def __init__(self, chat: ReadableChat, concurrency: int) -> None:
        self.chat: LikelihoodChat = LikelihoodChat(chat)
        self.name = self.chat.name
        self.identity = {**self.chat.identity, "prompt": prompt(LikelihoodJudge.prompt).hash}
        self.concurrency = concurrency

    def judge(self, bench: Workbench) -> Judge:
        """A judge of scenarios."""
        chat = bench.budget.paying("judge", self.chat)
        # Nothing in it is drawn, and a remark that the last answer was of no use would lean one of its questions.
        return LikelihoodJudge(Asker("judge", chat, bench.answers, attempts=1, breaker=bench.breaker))
