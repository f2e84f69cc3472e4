"""Personality: an item, and a reader who is high or low in its trait."""

from collections.abc import Iterator

from gravity.agents.composer import Composer, Portrait
from gravity.agents.prompting import prompt
from gravity.store.records import Pair
from gravity.store.runs import Track

TRACK = Track(
    name="personality",
    rests_on="trait",
    checked_by="personality",
    hidden_from_panel=("trait",),
    subject="item",
    split_by_subject=True,
)


def compose(composer: Composer, portrait: Portrait) -> Iterator[Pair]:
    """A pair for each item of a trait that the reader is high or low in."""
    levels = portrait.by_name("trait")
    for item in composer.items.values():
        fact = levels.get(item.trait)
        if fact is None or fact.value not in ("high", "low"):
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
            basis=f"the reader is {fact.value} in {item.trait}",
            takes=fact.value,
            fact=fact,
        )
