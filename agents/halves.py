"""The two halves of a reader's reviews: no call mixes them, so that what one shows is evidence about the other."""

from collections.abc import Sequence

from gravity.store.records import Review


def halves(reviews: Sequence[Review]) -> tuple[list[Review], list[Review]]:
    """Every second of the reviews, and the others, each in their order; of one review the second half is empty."""
    return list(reviews[0::2]), list(reviews[1::2])
