"""One run before it begins: who counts in it, what it is known by, and the crew that makes it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from gravity.agents.breaker import Breaker
from gravity.agents.budget import Amount, Bounds, Budget
from gravity.agents.classifier import Classifier, ClassifyingProfiler
from gravity.agents.composer import Composer, PairMaker
from gravity.agents.critic import Advisory, Critic, RuleCritic
from gravity.agents.crosscheck import CrossCheck
from gravity.agents.facets.asking import FacetAsking
from gravity.agents.gathering.gatherer import Gatherer
from gravity.agents.judge import Panel
from gravity.agents.kinds import Workbench
from gravity.agents.kinds.bank import bank_of
from gravity.agents.profiler import Profiler
from gravity.agents.prompting import all_hashes
from gravity.agents.qualification import CHECKING, DEFECT, FACET, SCENARIO, STANCE
from gravity.agents.retrieval import Retriever
from gravity.agents.taste.candidates import Taste
from gravity.agents.tracks import tracks
from gravity.agents.views.chunks import Cutting, chunk_chars
from gravity.agents.window import check_room, longest_prompts
from gravity.agents.writer import BankFirst, BankWriter, Writer
from gravity.config import Config
from gravity.errors import ConfigError
from gravity.frameworks.gold import Gold
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Seed
from gravity.frameworks.taxonomy import Taxonomy
from gravity.graphs.crew import Crew, Plan
from gravity.models import Models
from gravity.standing import Standing, candidates
from gravity.store.answers import call_key
from gravity.store.runs import Counting, JudgingSettings, RoleModels, Run, RunSettings, run_with
from gravity.stores import Stores


class RunSetup:
    """What a configuration and the qualifications kept so far make of a run.

    With `unqualified`, models that have not qualified may work where no better one is configured; rows then say so.
    """

    def __init__(
        self, config: Config, library: Library, gold: Gold, stores: Stores, models: Models, unqualified: bool
    ) -> None:
        self.config = config
        self.library = library
        self.stores = stores
        self.models = models
        self.unqualified = unqualified
        self._budgets: dict[str, Budget] = {}
        judging = config.judging
        self.standing = Standing(
            candidates(models, judging, gold.version), stores.qualifications, judging, models[config.roles.profiler]
        )

    @cached_property
    def seeds(self) -> dict[str, Seed]:
        """The seeds that the configuration asks for, spread over the dimensions, of those that can be written."""
        by_dimension: dict[tuple[str, str], list[Seed]] = {}
        for seed in self.library.seeds.values():
            by_dimension.setdefault((seed.framework, seed.dimension), []).append(seed)
        rounds = max(len(seeds) for seeds in by_dimension.values())
        dealt = [s[n] for n in range(rounds) for s in by_dimension.values() if n < len(s)]
        if self._writable is not None:
            written = {seed for seed, _, _ in self._writable}
            dealt = [seed for seed in dealt if seed.id in written]
        return {seed.id: seed for seed in dealt[: self.config.curate.seeds]}

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The categories of the domain."""
        return self.library.taxonomy(self.library.domain(self.config.domain))

    @cached_property
    def tracks(self) -> dict[str, PairMaker]:
        """The tracks that pairs are composed for."""
        return tracks()

    @property
    def scenarios_per_seed(self) -> int:
        """How many scenarios of each seed and culture are wanted, and can be written."""
        wanted = self.config.curate.scenarios_per_seed
        return wanted if self._writable is None else min(wanted, 1 + max(slot for _, _, slot in self._writable))

    @cached_property
    def _writable(self) -> Any:
        return self.models[self.config.roles.writer].can_write(self.library)

    @cached_property
    def record(self) -> Run:
        """The run that this is: any change that shapes results makes another."""
        config, roles, models = self.config, self.config.roles, self.models
        cultures, unqualified = list(self.library.cultures), self.unqualified_cultures
        settings = RunSettings(
            domain=config.domain,
            tracks=[maker.TRACK for maker in self.tracks.values()],
            roles=RoleModels(
                profiler=models[roles.profiler].name,
                checker=models.checker.name if models.checker else None,
                writer=models[roles.writer].name,
                judges=[models[name].name for name in roles.judges],
                critics=[RuleCritic.name, *(models[name].name for name in roles.critics)],
            ),
            models={name: model.identity for name, model in models.by_name.items()},
            embedder=self.stores.embedder.name,
            judging=JudgingSettings(**config.judging.model_dump()),
            counting={
                culture: Counting(
                    judges=[models[name].name for name in self._judges(culture)],
                    checking={task.name: self.standing.checking(task, culture) for task in CHECKING},
                    advisory_critics=[models[name].name for name in self.standing.failed(DEFECT, culture)],
                    qualified=culture not in unqualified,
                )
                for culture in cultures
            },
            calibration={culture: self.standing.calibration(STANCE, culture) for culture in cultures},
            facet_calibration={culture: self.standing.calibration(FACET, culture) for culture in cultures},
            qualifications=[c.key for c in self.standing.candidates],
            classifiers=config.classifiers.model_dump(),
            curate=config.curate.model_dump(
                exclude={"concurrency", "batch_concurrency", "test_share", "scenarios_per_seed", "seeds"}
            ),
            prompts=all_hashes(),
            material=call_key(
                {
                    "seeds": [seed.model_dump() for seed in self.library.seeds.values()],
                    "facets": [facet.model_dump() for facet in self.library.facets.values()],
                    "items": [item.model_dump() for item in self.library.items.values()],
                    "scenes": [scene.model_dump() for scene in self.library.scenes.values()],
                    "cultures": [culture.model_dump() for culture in self.library.cultures.values()],
                    "cues": self.library.cues.model_dump(),
                    "domain": self.library.domain(config.domain).model_dump(),
                    "taxonomy": self.taxonomy.model_dump(),
                }
            )[:16],
            seeds=len(self.seeds),
            scenarios_per_seed=self.scenarios_per_seed,
        )
        return run_with(settings)

    @property
    def unqualified_cultures(self) -> list[str]:
        """The cultures in which too few models have shown that they can."""
        return list(self.standing.lacking(self.library.cultures))

    def _judges(self, culture: str) -> list[str]:
        """Those who vote on scenarios: the qualified ones, or all where these are too few."""
        able = self.standing.able(SCENARIO, culture)
        return able if len(able) >= self.config.judging.quorum else self.config.roles.judges

    @cached_property
    def _breaker(self) -> Breaker:
        return Breaker(self.config.limits.refusals_in_a_row)

    def budget(self, run: str) -> Budget:
        """What may be spent for a run, of which earlier processes spent some. What is no run of the store, such as the
        putting of models to gold cases, begins with nothing spent. Raises ConfigError where currencies are mixed."""
        if run not in self._budgets:
            limits, currency, spendings = self.config.limits, self.config.currency, self.stores.spendings
            calls, tokens, money = spendings.at_most(run) if self.stores.ledger.run(run) else (0, 0, {})
            if limits.max_cost is not None and (others := sorted(money.keys() - {currency})):
                raise ConfigError(
                    f"limits.max_cost is in {currency}, and this run has spent {', '.join(others)} before: give the "
                    "models' prices in the currency of before, or leave max_cost out"
                )
            bounds = Bounds(limits.max_calls, limits.max_tokens, limits.max_cost, currency)
            spent = Amount(calls, tokens, money.get(currency or "", 0.0))
            self._budgets[run] = Budget(run, spendings, bounds, self.models.terms, spent)
        return self._budgets[run]

    @cached_property
    def longest_prompts(self) -> Mapping[str, str]:
        """The longest prompt that each role can be asked with."""
        config = self.config
        return longest_prompts(
            self.library,
            self.library.domain(config.domain),
            config.curate.reviews_per_call,
            config.curate.seeds_per_call,
            config.curate.facets_per_call,
        )

    def workbench(self, run: str) -> Workbench:
        """What the agents of a run, or of an examination, work with.

        Raises ModelError where the longest prompt does not fit into the context of a model that is to be asked.
        """
        config = self.config
        for name, model in self.models.by_name.items():
            if model.window:
                check_room(model.name, model.window, config.roles.of(name), self.longest_prompts)
        return Workbench(
            run=run,
            library=self.library,
            domain=self.library.domain(config.domain),
            answers=self.stores.answers,
            vectors=self.stores.vectors,
            attempts=config.curate.attempts,
            orders=config.judging.orders,
            budget=self.budget(run),
            breaker=self._breaker,
            cutting=Cutting(
                chars=chunk_chars(config.curate.reviews_per_call),
                reviews=config.curate.reviews_per_call,
                most=config.curate.chunks_per_half,
            ),
        )

    def crew(self) -> Crew:
        """The agents and stores of the run, for the graphs."""
        plan, run, bench = self.config.curate, self.record.id, self.workbench(self.record.id)
        batched = any(model.batched for model in self.models.by_name.values())
        brought = {seed.id: seed for seed in self.stores.views.seeds(run) if seed.verdict == "kept"}
        seeds: dict[str, Seed] = {**self.seeds, **brought}
        return Crew(
            run=run,
            plan=Plan(
                scenarios_per_seed=self.scenarios_per_seed,
                revisions=plan.revisions,
                min_reviews=plan.min_reviews,
                concurrency=plan.batch_concurrency if batched else plan.concurrency,
                duplicate_similarity=plan.duplicate_similarity,
                min_reliability=plan.min_reliability,
                seeds_brought=plan.seeds_brought,
                own_seeds=plan.own_seeds,
                common=plan.common,
            ),
            seeds=seeds,
            cultures=self.library.cultures,
            corpus=self.stores.corpus,
            ledger=self.stores.ledger,
            vectors=self.stores.vectors,
            retriever=Retriever(
                corpus=self.stores.corpus,
                vectors=self.stores.vectors,
                reviews_per_call=plan.reviews_per_call,
                seeds_per_call=plan.seeds_per_call,
                facets_per_call=plan.facets_per_call,
                held_back=plan.held_back,
            ),
            views=self.stores.views,
            facets=self.stores.facets,
            view_reader=self.models.view_reader(bench),
            gatherer=self._gatherer(bench),
            profiler=self._profiler(bench),
            cross_checks={culture: self._cross_check(culture, bench) for culture in self.library.cultures},
            facet_asking={culture: self._facet_asking(culture, bench) for culture in self.library.cultures},
            writer=self._writer(bench),
            critics={culture: self._critics(culture, bench) for culture in self.library.cultures},
            panels={culture: self._panel(culture, bench) for culture in self.library.cultures},
            composer=Composer(
                run=run,
                domain=bench.domain,
                seeds=seeds,
                facets=self.library.facets,
                items=self.library.items,
                taste=Taste(
                    corpus=self.stores.corpus,
                    vectors=self.stores.vectors,
                    taxonomy=self.taxonomy,
                    cues=self.library.cues,
                    most=plan.hard_negatives,
                ),
                tracks=self.tracks,
                min_confidence=plan.min_confidence,
                unqualified=frozenset(self.unqualified_cultures),
            ),
        )

    def _gatherer(self, bench: Workbench) -> Gatherer | None:
        """Who words seeds from what readers bring: the model that writes scenarios of them. None where it cannot write
        any, nobody reads views, or readers are to bring none."""
        roles, plan = self.config.roles, self.config.curate
        writer = self.models[roles.writer]
        wanted = plan.seeds_brought or plan.own_seeds
        if self._writable is not None or not wanted or self.models.view_reader(bench) is None:
            return None
        return Gatherer(
            run=bench.run,
            namer=writer.namer(bench),
            critics=[self.models[name].fairness_critic(bench) for name in roles.critics],
            embedder=bench.vectors.embedder,
            repeats=writer.repeats(bench),
            least=plan.readers_per_seed,
        )

    def _profiler(self, bench: Workbench) -> Profiler:
        prompted, classifiers = self.models[self.config.roles.profiler].profiler(bench), self.config.classifiers
        demographic = {
            name: Classifier(settings)
            for name, settings in (("gender", classifiers.gender), ("age", classifiers.age))
            if settings is not None
        }
        return ClassifyingProfiler(bench.run, prompted, demographic) if demographic else prompted

    def _facet_asking(self, culture: str, bench: Workbench) -> FacetAsking:
        (model,), again = self.models.put_to(FACET).values(), self.models.checker_in(FACET)
        second = again.facet_profiler(bench, "checker") if again else None
        return FacetAsking(model.facet_profiler(bench), second, self.standing.calibration(FACET, culture))

    @cached_property
    def _rules(self) -> RuleCritic:
        return RuleCritic(self.library.cultures, self.library.cues)

    def _writer(self, bench: Workbench) -> Writer:
        writer = self.models[self.config.roles.writer].writer(bench)
        if isinstance(writer, BankWriter):
            return writer if self.config.curate.bank else replace(writer, released=())
        return BankFirst(bank_of(self.library), writer) if self.config.curate.bank else writer

    def _cross_check(self, culture: str, bench: Workbench) -> CrossCheck:
        return CrossCheck(
            self.models.checker.profiler(bench, "checker") if self.models.checker else None,
            self.standing.calibration(STANCE, culture),
            self.config.curate.min_confidence,
        )

    def _critics(self, culture: str, bench: Workbench) -> list[Critic]:
        failed = self.standing.failed(DEFECT, culture)
        critics: list[Critic] = [self._rules]
        for name in self.config.roles.critics:
            critic = self.models[name].critic(bench)
            critics.append(Advisory(critic, self.models[name].name) if name in failed else critic)
        return critics

    def _panel(self, culture: str, bench: Workbench) -> Panel:
        return Panel(
            judges=[self.models[name].judge(bench) for name in self._judges(culture)],
            checkers={
                task.name: [c.model.pair_judge(bench) for c in self.standing.voters(task, culture)] for task in CHECKING
            },
            quorum=self.config.judging.quorum,
        )
