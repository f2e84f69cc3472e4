"""What is shown of a reader when somebody is asked where they stand."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gravity.store.records import Review
from gravity.store.views import View

AROUND = 200  # characters that are shown on either side of a quote


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
                "words": _around(view.quote, by_id[view.review]),
            }
            for number, view in enumerate(self.views, start=1)
        ]


def _around(quote: str, review: Review) -> str:
    text = review.text if quote in review.text else review.title
    start = text.index(quote)
    end = start + len(quote)
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return f"{'…' if start > AROUND else ''}{before}«{quote}»{after}{'…' if len(text) - end > AROUND else ''}"
