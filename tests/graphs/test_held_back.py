"""What is held back for the interests track stands in no prompt and on no card."""

from pathlib import Path
from typing import Any

from gravity.project import Project
from gravity.store.records import Review, content_id
from tests.graphs.support import curated, pairs
from tests.stub.server import Stub
from tests.support import config, project, run_id, take_in


class Listening(Stub):
    """Keeps every prompt."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    async def _respond(self, body: dict[str, Any]) -> Any:
        self.heard.append("\n".join(message["content"] for message in body["messages"]))
        return await super()._respond(body)


def reprinted(made: Project, reader: str) -> list[Review]:
    """The reader's first reviews word for word, long after, of books that nobody knows: reprints of the same works."""
    given = made.stores.corpus.reviews_of(reader)[:3]
    again = [
        one.model_copy(
            update={"id": content_id("again", one.id), "book": f"again-{one.book}", "time": 2_000_000_000 + n}
        )
        for n, one in enumerate(given)
    ]
    list(made.stores.corpus.take_reviews("reprints", again, None))
    return again


async def test_no_prompt_and_no_card_holds_what_was_held_back(tmp_path: Path) -> None:
    with Listening() as server:
        made = project(config(server.url, tmp_path, seeds=6))
        take_in(made, each=2)
        readers = [reader.id for reader in made.stores.corpus.readers()]
        again = {reader: reprinted(made, reader) for reader in readers}
        await curated(made)
        heard = "\n".join(server.heard)
    retriever, found, seen = made.setup().crew().retriever, pairs(made), 0
    for reader in readers:
        ratings = retriever.ratings(reader)
        assert {one.id for one in ratings.repeats} == {one.id for one in again[reader]}
        assert len(ratings.held_back) >= 3
        cards = [pair.prompt[0]["content"] for pair in found if pair.reader == reader]
        for review in ratings.held_back:
            title = ratings.books[review.book].title
            assert review.text[:80].replace("<", "‹") not in heard
            assert not any(title in card or review.text[:40] in card for card in cards)
        seen += sum(review.text[:80].replace("<", "‹") in heard for review in ratings.known)
    assert seen > 20
    counts = made.stores.ledger.profiled_reviews(run_id(made))
    assert counts["repeats"] == 3 * len(readers) and counts["known"] > counts["held_back"] > 0
    # No label rests on a reprint, and no pair's sides are two editions of one work.
    interests = [pair for pair in found if pair.track == "interests"]
    assert interests and not any(pair.subject.startswith("again") for pair in interests)
    assert all(pair.rests_on and pair.confidence is not None for pair in interests)
