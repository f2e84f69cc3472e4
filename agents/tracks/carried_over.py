"""Carried over: a scenario, and a reader whose stances toward near seeds make one toward its seed likely.

A track of its own, so that the error of its labels is bounded apart from that of stances that reviews show.
"""

from collections.abc import Iterator

from gravity.agents.composer import Composer, Portrait
from gravity.agents.tracks.values import of_stances
from gravity.store.records import Pair
from gravity.store.runs import Track

TRACK = Track(
    name="carried-over",
    rests_on="stance",
    checked_by="preference",
    hidden_from_panel=("stance",),
    subject="seed",
    split_by_subject=True,
)


def compose(composer: Composer, portrait: Portrait) -> Iterator[Pair]:
    """A pair for each scenario toward whose seed a stance is carried over."""
    stances = {name: fact for name, fact in portrait.by_name("stance").items() if fact.source == "carried over"}
    return of_stances(composer, portrait, TRACK, stances)
