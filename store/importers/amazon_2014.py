"""Amazon Reviews 2014 and 2018: reviews. Items are taken from the metadata of 2023."""

from gravity.store.importers.amazon_2023 import items
from gravity.store.importers.fields import Fields, body, clean, name, rating, review, seconds
from gravity.store.importers.importer import Importer
from gravity.store.records import Review


def reviews(row: Fields, where: str) -> Review:
    """A review; `unixReviewTime` is in seconds."""
    return review(
        where,
        reader=name(row.get("reviewerID"), "reviewerID"),
        book=name(row.get("asin"), "asin"),
        rating=rating(row, "overall"),
        title=clean(row.get("summary") or ""),
        text=body(row, "reviewText"),
        time=seconds(row.get("unixReviewTime"), 1),
    )


AMAZON_2014 = Importer("amazon-2014", reviews, items)
