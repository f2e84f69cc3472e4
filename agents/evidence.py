"""What is shown of a reader when somebody is asked where they stand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gravity.store.records import Review
from gravity.store.views import View, around


@dataclass(frozen=True)
class Evidence:
    """Reviews of one reader, and views that stand in them; `half` is the half of the reviews that they are from, None
    where they are from both."""

    reviews: Sequence[Review]
    views: Sequence[View] = field(default=())
    half: int | None = None

    @property
    def shown(self) -> list[dict[str, str]]:
        """The views as prompts show them, with short ids w1, w2 ... and the words around their quotes."""
        by_id = {review.id: review for review in self.reviews}
        return [
            {
                "alias": f"w{number}",
                "rating": f"{by_id[view.review].rating:g}",
                "statement": view.statement,
                "words": around(view.quote, by_id[view.review]),
            }
            for number, view in enumerate(self.views, start=1)
        ]
