"""Counterfactual swaps: plans the cases, says what they cost, and puts them to judges, critics and the profiler.

Each case is asked as it is, with its markers of culture swapped, and again as it is with another sampling seed. Answers
are kept like all others, so a run that stopped goes on and the first of the three is mostly paid for already.
"""

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gravity.agents.asking import together
from gravity.agents.critic import blocking
from gravity.agents.errors import AskError, NotAnsweredError
from gravity.agents.kinds import Model, Workbench
from gravity.audit.swapper import Swapper
from gravity.errors import ConfigError
from gravity.estimating import Need
from gravity.frameworks.records import Culture, Facet, Seed
from gravity.progress import Progress
from gravity.run import RunSetup
from gravity.store.records import Draft, Review
from gravity.store.runs import Run

MOST_READERS = 5_000  # looked at to find those whose reviews hold markers

Rows = list[dict[str, Any]]

log = logging.getLogger("gravity")


@dataclass(frozen=True)
class SceneCase:
    """A vetted scenario and its twin."""

    id: str
    seed: Seed
    culture: Culture
    toward: Culture
    draft: Draft
    twin: Draft


@dataclass(frozen=True)
class ReaderCase:
    """A reader's reviews and their twins."""

    id: str
    culture: Culture
    toward: Culture
    reviews: Sequence[Review]
    twins: Sequence[Review]


@dataclass(frozen=True)
class SwapPlan:
    """The cases, and the calls that they take by role and model, those that are kept already among them."""

    scenes: list[SceneCase]
    readers: list[ReaderCase]
    needs: list[Need]

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(need.calls for need in self.needs)


def plan(setup: RunSetup, run: Run, most: int) -> SwapPlan:
    """At most `most` scenes and as many readers of each culture. Raises ConfigError where there are none."""
    cultures = list(setup.library.cultures.values())
    scenes = [case for culture in cultures for case in _scenes(setup, run, culture, cultures, most)]
    readers = [case for culture in cultures for case in _readers(setup, run, culture, cultures, most)]
    roles, orders, usage = setup.config.roles, setup.config.judging.orders, setup.stores.answers.usage()
    facets_per_call = setup.config.curate.facets_per_call
    counts = [
        *(("judge", name, 3 * orders * len(scenes)) for name in roles.judges),
        *(("critic", name, 3 * len(scenes)) for name in roles.critics),
        ("profiler", roles.profiler, 3 * len(readers) * math.ceil(len(setup.library.facets) / facets_per_call)),
    ]
    models = setup.models
    needs = [
        Need(role, models[name].name, count).measured(usage, models[name].concurrency, setup.config.prices.get(name))
        for role, name, count in counts
        if models[name].chat and count
    ]
    if not needs:
        raise ConfigError(
            "there is nothing to swap: swaps need vetted scenarios or reviews that name what belongs to their culture, "
            "and a chat model as judge, critic or profiler"
        )
    return SwapPlan(scenes, readers, needs)


def _scenes(setup: RunSetup, run: Run, home: Culture, cultures: Sequence[Culture], most: int) -> Iterator[SceneCase]:
    made = 0
    seeds = {**setup.library.seeds, **{seed.id: seed for seed in setup.stores.views.seeds(run.id)}}
    swappers = [Swapper(home, away) for away in cultures if away.id != home.id]
    for scenario in setup.stores.ledger.vetted_scenarios(run.id, home.id):
        if made == most or not swappers:
            return
        swapper, draft = swappers[made % len(swappers)], scenario.draft
        parts = {name: swapper.swap(getattr(draft, name)) for name in ("situation", "endorsing", "opposing")}
        if not sum(count for _, count in parts.values()):
            continue
        twin = draft.model_copy(update={name: text for name, (text, _) in parts.items()})
        yield SceneCase(scenario.id, seeds[scenario.seed], home, swapper.away, draft, twin)
        made += 1


def _readers(setup: RunSetup, run: Run, home: Culture, cultures: Sequence[Culture], most: int) -> Iterator[ReaderCase]:
    made, profiled, corpus = 0, setup.stores.ledger.profiled(run.id), setup.stores.corpus
    swappers = [Swapper(home, away) for away in cultures if away.id != home.id]
    for reader in corpus.readers(home.id, limit=MOST_READERS):
        if made == most or not swappers:
            return
        if reader.id not in profiled:
            continue
        reviews = corpus.reviews_of(reader.id)[: setup.config.curate.reviews_per_call]
        swapper = swappers[made % len(swappers)]
        swapped = [(review, swapper.swap(review.title), swapper.swap(review.text)) for review in reviews]
        if not sum(title[1] + text[1] for _, title, text in swapped):
            continue
        twins = [review.model_copy(update={"title": title[0], "text": text[0]}) for review, title, text in swapped]
        yield ReaderCase(reader.id, home, swapper.away, reviews, twins)
        made += 1


