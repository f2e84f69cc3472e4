"""Whether labels from ratings come true: what they would have said of books in ratings that were held back."""

from collections.abc import Iterable, Iterator
from statistics import fmean

from gravity.agents.taste.candidates import Taste
from gravity.agents.taste.odds import Preference
from gravity.agents.taste.reader import Rater
from gravity.store.records import Outcome, RatedTest, RestsOn, Review


def tested(preference: Preference, rater: Rater) -> Outcome | None:
    """What the held-back ratings of books of the two categories say of a preference: their means are compared. None
    where there is none of one of them."""
    better, worse = (
        [review.rating for review in rater.ratings.held_back if name in rater.lineage(review)]
        for name in (preference.better, preference.worse)
    )
    return outcome(fmean(better), fmean(worse)) if better and worse else None


def outcome(better: float, worse: float) -> Outcome:
    """What stars say of a label."""
    return "confirmed" if better > worse else "tied" if better == worse else "contradicted"


def rated_tests(taste: Taste, rater: Rater, run: str, track: str) -> Iterator[RatedTest]:
    """Treats each held-back book in turn as if it had not been rated, and looks whether it would have been put against
    a liked one for what readers alike did or for being near. What the profile may know of stays rated.
    """
    held = [review for review in rater.ratings.held_back if review.book in rater.books]
    if len(held) < 2 or not rater.liked:
        return
    places = {number: review for review in held if (number := rater.number(review)) is not None}
    against = list(_chosen([places.get(one.work) for one in taste.disliked(rater)], taste.most))
    vectors = taste.vectors.vectors("books", [review.book for review in rater.liked])
    for liked in rater.liked:
        near: list[Review] = []
        if liked.book in vectors:
            known = {review.id for review in rater.ratings.known}
            found = [rater.review_of(book) for book in taste.near(vectors[liked.book])]
            near = list(_chosen([r for r in found if r is None or r.id not in known | {liked.id}], taste.most))
        kinds: tuple[tuple[RestsOn, list[Review]], ...] = (("readers alike", against), ("near and unread", near))
        for rests_on, rejected in kinds:
            for review in rejected:
                if review.id != liked.id:
                    yield RatedTest(
                        run=run,
                        reader=rater.reader,
                        culture=rater.culture,
                        track=track,
                        rests_on=rests_on,
                        chosen=liked.book,
                        rejected=review.book,
                        outcome=outcome(liked.rating, review.rating),
                    )


def _chosen(ranked: Iterable[Review | None], most: int) -> Iterator[Review]:
    """Of a ranking of books, None for one not rated, those rated ones that would be among the first `most` of what is
    not rated."""
    before, met = 0, set[str]()
    for review in ranked:
        if before >= most:
            return
        if review is None:
            before += 1
        elif review.id not in met:
            met.add(review.id)
            yield review
