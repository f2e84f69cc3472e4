"""What a run was asked for and has not done yet. Each stage takes up what the store does not hold."""

import operator
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, TypedDict

from gravity.agents.errors import BUDGET
from gravity.agents.gathering.groups import groups
from gravity.agents.gathering.space import Space
from gravity.agents.stances import seeds_for
from gravity.graphs.crew import Crew
from gravity.graphs.sweep import Todo
from gravity.store.lots import due
from gravity.store.records import Reader, content_id
from gravity.store.views import ReaderSeed


class CurateState(TypedDict, total=False):
    """What to curate: a culture or all, a number of readers or all, a number of seeds' scenarios or all, shipped seeds
    alone or also those that readers bring.

    `gathered` says that the readers' seeds are known. `growing` are the cultures of which something stays pending that
    the next run will settle; `pairs` is what came of it: the number of new pairs.
    """

    culture: str | None
    readers: int | None
    scenario_seeds: int | None
    shipped_only: bool
    gathered: bool
    growing: Annotated[list[str], operator.add]
    pairs: int


def selected(crew: Crew, wanted: CurateState) -> list[Reader]:
    """The readers asked for."""
    readers = crew.corpus.readers(wanted.get("culture"), wanted.get("readers"), crew.plan.min_reviews)
    return [reader for reader in readers if reader.culture in crew.cultures]


def pending_scenarios(crew: Crew, wanted: CurateState) -> list[Todo]:
    """The scenarios asked for that have no verdict yet; first slots first, so that an early stop covers all seeds.

    A seed that readers brought is written about in the cultures of these readers."""
    settled = crew.ledger.settled_scenarios(crew.run)
    cultures = sorted({reader.culture for reader in selected(crew, wanted) if reader.culture})
    return [
        Todo(identity, culture, {"seed": seed.id, "culture": culture, "slot": slot})
        for slot in range(crew.plan.scenarios_per_seed)
        for seed in list(crew.seeds.values())[: wanted.get("scenario_seeds")]
        for culture in cultures
        if not isinstance(seed, ReaderSeed) or culture in seed.cultures
        if (identity := scenario_id(crew.run, seed.id, culture, slot)) not in settled
    ]


def pending_readings(crew: Crew, wanted: CurateState) -> list[Todo]:
    """The readers asked for whose reviews have not been read for views yet; none where views are not read."""
    done = crew.views.readings(crew.run)
    readers = [reader for reader in selected(crew, wanted) if reader.id not in done] if crew.view_reader else []
    return [Todo(reader.id, reader.culture or "", {"reader": reader.id}) for reader in readers]


def pending_groups(crew: Crew) -> list[Todo]:
    """The groups of views in which nobody has looked for seeds yet, those of views read since the last start among
    them; none where readers bring no seeds."""
    if crew.gatherer is None:
        return []
    views = {view.id: view for own in crew.views.distinct(crew.run).values() for view in own}
    known = crew.views.groups(crew.run)
    spent = {identity for group in known for identity in group.views}
    spent |= {identity for seed in crew.views.seeds(crew.run) if seed.verdict == "kept" for identity in seed.views}
    most = crew.plan.seeds_brought - len(known)
    space = Space.of(crew.vectors, views)
    crew.views.add_groups(groups(space, crew.gatherer.least, most, spent))
    cultures = {reader.id: reader.culture or "" for reader in crew.corpus.readers()}
    given = {"space": space, "cultures": cultures}
    return [Todo(group.id, "", {"group": group, **given}) for group in crew.views.groups(crew.run) if not group.settled]


def scenario_id(run: str, seed: str, culture: str, slot: int) -> str:
    """The id of a scenario, known before it is written."""
    return content_id(run, seed, culture, slot)


def pending_profiles(crew: Crew, wanted: CurateState) -> list[Todo]:
    """The readers asked for that have no profile yet, or were not asked about seeds that readers brought since; where
    views are read, of those whose reviews were: what nobody read says nothing."""
    done, asked = crew.ledger.profiled(crew.run), crew.ledger.stances_asked(crew.run)
    readers = selected(crew, wanted)
    if crew.view_reader is not None:
        readings = crew.views.readings(crew.run)
        readers = [reader for reader in readers if reader.id in readings]
    return [
        Todo(reader.id, reader.culture or "", {"reader": reader.id})
        for reader in readers
        if reader.id not in done or asked.get(reader.id, 0) < len(seeds_for(crew.seeds, reader))
    ]


def pending_checks(crew: Crew) -> list[Todo]:
    """The pairs that panels are to judge next, of the lots that are not settled."""
    run = crew.ledger.run(crew.run)
    assert run is not None, "it is open"
    return [
        Todo(pair, culture, {"pair": pair}) for (culture, _), pairs in due(crew.ledger, run).items() for pair in pairs
    ]


def still_growing(asked: Iterable[Todo], left: Mapping[Todo, str]) -> list[str]:
    """The cultures that the next run will find more of: of what was asked, some was settled and some is `left`, for the
    reasons given.

    Their pairs and checks wait, so that these come out as if everybody had answered at once. Where asking settled
    nothing of a culture, asking again may not either, and what there is of it is gone on with; unless the budget was
    spent, which says nothing of the next run.
    """
    wanted, pending = Counter(todo.culture for todo in asked), Counter(todo.culture for todo in left)
    unasked = {todo.culture for todo, reason in left.items() if reason == BUDGET}
    return [culture for culture in sorted(pending) if culture in unasked or pending[culture] < wanted[culture]]
