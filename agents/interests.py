"""Interests from ratings alone: which of a reader's works the profile may see, and the categories that it tells of.

The works that a reader came to last are held back from the profile. Pairs of the interests track are about these, and
they say whether what the earlier ratings tell came true.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gravity.frameworks.taxonomy import Taxonomy
from gravity.store.records import Book, Fact, Provenance, Review, content_id
from gravity.store.works import Work, groups, in_time, plain_text, works

DISLIKED = 3.0  # stars up to which a reader liked a book less than one of LIKED stars


@dataclass(frozen=True)
class Ratings:
    """A reader's reviews, one of each work: `known` ones make the profile, `held_back` ones make and test pairs.
    `repeats` are the reader's other reviews of the same works; `editions` has the review of each of their books, and
    `books` what is known of these."""

    known: list[Review]
    held_back: list[Review]
    repeats: list[Review] = field(default_factory=list)
    editions: Mapping[str, Review] = field(default_factory=dict)
    books: Mapping[str, Book] = field(default_factory=dict)


def split(reviews: Sequence[Review], books: Mapping[str, Book], share: float) -> Ratings:
    """Holds back about `share` (0 to 1) of the works that the reviews are about, those that were reviewed last.

    A work's review is its first, with the rating that the reader gave last. Works without a date come first, by a hash
    of their reviews. What a reader wrote the same text about stays on one side, and at least half of the works are
    known.
    """
    found = works(reviews, books)
    count = min(round(share * len(found)), len(found) // 2)
    held: set[str] = set()
    for bundle in reversed(_bundles(found)):
        if len(held) + len(bundle) <= count:
            held.update(work.reviews[0].id for work in bundle)
    first = {work.reviews[0].id: work.review for work in found}
    told = [first.get(review.id) for review in reviews]
    return Ratings(
        known=[review for review in told if review is not None and review.id not in held],
        held_back=[review for review in told if review is not None and review.id in held],
        repeats=[review for review in reviews if review.id not in first],
        editions={book: work.review for work in found for book in work.books},
        books=books,
    )


def _bundles(found: Sequence[Work]) -> list[list[Work]]:
    """Works that share a text, in the order of their first dates."""
    names = {work.reviews[0].id: work for work in found}
    texts: dict[str, str] = {}
    same = [
        (name, texts.setdefault(plain_text(review), name)) for name, work in names.items() for review in work.reviews
    ]
    bundles: dict[str, list[Work]] = defaultdict(list)
    for name, leader in groups(names, same).items():
        bundles[leader].append(names[name])
    return sorted(bundles.values(), key=lambda bundle: min(map(_place, bundle)))


def _place(work: Work) -> tuple[bool, int, str]:
    dated, time, identity = in_time(work.reviews[0])
    return dated, time, content_id("split", identity)


def interests(run: str, reader: str, ratings: Ratings, taxonomy: Taxonomy) -> list[Fact]:
    """A fact for each category of known books: "liked", "disliked" or "mixed", by its frequency weighted with the
    ratings.

    A category's weight is the sum over its reviews of (rating - 3) / 2, so -1 to 1 each; its confidence is
    1 - 1 / (1 + |weight|), which grows with the number of reviews that agree.
    """
    weights: dict[str, float] = {}
    evidence: dict[str, list[str]] = {}
    for review in ratings.known:
        book = ratings.books.get(review.book)
        name = taxonomy.place(book.categories)[0] if book else None
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
