"""The naive variant: a statement against its opposite, and no scene. What the plain export gains over it is what scenes
and situations add, since readers, seeds, cards and labels are the same."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from gravity.agents.prompting import prompt
from gravity.agents.variants.material import Material
from gravity.store.dataset import Remake, Variant
from gravity.store.records import OPPOSITE, Pair

DEFINITION = (
    "Each reader has one row for a seed, whatever number of scenes: the reader's card as in the plain pair, the "
    "question what this reader would say of the seed's topics, and as answers the seed's statement and its opposite, "
    "of which the one that the reader's label says is chosen. Of personality each reader has one row for a facet, in "
    "the same way, with the facet's two ends as answers, in the place of one of the plain pairs about its items; so "
    "ends of one facet may stand in both splits, since items are what is split. Pairs about books and categories have "
    "no scene and are as they were. It isolates what scenarios add."
)
TASK = "task_statement"
ONE_ROW = "a row of its reader and seed or facet is there"
TWO_LABELS = "other pairs of its reader and seed or facet have the opposite label"
UNNAMED = "its label takes no side of a known seed or facet"


def variant(material: Material) -> Variant:
    """The naive variant of a run."""
    return Variant("naive", DEFINITION, own_labels=True, begin=partial(_begin, material))


@dataclass(frozen=True)
class Issue:
    """What a row is about: `key` tells it from others, and `sides` are its two answers, by what a label takes."""

    key: tuple[str, str, str]
    topic: str
    sides: Mapping[str, str]


def _begin(material: Material, passed: Iterable[Pair], held_out: Collection[str]) -> Remake:
    # What a pair's label says; None where that of another pair of the same reader and issue says the opposite, since a
    # person has flipped one of them.
    labels: dict[tuple[str, str, str], str | None] = {}
    for pair in passed:
        issue = _issue(material, pair)
        if isinstance(issue, Issue):
            same = labels.setdefault(issue.key, pair.takes) == pair.takes
            labels[issue.key] = pair.takes if same else None
    done: set[tuple[str, str, str]] = set()

    def remake(pair: Pair) -> Pair | str:
        issue = _issue(material, pair)
        if not isinstance(issue, Issue):
            return issue
        if labels[issue.key] is None:
            return TWO_LABELS
        if issue.key in done:
            return ONE_ROW
        done.add(issue.key)
        return _told(material, pair, issue)

    return remake


def _issue(material: Material, pair: Pair) -> Issue | Pair | str:
    """The issue that the pair is about; the pair itself where it stays as it is, or why there is no row of it."""
    about = material.subject(pair)
    if about == "book":
        return pair
    sides: dict[str, str]
    if about == "seed":
        seed = material.seeds.get(pair.subject)
        if seed is None:
            return UNNAMED
        name, topic, sides = seed.id, " and ".join(seed.topics), {"agree": seed.statement, "disagree": seed.opposite}
    else:
        item = material.items.get(pair.subject)
        facet = material.facets.get(item.facet) if item else None
        if facet is None:
            return UNNAMED
        name, topic, sides = facet.id, facet.id.replace("_", " "), {"high": facet.high, "low": facet.low}
    return Issue((pair.reader, pair.track, name), topic, sides) if pair.takes in sides else UNNAMED


def _told(material: Material, pair: Pair, issue: Issue) -> Pair:
    assert pair.takes is not None
    task = prompt(TASK)
    _, question = task.render(domain=material.domain, topic=issue.topic)
    card = [message for message in pair.prompt if message["role"] != "user"]
    hashes = {name: known for name, known in pair.prompts.items() if name == "card"}
    return pair.model_copy(
        update={
            "prompt": [*card, {"role": "user", "content": question}],
            "chosen": [{"role": "assistant", "content": issue.sides[pair.takes]}],
            "rejected": [{"role": "assistant", "content": issue.sides[OPPOSITE[pair.takes]]}],
            "scenario": None,
            "prompts": {**hashes, task.name: task.hash},
        }
    )
