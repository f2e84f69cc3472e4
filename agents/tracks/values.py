"""Values: a scenario that is what it claims, and a reader who would agree or disagree with its seed."""

from collections.abc import Iterator

from gravity.agents.composer import Composer, Portrait
from gravity.agents.prompting import prompt
from gravity.store.records import Pair
from gravity.store.runs import Track

TRACK = Track(
    name="values",
    rests_on="stance",
    sampled=True,
    hidden_from_panel=("stance",),
    subject="seed",
    split_by_subject=True,
)


def compose(composer: Composer, portrait: Portrait) -> Iterator[Pair]:
    """A pair for each scenario toward whose seed the reader has a stance."""
    stances = portrait.by_name("stance")
    for scenario in portrait.scenarios:
        fact, seed, draft = stances.get(scenario.seed), composer.seeds[scenario.seed], scenario.draft
        if fact is None or fact.value not in ("agree", "disagree"):
            continue
        agrees = fact.value == "agree"
        yield composer.pair(
            portrait,
            TRACK,
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
