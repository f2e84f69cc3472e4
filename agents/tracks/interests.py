"""Interests: a book that the reader liked, held back from the profile, against near ones that were liked less or not
read."""

from collections.abc import Iterator, Mapping
from typing import Any

from gravity.agents.composer import Composer, Portrait
from gravity.agents.interests import DISLIKED, LIKED, genre
from gravity.agents.prompting import prompt
from gravity.store.records import Book, Pair, content_id
from gravity.store.runs import Track

TRACK = Track(
    name="interests",
    rests_on=None,
    checked_by=None,
    hidden_from_panel=(),
    subject="book",
    split_by_subject=False,
)


def compose(composer: Composer, portrait: Portrait) -> Iterator[Pair]:
    """Pairs from held-back liked books, each against near neighbours."""
    ratings = portrait.ratings
    scores = {review.book: review.rating for review in [*ratings.known, *ratings.held_back]}
    # A book that was reviewed twice can stand in the profile as well: then it would tell the answer.
    seen = {review.book for review in ratings.known}
    liked = [r.book for r in ratings.held_back if r.rating >= LIKED and r.book not in seen]
    for identity, vector in composer.vectors.vectors("books", liked).items():
        near = composer.vectors.near("books", vector[None, :], 4 * composer.hard_negatives + 1)[0]
        lesser = [other for other in near if scores.get(other, 0.0) <= DISLIKED][: composer.hard_negatives]
        books = composer.corpus.books([identity, *lesser])
        for other in lesser:
            yield from _book_pairs(composer, portrait, books[identity], books[other], scores)


def _book_pairs(
    composer: Composer, portrait: Portrait, better: Book, worse: Book, scores: Mapping[str, float]
) -> Iterator[Pair]:
    rating = f"rated {scores[worse.id]:g}" if worse.id in scores else "not read"
    common: dict[str, Any] = {
        "framework": "interests",
        "subject": better.id,
        "variant": worse.id,
        "basis": f"'{better.title}' was rated {scores[better.id]:g}, '{worse.title}' {rating}",
    }
    if better.description and worse.description:
        yield composer.pair(
            portrait,
            TRACK,
            dimension="summary",
            task=prompt("task_summary"),
            variables={},
            sides=(better.description, worse.description),
            **common,
        )
    genres = genre(better), genre(worse)
    if genres[0] and genres[1] and genres[0] != genres[1]:
        first, second = sorted((genres[0], genres[1]), key=lambda name: content_id(portrait.reader.id, name))
        yield composer.pair(
            portrait,
            TRACK,
            dimension="category",
            task=prompt("task_category"),
            variables={"first": first, "second": second},
            sides=(genres[0], genres[1]),
            **common,
        )
