"""The profile card: what a prompt tells of a reader, without what the pair at hand is about.

Seeds are dealt into folds. A pair about a seed gets the card that leaves out its whole fold, so a reader has a
few cards, each shared by many pairs, and none holds the answer to its own pair.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gravity.agents.facets.traits import trait_levels
from gravity.agents.prompting import prompt
from gravity.frameworks.records import Domain, Facet, Seed
from gravity.store.records import CardLine, Component, Fact, content_id

FOLDS = 4
VIEWS = 12
GENRES = 5

# All that str.splitlines ends a line at is among these.
_CONTROL = re.compile(r"\s*[\x00-\x1f\x7f-\x9f\u2028\u2029]+\s*")


@dataclass(frozen=True)
class Card:
    """A profile card: its text, and its lines that tell of the reader, in order."""

    text: str
    lines: list[CardLine]


def fold(subject: str) -> int:
    """The fold, 0 to 3, of a seed or another subject."""
    return int(content_id("fold", subject), 16) % FOLDS


def card(
    facts: Sequence[Fact],
    seeds: Mapping[str, Seed],
    facets: Mapping[str, Facet],
    domain: Domain,
    without: int | None = None,
) -> Card:
    """The card of a reader whose profile is `facts`, surest facts first, leaving out the seeds of one fold, and others
    that rest on the same views. Of personality it tells the traits on which several facets agree, and no facet.

    Each line stays one line, whatever is in the facts.
    """
    known = sorted(
        (fact for fact in facts if fact.value not in ("unknown", "failed")),
        key=lambda fact: (-fact.confidence, fact.name),
    )
    # What is carried over follows from stances of other folds: it would tell the answer of pairs about these.
    stances = [f for f in known if f.kind == "stance" and f.source != "carried over" and f.name in seeds]
    # A seed of another fold that a view of the fold's shows as well may be near enough to tell its answer.
    telling = {view for fact in stances if fold(fact.name) == without for view in fact.views}
    told_of = [fact for fact in stances if fold(fact.name) != without and telling.isdisjoint(fact.views)]
    held = [(seeds[fact.name], fact.value) for fact in told_of]
    views = [(seed, seed.statement if value == "agree" else seed.opposite) for seed, value in held]

    def genres(value: str) -> list[str]:
        return [fact.name for fact in known if fact.kind == "interest" and fact.value == value][:GENRES]

    leans = {fact.name: fact.value for fact in known if fact.kind == "facet"}
    lines: list[CardLine] = []

    def told(
        component: Component, framework: str | None = None, seed: str | None = None, *, caller: Callable[[], str]
    ) -> str:
        # The template calls this around each line that tells of the reader, so that nobody has to parse the text.
        text = _CONTROL.sub(" ", caller()).strip()
        lines.append(CardLine(component=component, framework=framework, seed=seed, text=text))
        return f"{text}\n"

    system, _ = prompt("card").render(
        domain=domain,
        told=told,
        demographics=[f"{f.name} {f.value}" for f in known if f.kind == "demographic"],
        liked=genres("liked"),
        disliked=genres("disliked"),
        traits=[f"{level} {trait}" for trait, level in trait_levels(leans, facets).items()],
        views=views[:VIEWS],
    )
    return Card(system, lines)
