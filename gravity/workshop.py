"""Makes the stores and the crew that a configuration describes. Heavy things load when first used."""

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

from gravity.agents.asking import Asker
from gravity.agents.chat import ChatModel, open_chat
from gravity.agents.classifier import Classifier, ClassifyingProfiler
from gravity.agents.composer import Composer
from gravity.agents.contrast import ContrastJudge, ContrastProfiler, contrast_name
from gravity.agents.critic import Advisory, Critic, ModelCritic, RuleCritic
from gravity.agents.crosscheck import CrossCheck
from gravity.agents.judge import Judge, ModelJudge, Panel
from gravity.agents.profiler import ModelProfiler, Profiler
from gravity.agents.prompting import all_hashes
from gravity.agents.retrieval import Retriever
from gravity.agents.settings import BankSettings, ContrastSettings, LlamaCppSettings, OpenAISettings
from gravity.agents.writer import BankWriter, ModelWriter, Writer
from gravity.config import Config
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Seed
from gravity.frameworks.statistics import Calibration
from gravity.graphs.crew import Crew, Plan
from gravity.standing import Candidate, Standing, candidate
from gravity.store.answers import Answers, call_key
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.embeddings import make_embedder
from gravity.store.errors import StoreError
from gravity.store.ledger import Ledger
from gravity.store.lots import sample_size
from gravity.store.qualifications import Qualifications
from gravity.store.records import Run, Task
from gravity.store.vectors import VectorStore


