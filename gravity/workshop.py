"""Makes the stores and the crew that a configuration describes. Heavy things load when first used."""

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

from agents.asking import Asker
from agents.chat import ChatModel, LlamaCppChat, OpenAIChat
from agents.classifier import Classifier, ClassifyingProfiler
from agents.composer import Composer
from agents.contrast import ContrastJudge, ContrastProfiler
from agents.critic import Critic, ModelCritic, RuleCritic
from agents.judge import Judge, ModelJudge, Panel
from agents.profiler import ModelProfiler, Profiler
from agents.prompting import all_hashes
from agents.settings import BankSettings, ContrastSettings, LlamaCppSettings, OpenAISettings
from agents.writer import BankWriter, ModelWriter, Writer
from frameworks.loader import Library
from frameworks.records import Seed
from graphs.crew import Crew, Plan
from gravity.config import Config
from store.answers import Answers, call_key
from store.corpus import Corpus
from store.database import Database
from store.embeddings import make_embedder
from store.errors import StoreError
from store.ledger import Ledger
from store.records import Run
from store.vectors import VectorStore


class Workshop:
    """Everything that one configuration describes, made when first asked for."""

    def __init__(self, config: Config, library: Library | None = None) -> None:
        self.config = config
        self.library = library or Library()

    @cached_property
    def home(self) -> Path:
        """The folder of the store, made if need be."""
        path = self.config.store.path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the store's folder {path}: {error.strerror}") from None
        return path

    @cached_property
    def database(self) -> Database:
        """The SQL database."""
        return Database(self.config.store.database or f"sqlite:///{self.home / 'gravity.sqlite'}")

    @cached_property
    def corpus(self) -> Corpus:
        """Readers, reviews and books."""
        return Corpus(self.database)

    @cached_property
    def ledger(self) -> Ledger:
        """The records of runs."""
        return Ledger(self.database)

    @cached_property
    def answers(self) -> Answers:
        """The kept answers of models."""
        return Answers(self.database)

    @cached_property
    def vectors(self) -> VectorStore:
        """Chroma."""
        address = self.config.store.chroma or str(self.home / "chroma")
        return VectorStore(address, make_embedder(self.config.embeddings))

    @cached_property
    def seeds(self) -> dict[str, Seed]:
        """The seeds that the configuration asks for, spread over the dimensions."""
        by_dimension: dict[tuple[str, str], list[Seed]] = {}
        for seed in self.library.seeds.values():
            by_dimension.setdefault((seed.framework, seed.dimension), []).append(seed)
        rounds = max(len(seeds) for seeds in by_dimension.values())
        dealt = [s[n] for n in range(rounds) for s in by_dimension.values() if n < len(s)]
        if self._from_bank:
            shipped = {seed for seed, _, _ in self.library.scenes}
            dealt = [seed for seed in dealt if seed.id in shipped]
        return {seed.id: seed for seed in dealt[: self.config.curate.seeds]}

    @property
    def _scenarios_per_seed(self) -> int:
        wanted = self.config.curate.scenarios_per_seed
        return min(wanted, 1 + max(slot for _, _, slot in self.library.scenes)) if self._from_bank else wanted

    @property
    def _from_bank(self) -> bool:
        return isinstance(self.config.models[self.config.roles.writer], BankSettings)

    @cached_property
    def chats(self) -> dict[str, ChatModel]:
        """The chat models by the names that the configuration gives them."""
        chats: dict[str, ChatModel] = {
            name: OpenAIChat(settings) if isinstance(settings, OpenAISettings) else LlamaCppChat(settings)
            for name, settings in self.config.models.items()
            if isinstance(settings, OpenAISettings | LlamaCppSettings) and name in self._named
        }
        shown = Counter(chat.name for chat in chats.values())
        for name, chat in chats.items():
            # Two addresses can serve models of one name; votes and counts must not be thrown together.
            if shown[chat.name] > 1:
                chat.name = f"{chat.name} ({name})"
        return chats

    @property
    def _named(self) -> set[str]:
        roles = self.config.roles
        return {name for role in type(roles).model_fields for name in roles.of(role)}

    @cached_property
    def run(self) -> Run:
        """The run that this configuration is: any change that shapes results makes another."""
        config, roles = self.config, self.config.roles

        def shape(name: str) -> dict[str, Any]:
            if name in self.chats:
                return self.chats[name].identity
            return {**config.models[name].model_dump(), "embedder": self.vectors.embedder.name}

        settings = {
            "domain": config.domain,
            "roles": {
                "profiler": self._shown(roles.profiler),
                "writer": self._shown(roles.writer),
                "judges": [self._shown(name) for name in roles.judges],
                "critics": ["rules", *(self._shown(name) for name in roles.critics)],
            },
            "models": {name: shape(name) for name in sorted(self._named)},
            "embedder": self.vectors.embedder.name,
            "judging": config.judging.model_dump(),
            "classifiers": config.classifiers.model_dump(),
            "curate": config.curate.model_dump(exclude={"at_once", "test_share", "scenarios_per_seed", "seeds"}),
            "prompts": all_hashes(),
            "material": call_key(
                {
                    "seeds": [seed.model_dump() for seed in self.library.seeds.values()],
                    "items": [item.model_dump() for item in self.library.items.values()],
                    "scenes": [scene.model_dump() for scene in self.library.scenes.values()],
                }
            )[:16],
            "seeds": len(self.seeds),
            "scenarios_per_seed": self._scenarios_per_seed,
        }
        return Run(id=call_key(settings)[:16], settings=settings)

    def _shown(self, name: str) -> str:
        if name in self.chats:
            return self.chats[name].name
        bank = isinstance(self.config.models[name], BankSettings)
        return "shipped bank" if bank else f"contrast({self.vectors.embedder.name})"

    def crew(self) -> Crew:
        """The agents and stores of the run, for the graphs."""
        config, run = self.config, self.run.id
        plan = config.curate
        domain = self.library.domain(config.domain)
        return Crew(
            run=run,
            plan=Plan(
                seeds=list(self.seeds),
                scenarios_per_seed=self._scenarios_per_seed,
                revisions=plan.revisions,
                min_reviews=plan.min_reviews,
                seeds_per_call=plan.seeds_per_call,
                reviews_per_call=plan.reviews_per_call,
                held_back=plan.held_back,
                at_once=plan.at_once,
            ),
            seeds=self.seeds,
            cultures=self.library.cultures,
            corpus=self.corpus,
            ledger=self.ledger,
            vectors=self.vectors,
            profiler=self._profiler(),
            writer=self._writer(),
            critics=self._critics(),
            panel=Panel([self._judge(name) for name in config.roles.judges], config.judging.quorum),
            composer=Composer(
                run=run,
                domain=domain,
                seeds=self.seeds,
                items=self.library.items,
                corpus=self.corpus,
                vectors=self.vectors,
                sure=plan.sure,
                neighbours=plan.neighbours,
            ),
        )

    def _asker(self, role: str, name: str) -> Asker:
        return Asker(role, self.chats[name], self.answers, self.config.curate.attempts)

    def _profiler(self) -> Profiler:
        classifiers = self.config.classifiers
        inner = self._plain_profiler()
        demographic = {
            name: Classifier(settings)
            for name, settings in (("gender", classifiers.gender), ("age", classifiers.age))
            if settings is not None
        }
        personality = Classifier(classifiers.personality) if classifiers.personality else None
        if not demographic and personality is None:
            return inner
        return ClassifyingProfiler(self.run.id, inner, demographic, personality)

    def _plain_profiler(self) -> Profiler:
        name = self.config.roles.profiler
        settings = self.config.models[name]
        if isinstance(settings, ContrastSettings):
            return ContrastProfiler(self.run.id, self.vectors, self.library.items, settings.margin)
        return ModelProfiler(self.run.id, self._asker("profiler", name), self.library.domain(self.config.domain))

    def _writer(self) -> Writer:
        name = self.config.roles.writer
        return ModelWriter(self._asker("writer", name)) if name in self.chats else BankWriter(self.library.scenes)

    def _critics(self) -> list[Critic]:
        models = [ModelCritic(self._asker("critic", name)) for name in self.config.roles.critics]
        return [RuleCritic(self.library.cultures), *models]

    def _judge(self, name: str) -> Judge:
        settings = self.config.models[name]
        if isinstance(settings, ContrastSettings):
            return ContrastJudge(self.vectors.embedder, settings.margin)
        return ModelJudge(self._asker("judge", name), self.config.judging.orders)
