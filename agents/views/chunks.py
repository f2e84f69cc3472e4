"""What of a reader's reviews each call reads: halves that never mix, in chunks that cut no sentence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gravity.agents.halves import halves
from gravity.store.records import Review

REVIEW_CHARS = 1_200  # of a review, where a call shows several for something else than their views
CHUNK_CHARS = 8_000  # of reviews in a call: with more, models begin to pass views over
OVERLAP = 300  # characters that two parts of a long review share, so that a sentence cut in one is whole in the other
_SENTENCE_END = re.compile(r"(?<=[.!?])(?=\s)|(?<=[。！？।\n])")


def chunk_chars(reviews_per_call: int) -> int:
    """How many characters of reviews a call that reads for views sees at most, where calls see so many reviews."""
    return min(CHUNK_CHARS, reviews_per_call * REVIEW_CHARS)


@dataclass(frozen=True)
class Passage:
    """A review, or a part of one that is longer than a chunk."""

    review: Review
    text: str


@dataclass(frozen=True)
class Chunk:
    """Passages of reviews that one call reads, all of one half (0 or 1)."""

    half: int
    passages: list[Passage]

    @property
    def shown(self) -> list[dict[str, str]]:
        """The passages as prompts show them, with short ids r1, r2 ..."""
        return [
            {
                "alias": f"r{number}",
                "rating": f"{passage.review.rating:g}",
                "title": passage.review.title.replace('"', "'"),
                "text": passage.text,
            }
            for number, passage in enumerate(self.passages, start=1)
        ]


@dataclass(frozen=True)
class Cutting:
    """How reviews are cut into chunks: of at most `chars` characters and `reviews` reviews each, and of a half at most
    `most` chunks."""

    chars: int = CHUNK_CHARS
    reviews: int = 12
    most: int = 8

    def chunks(self, reviews: Sequence[Review]) -> tuple[list[Chunk], list[Review]]:
        """The chunks of both halves of a reader's reviews, oldest first, and the reviews that had no room; one that is
        longer than all the calls of its half is among these, though its beginning is read where there is nothing else.
        """
        chunks: list[Chunk] = []
        left_out: list[Review] = []
        for half, own in enumerate(halves(reviews)):
            packed = self._packed(own)
            if len(packed) > self.most:
                own, left = self._chosen(own)
                left_out += left
                packed = self._packed(own)[: self.most]
            chunks += [Chunk(half, passages) for passages in packed]
        return chunks, left_out

    def _packed(self, reviews: Sequence[Review]) -> list[list[Passage]]:
        packed: list[list[Passage]] = []
        room = 0
        for review in reviews:
            for text in _parts(review.text, self.chars):
                length = len(text) + len(review.title)
                if not packed or length > room or len(packed[-1]) == self.reviews:
                    packed.append([])
                    room = self.chars
                packed[-1].append(Passage(review, text))
                room -= length
        return packed

    def _chosen(self, reviews: Sequence[Review]) -> tuple[list[Review], list[Review]]:
        """Of too many reviews, those that are read, in their order, and the others: by turns the newest and the
        longest, which tells most."""
        newest = list(reversed(reviews))
        longest = sorted(newest, key=lambda review: -len(review.text))
        place = {review.id: number for number, review in enumerate(reviews)}
        taken: list[Review] = []
        for review in {r.id: r for pair in zip(newest, longest, strict=True) for r in pair}.values():
            if len(taken) == self.most * self.reviews:
                break
            # One that has no room leaves it to shorter ones.
            wider = sorted([*taken, review], key=lambda one: place[one.id])
            taken = wider if len(self._packed(wider)) <= self.most else taken
        whole = {review.id for review in taken}
        return taken or newest[:1], [review for review in reviews if review.id not in whole]


def _parts(text: str, chars: int) -> Iterator[str]:
    """A text in parts of at most `chars`, cut between sentences where there are any, with an overlap.

    A sentence that fits into a part beside the overlap stands whole in one.
    """
    start = 0
    while len(text) - start > chars:
        # What stands before the overlap's end would bring nothing new.
        ends = [match.start() for match in _SENTENCE_END.finditer(text, start + OVERLAP + 1, start + chars + 1)]
        end = next((end for end in reversed(ends) if end <= start + chars), start + chars)
        yield text[start:end]
        start = max(start + 1, end - OVERLAP)
    yield text[start:]
