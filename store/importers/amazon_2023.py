"""Amazon Reviews 2023: reviews, and the metadata of items."""

from gravity.store.importers.fields import Fields, RefusedError, body, clean, name, rating, review, seconds, texts
from gravity.store.importers.importer import Importer
from gravity.store.records import Book, Review


def reviews(row: Fields, where: str) -> Review:
    """A review; `timestamp` is in milliseconds."""
    return review(
        where,
        reader=name(row.get("user_id"), "user_id"),
        book=name(row.get("parent_asin") or row.get("asin"), "parent_asin"),
        rating=rating(row, "rating"),
        title=clean(row.get("title") or ""),
        text=body(row, "text"),
        time=seconds(row.get("timestamp"), 1000),
    )


def items(row: Fields, _: str) -> Book:
    """An item. Its author is a text or an object with a name."""
    author = row.get("author")
    if isinstance(author, dict):
        author = author.get("name")
    title = clean(row.get("title") or "")
    if not title:
        raise RefusedError("missing field", "title")
    return Book(
        id=name(row.get("parent_asin"), "parent_asin"),
        title=title,
        author=(clean(author) or None) if isinstance(author, str) else None,
        description="\n".join(texts(row.get("description"))),
        categories=texts(row.get("categories")),
    )


AMAZON_2023 = Importer("amazon-2023", reviews, items)
