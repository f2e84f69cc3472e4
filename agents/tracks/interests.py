"""Interests: a book that the reader liked, held back from the profile, against one that ratings speak against; and of
two categories the one that the reader's ratings favour."""

from collections.abc import Iterator

from gravity.agents.composer import Composer, Portrait
from gravity.agents.prompting import prompt
from gravity.agents.taste.candidates import Candidate, Taste, holds
from gravity.agents.taste.odds import Lean, Preference
from gravity.agents.taste.reader import Rater
from gravity.agents.taste.testing import tested
from gravity.store.records import Book, Fact, Pair, Review, content_id
from gravity.store.runs import Track

TRACK = Track(
    name="interests",
    rests_on=None,
    checked_by=None,
    hidden_from_panel=(),
    subject="book",
    split_by_subject=False,
)
UNMEASURED = 0.5  # what a kind of label is worth that was never tested


def compose(composer: Composer, portrait: Portrait) -> Iterator[Pair]:
    """Pairs of books from held-back liked ones, and pairs of categories from known ratings."""
    if not portrait.ratings.known and not portrait.ratings.held_back:
        return
    rater = composer.taste.rater(portrait.reader, portrait.ratings)
    yield from _of_books(composer, portrait, rater)
    found, others = composer.taste.preferences(rater)
    for preference in found:
        yield _of_categories(composer, portrait, rater, preference, others)


def _of_books(composer: Composer, portrait: Portrait, rater: Rater) -> Iterator[Pair]:
    taste = composer.taste
    if not rater.liked:
        return
    vectors = taste.vectors.vectors("books", sorted(rater.books))
    against = taste.disliked(rater)
    for liked in rater.liked:
        book = rater.books[liked.book]
        # A book that was not indexed has no neighbours.
        if liked.book not in vectors or not book.description:
            continue
        made = 0
        for candidate in taste.candidates(rater, liked, vectors, against):
            if made == taste.most:
                break
            if candidate.book.description:
                made += 1
                yield _book_pair(composer, portrait, liked, book, candidate)


def _book_pair(composer: Composer, portrait: Portrait, liked: Review, better: Book, worse: Candidate) -> Pair:
    if worse.review is not None:
        confidence = holds(liked.rating, worse.review.rating)
    else:
        confidence = portrait.confirmed.get(worse.rests_on, UNMEASURED)
    # What the profile knows from the rejected book's own review would tell the answer.
    told = [fact for fact in portrait.facts if worse.review is None or worse.review.id not in fact.evidence]
    return composer.pair(
        portrait,
        TRACK,
        framework="interests",
        dimension="summary",
        subject=better.id,
        variant=worse.book.id,
        task=prompt("task_summary"),
        variables={},
        sides=(better.description, worse.book.description),
        basis=f"'{better.title}' was rated {liked.rating:g}, {worse.said}",
        told=told,
        rests_on=worse.rests_on,
        confidence=confidence,
        ratings=(1, worse.ratings),
    )


def _of_categories(composer: Composer, portrait: Portrait, rater: Rater, preference: Preference, others: str) -> Pair:
    better, worse = preference.better, preference.worse
    first, second = sorted((better, worse), key=lambda name: content_id(portrait.reader.id, name))
    one, other = (_said(name, lean) for name, lean in zip((better, worse), preference.leans, strict=True))
    return composer.pair(
        portrait,
        TRACK,
        framework="interests",
        dimension="category",
        subject=better,
        variant=worse,
        task=prompt("task_category"),
        variables={"first": first, "second": second},
        sides=(better, worse),
        basis=f"{one}; {other}; log-odds against {others}, z = {preference.z:.2f}",
        told=[fact for fact in portrait.facts if not _tells(fact, composer.taste, (better, worse))],
        rests_on="category ratings",
        confidence=preference.confidence,
        ratings=(preference.leans[0].rated, preference.leans[1].rated),
        tested=tested(preference, rater),
    )


def _said(name: str, lean: Lean) -> str:
    return f"{name}: liked {lean.liked} of {lean.rated}, others {lean.usual:.0%}"


def _tells(fact: Fact, taste: Taste, categories: tuple[str, str]) -> bool:
    """Whether a line of the card would tell which of two categories the reader likes."""
    return fact.kind == "interest" and any(fact.name == c or taste.taxonomy.kin(fact.name, c) for c in categories)
