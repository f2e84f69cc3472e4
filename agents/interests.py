"""Interests from ratings alone: genres that a reader likes and does not, and pairs from held-back ratings.

A share of a reader's reviews is held back from the profile; pairs of the interests track come from those, so
that no pair's answer stands in its own prompt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gravity.store.records import Book, Fact, Provenance, Review, content_id

LIKED = 4.0
DISLIKED = 3.0
# Wide shelf names say nothing of a taste.
SHELVES = {"Books", "Kindle Store", "Kindle eBooks", "Literature & Fiction", "Subjects"}


@dataclass(frozen=True)
class Ratings:
    """A reader's reviews, split: `known` ones make the profile, `held_back` ones make and test pairs."""

    known: list[Review]
    held_back: list[Review]


def split(reviews: Sequence[Review], share: float) -> Ratings:
    """Holds back about `share` (0 to 1) of the reviews, chosen by a hash of their ids.

    Half of what is held back is liked and half is not, as far as there is both, and at least half of the
    reviews stay known.
    """
    ordered = sorted(reviews, key=lambda review: content_id("split", review.id))
    count = min(round(share * len(ordered)), len(ordered) // 2)
    liked = [review for review in ordered if review.rating >= LIKED]
    others = [review for review in ordered if review.rating < LIKED]
    chosen = liked[: count - min(count // 2, len(others))]
    chosen += others[: count - len(chosen)]
    held = {review.id for review in chosen}
    return Ratings([r for r in reviews if r.id not in held], [r for r in reviews if r.id in held])


def genre(book: Book) -> str | None:
    """The narrowest category that says something, or None."""
    named = [category for category in book.categories if category not in SHELVES]
    return named[-1] if named else None


def shelf(book: Book | None) -> str | None:
    """The widest category that says something, or None."""
    return next((name for name in book.categories if name not in SHELVES), None) if book else None


def interests(run: str, reader: str, reviews: Sequence[Review], books: Mapping[str, Book]) -> list[Fact]:
    """A fact for each genre: "liked", "disliked" or "mixed", by its frequency weighted with the ratings.

    A genre's weight is the sum over its reviews of (rating - 3) / 2, so -1 to 1 each; its confidence is
    1 - 1 / (1 + |weight|), which grows with the number of reviews that agree.
    """
    weights: dict[str, float] = {}
    evidence: dict[str, list[str]] = {}
    for review in reviews:
        book = books.get(review.book)
        name = genre(book) if book else None
        if name is not None:
            weights[name] = weights.get(name, 0.0) + (review.rating - 3) / 2
            evidence.setdefault(name, []).append(review.id)
    made_by = Provenance(model="ratings")
    return [
        Fact(
            run=run,
            reader=reader,
            kind="interest",
            name=name,
            value="liked" if weight > 0 else "disliked" if weight < 0 else "mixed",
            confidence=1 - 1 / (1 + abs(weight)),
            evidence=evidence[name],
            made_by=made_by,
        )
        for name, weight in weights.items()
    ]