async def ask(setup: RunSetup, run: Run, planned: SwapPlan, progress: Progress) -> Rows:
    """Puts the cases to the models and returns one row a question, as `gravity.audit.evidence.SWAPS` has them.

    A case without a usable answer is left out, and so is one that nobody answered, which is said at the end. Raises
    ModelError where a model cannot be used.
    """
    roles, bench = setup.config.roles, setup.workbench(run.id)
    twins = {name: again for name in roles.all_named() if (again := setup.models.resampled(name))}
    work: list[Awaitable[Rows]] = []
    for name in roles.judges:
        work += [_judged(setup.models[name], twins[name], bench, case) for case in planned.scenes if name in twins]
    for name in roles.critics:
        work += [_criticised(setup.models[name], twins[name], bench, case) for case in planned.scenes if name in twins]
    if roles.profiler in twins:
        model, again = setup.models[roles.profiler], twins[roles.profiler]
        per_call = setup.config.curate.facets_per_call
        work += [_profiled(model, again, bench, case, per_call) for case in planned.readers]
    rows: Rows = []
    missed: Counter[str] = Counter()
    try:
        for number, done in enumerate(asyncio.as_completed(work), start=1):
            try:
                rows += await done
            except NotAnsweredError as error:
                missed[error.kind] += 1
            progress("swaps", number, len(work))
    finally:
        for model in twins.values():
            await model.close()
    if missed:
        reasons = ", ".join(f"{reason}: {n}" for reason, n in missed.most_common())
        log.warning(
            "%d of %d swapped cases were not answered (%s) and are left out: start again to ask them",
            *(missed.total(), len(work), reasons),
        )
    return sorted(rows, key=lambda row: (row["role"], row["model"], row["case"], row["name"]))


async def _thrice(
    first: Callable[[bool], Awaitable[dict[str, str]]], second: Callable[[bool], Awaitable[dict[str, str]]]
) -> Rows:
    """The answers by name before, after and again; none where one of the three questions got no usable answer.

    Raises NotAnsweredError where nobody answered one of them.
    """
    try:
        before, after, again = await together(first(False), first(True), second(False))
    except NotAnsweredError:
        raise
    except AskError:
        return []
    names = before.keys() & after.keys() & again.keys()
    return [{"name": n, "before": before[n], "after": after[n], "again": again[n]} for n in names]


def _labelled(rows: Rows, case: SceneCase | ReaderCase, seed: str, role: str, model: Model) -> Rows:
    common = {"case": case.id, "seed": seed, "culture": case.culture.id, "toward": case.toward.id}
    return [{**common, **row, "role": role, "model": model.name} for row in rows]


async def _judged(model: Model, again: Model, bench: Workbench, case: SceneCase) -> Rows:
    def asking(one: Model) -> Callable[[bool], Awaitable[dict[str, str]]]:
        judge = one.judge(bench)

        async def answers(swapped: bool) -> dict[str, str]:
            votes = await judge.votes(case.seed, case.twin if swapped else case.draft)
            return {f"{vote.order} first": vote.endorses for vote in votes if vote.endorses is not None}

        return answers

    return _labelled(await _thrice(asking(model), asking(again)), case, case.seed.id, "judge", model)


async def _criticised(model: Model, again: Model, bench: Workbench, case: SceneCase) -> Rows:
    def asking(one: Model) -> Callable[[bool], Awaitable[dict[str, str]]]:
        critic = one.critic(bench)

        async def answers(swapped: bool) -> dict[str, str]:
            culture, draft = (case.toward, case.twin) if swapped else (case.culture, case.draft)
            findings = await critic.findings(case.seed, culture, draft)
            return {"severe finding": "yes" if blocking(findings) else "no"}

        return answers

    return _labelled(await _thrice(asking(model), asking(again)), case, case.seed.id, "critic", model)


def _batches(bench: Workbench, per_call: int) -> list[list[Facet]]:
    """The facets as calls ask about them."""
    facets = list(bench.library.facets.values())
    return [facets[start : start + per_call] for start in range(0, len(facets), per_call)]


async def _profiled(model: Model, again: Model, bench: Workbench, case: ReaderCase, per_call: int) -> Rows:
    def asking(one: Model) -> Callable[[bool], Awaitable[dict[str, str]]]:
        profiler = one.profiler(bench)

        async def answers(swapped: bool) -> dict[str, str]:
            shown = case.twins if swapped else case.reviews
            asked = (profiler.facets(case.id, shown, few, False) for few in _batches(bench, per_call))
            facts = [fact for told in await together(*asked) for fact in told]
            return {fact.name: fact.value for fact in facts if fact.value != "failed"}

        return answers

    # A reader's facets come from a few calls about the same reviews: the reader is the cluster.
    return _labelled(await _thrice(asking(model), asking(again)), case, case.id, "profiler", model)