class Workshop:
    """Everything that one configuration describes, made when first asked for."""

    def __init__(self, config: Config, library: Library | None = None, unqualified: bool = False) -> None:
        self.config = config
        self.library = library or Library()
        # Whether models that have not qualified may do with no better at hand; rows then say so.
        self.unqualified = unqualified

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
    def qualifications(self) -> Qualifications:
        """What models showed on gold cases."""
        return Qualifications(self.database)

    @cached_property
    def gold(self) -> Gold:
        """The gold cases."""
        return Gold(self.library)

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
            name: open_chat(settings)
            for name, settings in self.config.models.items()
            if isinstance(settings, OpenAISettings | LlamaCppSettings) and name in self._named
        }
        shown = Counter(chat.name for chat in chats.values())
        for name, chat in chats.items():
            # Two addresses can serve models of one name; votes and counts must not be thrown together.
            if shown[chat.name] > 1:
                chat.name = f"{chat.name} ({name})"
        return chats

    async def close(self) -> None:
        """Closes the chat models."""
        for chat in self.chats.values():
            await chat.close()

    @property
    def _named(self) -> set[str]:
        roles = self.config.roles
        return {name for role in type(roles).model_fields for name in roles.of(role)}

    @cached_property
    def run(self) -> Run:
        """The run that this configuration is: any change that shapes results makes another."""
        config, roles = self.config, self.config.roles
        cultures, unqualified = list(self.library.cultures), self.unqualified_cultures
        settings = {
            "domain": config.domain,
            "roles": {
                "profiler": self._shown(roles.profiler),
                "checker": self._shown(self._checker) if self._checker else "none",
                "writer": self._shown(roles.writer),
                "judges": [self._shown(name) for name in roles.judges],
                "critics": ["rules", *(self._shown(name) for name in roles.critics)],
            },
            "models": {name: self._identity(name) for name in sorted(self._named)},
            "embedder": self.vectors.embedder.name,
            "judging": config.judging.model_dump(),
            "counting": {
                culture: {
                    "judges": [self._shown(name) for name in self._judges(culture)],
                    "pair judges": [self._shown(name) for name in self._pair_judges(culture)],
                    "advisory critics": [self._shown(name) for name in self.standing.failed("defect", culture)],
                    "qualified": culture not in unqualified,
                }
                for culture in cultures
            },
            "calibration": self.standing.calibration,
            "panel_error": {culture: self.standing.panel_error(culture) for culture in cultures},
            "qualifications": [c.key for c in self.standing.candidates],
            "classifiers": config.classifiers.model_dump(),
            "curate": config.curate.model_dump(exclude={"concurrency", "test_share", "scenarios_per_seed", "seeds"}),
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

    def _identity(self, name: str) -> dict[str, Any]:
        if name in self.chats:
            return self.chats[name].identity
        return {**self.config.models[name].model_dump(), "embedder": contrast_name(self.vectors.embedder)}

    def _shown(self, name: str) -> str:
        if name in self.chats:
            return self.chats[name].name
        bank = isinstance(self.config.models[name], BankSettings)
        return "shipped bank" if bank else contrast_name(self.vectors.embedder)

    @cached_property
    def standing(self) -> Standing:
        """Who counts, as the kept qualifications had it when this was first asked for."""
        return self.fresh_standing()

    def fresh_standing(self) -> Standing:
        """Who counts, as the kept qualifications have it now."""
        roles, judging = self.config.roles, self.config.judging

        def named(task: Task, name: str, **more: Any) -> Candidate:
            identity = {**self._identity(name), **more}
            gold = {"version": self.gold.version, "cases": judging.cases}
            return candidate(task, name, self._shown(name), identity, gold)

        orders, second = {"orders": judging.orders}, self._identity(self._checker) if self._checker else None
        candidates = [
            *(named("scenario", name, **orders) for name in roles.judges),
            *(named("preference", name, **orders) for name in roles.judges if name in self.chats),
            named("stance", roles.profiler, checker=second),
            *(named("defect", name) for name in roles.critics),
        ]
        return Standing(candidates, self.qualifications, judging.min_accuracy, judging.quorum)

    @property
    def unqualified_cultures(self) -> list[str]:
        """The cultures in which too few models have shown that they can."""
        return list(self.standing.lacking(self.library.cultures))

    def _judges(self, culture: str) -> list[str]:
        """Those who vote on scenarios: the qualified ones, or all where these are too few."""
        able = self.standing.judges("scenario", culture)
        return able if len(able) >= self.config.judging.quorum else self.config.roles.judges

    def _pair_judges(self, culture: str) -> list[str]:
        """Those who check samples, if there are enough; what the others say would measure nothing."""
        able = self.standing.judges("preference", culture)
        return able if len(able) >= self.config.judging.quorum else []

    @property
    def _checker(self) -> str | None:
        name = self.config.roles.checker or self.config.roles.profiler
        return name if name in self.chats else None

    def crew(self) -> Crew:
        """The agents and stores of the run, for the graphs."""
        config, run = self.config, self.run.id
        plan = config.curate
        domain = self.library.domain(config.domain)
        return Crew(
            run=run,
            plan=Plan(
                scenarios_per_seed=self._scenarios_per_seed,
                revisions=plan.revisions,
                min_reviews=plan.min_reviews,
                concurrency=plan.concurrency,
                duplicate_similarity=plan.duplicate_similarity,
                sample=sample_size(config.judging.acceptable_error),
            ),
            seeds=self.seeds,
            cultures=self.library.cultures,
            corpus=self.corpus,
            ledger=self.ledger,
            vectors=self.vectors,
            retriever=Retriever(
                corpus=self.corpus,
                vectors=self.vectors,
                reviews_per_call=plan.reviews_per_call,
                seeds_per_call=plan.seeds_per_call,
                held_back=plan.held_back,
            ),
            profiler=self._profiler(),
            cross_check=self.cross_check(self.vectors, self.standing.calibration, plan.min_confidence),
            writer=self._writer(),
            critics={culture: self._critics(culture) for culture in self.library.cultures},
            panels={culture: self._panel(culture) for culture in self.library.cultures},
            composer=Composer(
                run=run,
                domain=domain,
                seeds=self.seeds,
                items=self.library.items,
                corpus=self.corpus,
                vectors=self.vectors,
                min_confidence=plan.min_confidence,
                hard_negatives=plan.hard_negatives,
                unqualified=frozenset(self.unqualified_cultures),
            ),
        )

    def _asker(self, role: str, name: str) -> Asker:
        return Asker(role, self.chats[name], self.answers, self.config.curate.attempts)

    def _profiler(self) -> Profiler:
        classifiers = self.config.classifiers
        inner = self.plain_profiler(self.vectors)
        demographic = {
            name: Classifier(settings)
            for name, settings in (("gender", classifiers.gender), ("age", classifiers.age))
            if settings is not None
        }
        personality = Classifier(classifiers.personality) if classifiers.personality else None
        if not demographic and personality is None:
            return inner
        return ClassifyingProfiler(self.run.id, inner, demographic, personality)

    def plain_profiler(self, vectors: VectorStore) -> Profiler:
        """The profiler's model over the reviews in `vectors`, without the classifiers that help it."""
        return self._profiling(self.config.roles.profiler, "profiler", vectors)

    def cross_check(self, vectors: VectorStore, calibration: Calibration | None, min_confidence: float) -> CrossCheck:
        """What stances are held against."""
        second = self._profiling(self._checker, "checker", vectors) if self._checker else None
        return CrossCheck(second, calibration, min_confidence)

    def _profiling(self, name: str, role: str, vectors: VectorStore) -> Profiler:
        settings = self.config.models[name]
        if isinstance(settings, ContrastSettings):
            return ContrastProfiler(self.run.id, vectors, self.library.items, settings.margin)
        return ModelProfiler(self.run.id, self._asker(role, name), self.library.domain(self.config.domain))

    def _writer(self) -> Writer:
        name = self.config.roles.writer
        return ModelWriter(self._asker("writer", name)) if name in self.chats else BankWriter(self.library.scenes)

    def _critics(self, culture: str) -> list[Critic]:
        failed = self.standing.failed("defect", culture)
        models = [
            Advisory(self.critic(name)) if name in failed else self.critic(name) for name in self.config.roles.critics
        ]
        return [self.rules, *models]

    @cached_property
    def rules(self) -> RuleCritic:
        """The critic that needs no model."""
        return RuleCritic(self.library.cultures, self.library.cues)

    def critic(self, name: str) -> ModelCritic:
        """A chat model as a critic."""
        return ModelCritic(self._asker("critic", name))

    def _panel(self, culture: str) -> Panel:
        return Panel(
            judges=[self.judge(name) for name in self._judges(culture)],
            checkers=[self.chat_judge(name) for name in self._pair_judges(culture)],
            quorum=self.config.judging.quorum,
        )

    def judge(self, name: str) -> Judge:
        """A judge of scenarios: a chat model or the contrast of embeddings."""
        settings = self.config.models[name]
        if isinstance(settings, ContrastSettings):
            return ContrastJudge(self.vectors.embedder, settings.margin)
        return self.chat_judge(name)

    def chat_judge(self, name: str) -> ModelJudge:
        """A chat model as a judge, of scenarios and of pairs."""
        domain = self.library.domain(self.config.domain)
        return ModelJudge(self._asker("judge", name), domain, self.config.judging.orders)
