"""Personality: an item, and a reader who is high or low in its facet."""

from collections.abc import Iterator

from gravity.agents.composer import Composer, Portrait
from gravity.agents.prompting import prompt
from gravity.store.records import LEVELS, Pair
from gravity.store.runs import Track

TRACK = Track(
    name="personality",
    rests_on="facet",
    checked_by="personality",
    hidden_from_panel=("facet",),
    subject="item",
    split_by_subject=True,
)


def compose(composer: Composer, portrait: Portrait) -> Iterator[Pair]:
    """A pair for each item of a facet that the reader is high or low in, and that can be relied on."""
    facts = portrait.by_name("facet")
    for item in composer.items.values():
        fact = facts.get(item.facet)
        if fact is None or fact.value not in LEVELS or item.facet in portrait.unreliable:
            continue
        yield composer.pair(
            portrait,
            TRACK,
            framework="big five",
            dimension=item.facet,
            subject=item.id,
            task=prompt("task_personality"),
            variables={"question": item.question},
            sides=(item.high, item.low) if fact.value == "high" else (item.low, item.high),
            basis=f"the reader is {fact.value} in {item.facet}, a facet of {item.trait}",
            takes=fact.value,
            fact=fact,
        )
