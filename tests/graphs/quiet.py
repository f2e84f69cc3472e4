"""The quiet readers, taken in and known: people whose reviews are mostly plot and praise."""

from typing import Any

from gravity.frameworks.loader import DATA
from gravity.project import Project
from gravity.store import importers
from gravity.store.records import Review
from tests.support import rows

QUIET = DATA / "quiet"
TRUTH = {row["reader"]: row for row in rows(QUIET / "truth.jsonl")}
CONSTRUCTS = {row["id"]: row for row in rows(QUIET / "constructs.jsonl")}


def take_in_quiet(made: Project, each: int | None = None) -> None:
    """Takes in the quiet readers, of each culture only `each` if that is given, with their reviews and books."""
    listed: dict[str, list[str]] = {}
    for row in rows(QUIET / "readers.jsonl"):
        listed.setdefault(row["culture"], []).append(row["id"])
    taken = {reader for ids in listed.values() for reader in ids[:each]}
    known = [
        r for r in importers.readers(QUIET / "readers.jsonl", made.library.cultures) if getattr(r, "id", None) in taken
    ]
    given = [
        r for r in importers.reviews(QUIET / "reviews.jsonl", "amazon-2023") if getattr(r, "reader", None) in taken
    ]
    for intake in (
        *made.stores.corpus.take_readers("readers", known),
        *made.stores.corpus.take_books("books", importers.books(QUIET / "books.jsonl", "amazon-2023")),
        *made.stores.corpus.take_reviews("reviews", given, None),
    ):
        assert not intake.refused


def quiet_places() -> dict[str, list[str]]:
    """The review ids of each quiet reader in file order, which is how the truth counts them."""
    found: dict[str, list[str]] = {}
    for one in importers.reviews(QUIET / "reviews.jsonl", "amazon-2023"):
        assert isinstance(one, Review)
        found.setdefault(one.reader, []).append(one.id)
    return found


def true_views(reader: str, known: set[str]) -> list[dict[str, Any]]:
    """What a quiet reader shows in the reviews `known`, with the review's id in the place of its number."""
    ids = quiet_places()[reader]
    views = [{**view, "review": ids[view["review"]]} for view in TRUTH[reader]["views"]]
    return [view for view in views if view["review"] in known]
