"""What labels from ratings are worth, tried on ratings that were held back."""

import asyncio
from collections.abc import Sequence

from gravity.agents.taste.testing import rated_tests
from gravity.agents.tracks.interests import TRACK
from gravity.graphs.crew import Crew
from gravity.graphs.progress import progress
from gravity.store.records import RatedTest, Reader

TOGETHER = 100  # readers in a transaction


async def try_labels(crew: Crew, readers: Sequence[Reader]) -> None:
    """Tries them on the readers, in place of what was tried on these before."""
    if TRACK.name not in crew.composer.tracks:
        return
    advance = progress("label tests", len(readers))
    for start in range(0, len(readers), TOGETHER):
        few, found = readers[start : start + TOGETHER], list[RatedTest]()
        for reader in few:
            found += await asyncio.to_thread(_try, crew, reader)
            advance()
        await asyncio.to_thread(crew.ledger.put_rated_tests, crew.run, [reader.id for reader in few], found)


def _try(crew: Crew, reader: Reader) -> list[RatedTest]:
    rater = crew.composer.taste.rater(reader, crew.retriever.ratings(reader.id))
    return list(rated_tests(crew.composer.taste, rater, crew.run, TRACK.name))
