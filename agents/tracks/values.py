"""Values: a scenario that is what it claims, and a reader whose reviews show that they would agree or disagree with its
seed."""

from collections.abc import Iterator, Mapping

from gravity.agents.composer import Composer, Portrait
from gravity.agents.prompting import prompt
from gravity.store.records import Fact, Pair
from gravity.store.runs import Track

TRACK = Track(
    name="values",
    rests_on="stance",
    checked_by="preference",
    hidden_from_panel=("stance",),
    subject="seed",
    split_by_subject=True,
)


def compose(composer: Composer, portrait: Portrait) -> Iterator[Pair]:
    """A pair for each scenario toward whose seed the reader shows a stance."""
    stances = {name: fact for name, fact in portrait.by_name("stance").items() if fact.source != "carried over"}
    return of_stances(composer, portrait, TRACK, stances)


def of_stances(composer: Composer, portrait: Portrait, track: Track, stances: Mapping[str, Fact]) -> Iterator[Pair]:
    """A pair of the track for each scenario whose seed is among the stances and that is taken; these are by seed."""
    for scenario in portrait.scenarios:
        fact, seed, draft = stances.get(scenario.seed), composer.seeds.get(scenario.seed), scenario.draft
        # A seed that readers brought can be dropped after scenarios of it were written.
        if seed is None or fact is None or fact.value not in ("agree", "disagree"):
            continue
        agrees = fact.value == "agree"
        yield composer.pair(
            portrait,
            track,
            framework=seed.framework,
            dimension=seed.dimension,
            subject=seed.id,
            variant=scenario.id,
            task=prompt("task_values"),
            variables={"situation": draft.situation},
            sides=(draft.endorsing, draft.opposing) if agrees else (draft.opposing, draft.endorsing),
            basis=f"the reader would {fact.value} with: {seed.statement}",
            takes=fact.value,
            fact=fact,
            scenario=scenario,
        )
