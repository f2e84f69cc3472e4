"""What a panel is shown of a sampled pair, so that it can judge the pair end to end."""

from collections.abc import Sequence

from gravity.agents.card import card
from gravity.agents.composer import Composer
from gravity.agents.judge import Case
from gravity.agents.retrieval import Retriever
from gravity.frameworks.records import Facet
from gravity.store.records import Fact, Pair, content_id
from gravity.store.runs import Track
from gravity.store.views import View


def case_of(
    pair: Pair,
    track: Track,
    facts: Sequence[Fact],
    views: Sequence[View],
    retriever: Retriever,
    composer: Composer,
) -> Case:
    """The case of a pair of `track`, whose reader's profile is `facts`, and whose kept views are `views`.

    Of the profile it holds nothing that the track hides, or the panel would only repeat the label. Of the views it is
    shown the words alone, so that no review is cut where one stands. Of a pair about an item it is told the two ends
    of the item's facet, and not which of them the reader is said to be nearer to.
    """
    others = [fact for fact in facts if fact.kind not in track.hidden_from_panel]
    sides = [pair.chosen[0]["content"], pair.rejected[0]["content"]]
    item = composer.items.get(pair.subject) if track.subject == "item" else None
    ends = neutral_ends(composer.facets[item.facet], item.id) if item and item.facet in composer.facets else None
    return Case(
        card=card(others, composer.seeds, composer.facets, composer.domain).text,
        reviews=retriever.nearest(retriever.ratings(pair.reader).known, [*sides, *(ends or ())], views),
        quotes=[view.quote for view in retriever.nearest_views(views, sides)],
        task=pair.prompt[1]["content"],
        chosen=sides[0],
        rejected=sides[1],
        ends=ends,
    )


def neutral_ends(facet: Facet, item: str) -> tuple[str, str]:
    """The two ends of a facet in an order that says nothing of a reader: that of the item's hash."""
    ends = facet.high, facet.low
    return ends if int(content_id("ends", item), 16) % 2 else ends[::-1]
