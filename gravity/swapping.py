"""Counterfactual swaps: plans the cases, says what they cost, and puts them to judges, critics and the profiler.

Each case is asked as it is, with its markers of culture swapped, and again as it is with another sampling seed. Answers
are kept like all others, so a run that stopped goes on and the first of the three is mostly paid for already.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gravity import running
from gravity.agents.asking import Asker
from gravity.agents.chat import ChatModel, open_chat
from gravity.agents.critic import ModelCritic, blocking
from gravity.agents.errors import AskError
from gravity.agents.judge import ModelJudge
from gravity.agents.profiler import ModelProfiler
from gravity.agents.settings import LlamaCppSettings, OpenAISettings
from gravity.audit.swapper import Swapper
from gravity.console import bars, console, table
from gravity.errors import ConfigError
from gravity.estimate import Need, cost
from gravity.frameworks.records import Culture
from gravity.store.records import Draft, Review
from gravity.store.runs import Run
from gravity.workshop import Workshop

MOST_READERS = 5_000  # looked at to find those whose reviews hold markers

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class SceneCase:
    """A vetted scenario and its twin."""

    id: str
    seed: str
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
class Plan:
    """The cases, and the calls that they take by role and model, those that are kept already among them."""

    scenes: list[SceneCase]
    readers: list[ReaderCase]
    needs: list[Need]

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(need.calls for need in self.needs)


def plan(workshop: Workshop, run: Run, most: int) -> Plan:
    """At most `most` scenes and as many readers of each culture. Raises ConfigError where there are none."""
    cultures = list(workshop.library.cultures.values())
    scenes = [case for culture in cultures for case in _scenes(workshop, run, culture, cultures, most)]
    readers = [case for culture in cultures for case in _readers(workshop, run, culture, cultures, most)]
    roles, chats = workshop.config.roles, workshop.chats
    orders = workshop.config.judging.orders
    counts = [
        *(("judge", name, 3 * orders * len(scenes)) for name in roles.judges),
        *(("critic", name, 3 * len(scenes)) for name in roles.critics),
        ("profiler", roles.profiler, 3 * len(readers)),
    ]
    needs = [Need(role, chats[name].name, count) for role, name, count in counts if name in chats and count]
    if not needs:
        raise ConfigError(
            "there is nothing to swap: swaps need vetted scenarios or reviews that name what belongs to their culture, "
            "and a chat model as judge, critic or profiler"
        )
    return Plan(scenes, readers, needs)


def _scenes(workshop: Workshop, run: Run, home: Culture, cultures: Sequence[Culture], most: int) -> Iterator[SceneCase]:
    made = 0
    swappers = [Swapper(home, away) for away in cultures if away.id != home.id]
    for scenario in workshop.ledger.vetted_scenarios(run.id, home.id):
        if made == most or not swappers:
            return
        swapper, draft = swappers[made % len(swappers)], scenario.draft
        parts = {name: swapper.swap(getattr(draft, name)) for name in ("situation", "endorsing", "opposing")}
        if not sum(count for _, count in parts.values()):
            continue
        twin = draft.model_copy(update={name: text for name, (text, _) in parts.items()})
        yield SceneCase(scenario.id, scenario.seed, home, swapper.away, draft, twin)
        made += 1


def _readers(
    workshop: Workshop, run: Run, home: Culture, cultures: Sequence[Culture], most: int
) -> Iterator[ReaderCase]:
    made, profiled = 0, workshop.ledger.profiled(run.id)
    swappers = [Swapper(home, away) for away in cultures if away.id != home.id]
    for reader in workshop.corpus.readers(home.id, limit=MOST_READERS):
        if made == most or not swappers:
            return
        if reader.id not in profiled:
            continue
        reviews = workshop.corpus.reviews_of(reader.id)[: workshop.config.curate.reviews_per_call]
        swapper = swappers[made % len(swappers)]
        swapped = [(review, swapper.swap(review.title), swapper.swap(review.text)) for review in reviews]
        if not sum(title[1] + text[1] for _, title, text in swapped):
            continue
        twins = [review.model_copy(update={"title": title[0], "text": text[0]}) for review, title, text in swapped]
        yield ReaderCase(reader.id, home, swapper.away, reviews, twins)
        made += 1


def show(workshop: Workshop, made: Plan) -> None:
    """Prints the calls of a plan, with tokens and minutes where calls of that role and model were measured."""
    usage, rows = workshop.answers.usage(), []
    for need in made.needs:
        known = cost(need, usage)
        figures = [round(known[n]) if known else "not measured" for n in ("tokens_in", "tokens_out", "seconds")]
        rows.append([need.role, need.model, need.calls, *figures])
    table(
        f"Swaps: {len(made.scenes)} scenes and {len(made.readers)} readers",
        ["role", "model", "calls", "tokens in", "tokens out", "model seconds"],
        rows,
    )
    console.print("A third of the calls is mostly kept already; what is kept is not asked again.")


def ask(workshop: Workshop, run: Run, made: Plan) -> Rows:
    """Puts the cases to the models and returns one row a question, as `gravity.audit.evidence.SWAPS` has them.

    A question that got no usable answer is left out. Raises ModelError where a model cannot be used.
    """
    return running.run(_ask(workshop, run, made))


async def _ask(workshop: Workshop, run: Run, made: Plan) -> Rows:
    roles, chats = workshop.config.roles, workshop.chats
    again = {name: _again(workshop, name) for name in chats}
    work: list[Awaitable[Rows]] = []
    for name in roles.judges:
        if name in chats:
            work += [
                _judged(_askers(workshop, "judge", chats[name], again[name]), workshop, case) for case in made.scenes
            ]
    for name in roles.critics:
        work += [_criticised(_askers(workshop, "critic", chats[name], again[name]), workshop, c) for c in made.scenes]
    if roles.profiler in chats:
        pair = _askers(workshop, "profiler", chats[roles.profiler], again[roles.profiler])
        work += [_profiled(pair, workshop, run, case) for case in made.readers]
    rows: Rows = []
    try:
        with bars() as shown:
            bar = shown.add_task("swaps", total=len(work))
            for done in asyncio.as_completed(work):
                rows += await done
                shown.advance(bar)
    finally:
        await workshop.close()
        for chat in again.values():
            await chat.close()
    return sorted(rows, key=lambda row: (row["role"], row["model"], row["case"], row["name"]))


def _again(workshop: Workshop, name: str) -> ChatModel:
    """The same model with another sampling seed, so that its answer is drawn anew and kept apart."""
    settings = workshop.config.models[name]
    assert isinstance(settings, OpenAISettings | LlamaCppSettings)
    other = settings.model_copy(update={"seed": (settings.seed or 0) + 1})
    chat = open_chat(other)
    chat.name = workshop.chats[name].name
    return chat


def _askers(workshop: Workshop, role: str, chat: ChatModel, again: ChatModel) -> tuple[Asker, Asker]:
    attempts = workshop.config.curate.attempts
    return Asker(role, chat, workshop.answers, attempts), Asker(role, again, workshop.answers, attempts)


async def _thrice(ask: Callable[[Asker, bool], Awaitable[dict[str, str]]], askers: tuple[Asker, Asker]) -> Rows:
    """The answers by name before, after and again; none where one of the three questions got no usable answer."""
    first, second = askers
    try:
        before, after, again = await asyncio.gather(ask(first, False), ask(first, True), ask(second, False))
    except AskError:
        return []
    names = before.keys() & after.keys() & again.keys()
    return [{"name": n, "before": before[n], "after": after[n], "again": again[n]} for n in names]


def _labelled(rows: Rows, case: SceneCase | ReaderCase, seed: str, role: str, asker: Asker) -> Rows:
    common = {"case": case.id, "seed": seed, "culture": case.culture.id, "toward": case.toward.id}
    return [{**common, **row, "role": role, "model": asker.model.name} for row in rows]


async def _judged(askers: tuple[Asker, Asker], workshop: Workshop, case: SceneCase) -> Rows:
    domain = workshop.library.domain(workshop.config.domain)

    async def ask(asker: Asker, swapped: bool) -> dict[str, str]:
        judge = ModelJudge(asker, domain, workshop.config.judging.orders)
        votes = await judge.votes(workshop.library.seeds[case.seed], case.twin if swapped else case.draft)
        return {f"{vote.order} first": vote.endorses for vote in votes if vote.endorses is not None}

    return _labelled(await _thrice(ask, askers), case, case.seed, "judge", askers[0])


async def _criticised(askers: tuple[Asker, Asker], workshop: Workshop, case: SceneCase) -> Rows:
    async def ask(asker: Asker, swapped: bool) -> dict[str, str]:
        culture, draft = (case.toward, case.twin) if swapped else (case.culture, case.draft)
        findings = await ModelCritic(asker).findings(workshop.library.seeds[case.seed], culture, draft)
        return {"severe finding": "yes" if blocking(findings) else "no"}

    return _labelled(await _thrice(ask, askers), case, case.seed, "critic", askers[0])


async def _profiled(askers: tuple[Asker, Asker], workshop: Workshop, run: Run, case: ReaderCase) -> Rows:
    domain = workshop.library.domain(workshop.config.domain)

    async def ask(asker: Asker, swapped: bool) -> dict[str, str]:
        profiler = ModelProfiler(run.id, asker, domain)
        facts = await profiler.traits(case.id, case.twins if swapped else case.reviews)
        return {fact.name: fact.value for fact in facts if fact.value != "failed"}

    # A reader's five traits come from one call: the reader is the cluster.
    return _labelled(await _thrice(ask, askers), case, case.id, "profiler", askers[0])
