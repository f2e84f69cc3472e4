"""What a panel is shown of a sampled pair, so that it can judge the pair end to end."""

from collections.abc import Mapping, Sequence

from gravity.agents.card import card
from gravity.agents.judge import Case
from gravity.agents.retrieval import Retriever
from gravity.frameworks.records import Domain, Seed
from gravity.store.records import Fact, Pair
from gravity.store.runs import Track
from gravity.store.views import View


def case_of(
    pair: Pair,
    track: Track,
    facts: Sequence[Fact],
    views: Sequence[View],
    retriever: Retriever,
    seeds: Mapping[str, Seed],
    domain: Domain,
) -> Case:
    """The case of a pair of `track`, whose reader's profile is `facts`, and whose kept views are `views`.

    Of the profile it holds nothing that the track hides, or the panel would only repeat the label. Of the views it is
    shown the words alone, so that no review is cut where one stands.
    """
    others = [fact for fact in facts if fact.kind not in track.hidden_from_panel]
    sides = [pair.chosen[0]["content"], pair.rejected[0]["content"]]
    return Case(
        card=card(others, seeds, domain).text,
        reviews=retriever.nearest(retriever.ratings(pair.reader).known, sides, views),
        quotes=[view.quote for view in retriever.nearest_views(views, sides)],
        task=pair.prompt[1]["content"],
        chosen=sides[0],
        rejected=sides[1],
    )
