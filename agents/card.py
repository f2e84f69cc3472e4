"""The profile card: what a prompt tells of a reader, without what the pair at hand is about.

Seeds are dealt into folds. A pair about a seed gets the card that leaves out its whole fold, so a reader has a
few cards, each shared by many pairs, and none holds the answer to its own pair.
"""

from collections.abc import Mapping, Sequence

from gravity.agents.prompting import prompt
from gravity.frameworks.records import Domain, Seed
from gravity.store.records import Fact, content_id

FOLDS = 4
VIEWS = 12
GENRES = 5


def fold(subject: str) -> int:
    """The fold, 0 to 3, of a seed or another subject."""
    return int(content_id("fold", subject), 16) % FOLDS


def card(facts: Sequence[Fact], seeds: Mapping[str, Seed], domain: Domain, without: int | None = None) -> str:
    """The card of a reader whose profile is `facts`, surest facts first, leaving out the seeds of one fold."""
    known = sorted(
        (fact for fact in facts if fact.value not in ("unknown", "failed")),
        key=lambda fact: (-fact.confidence, fact.name),
    )
    stances = [fact for fact in known if fact.kind == "stance" and fact.name in seeds]
    views = [
        seeds[fact.name].statement if fact.value == "agree" else seeds[fact.name].opposite
        for fact in stances
        if without is None or fold(fact.name) != without
    ]

    def genres(value: str) -> list[str]:
        return [fact.name for fact in known if fact.kind == "interest" and fact.value == value][:GENRES]

    system, _ = prompt("card").render(
        domain=domain,
        demographics=[f"{f.name} {f.value}" for f in known if f.kind == "demographic"],
        liked=genres("liked"),
        disliked=genres("disliked"),
        traits=[f"{f.value} {f.name}" for f in known if f.kind == "trait" and f.value in ("high", "low")],
        views=views[:VIEWS],
    )
    return system
