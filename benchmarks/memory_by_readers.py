"""Whether memory stays flat as readers grow: peak memory of `curate` at several numbers of readers.

Each number is a process of its own against the stub endpoint; the readers are the planted ones under other names.

    python -m benchmarks.memory_by_readers --readers 50 200 800
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.curate_overhead import apart, peak, serving
from store.records import Reader, Review


def run(url: str, count: int) -> dict[str, float]:
    """Curates `count` readers with eight seeds, and returns peak memory and what was made."""
    from gravity import running
    from gravity.config import Config
    from store import importers
    from tests.support import BOOKS, READERS, REVIEWS, workshop

    with tempfile.TemporaryDirectory() as folder:
        settings = Config.model_validate(
            {
                "models": {"stub": {"kind": "openai", "model": "stub", "base_url": url}},
                "roles": {"profiler": "stub", "writer": "stub", "judges": ["stub"], "critics": []},
                "store": {"path": Path(folder)},
                "curate": {"seeds": 8, "scenarios_per_seed": 1},
            }
        )
        made = workshop(settings)
        known = [r for r in importers.readers(READERS, made.library.cultures) if isinstance(r, Reader)]
        given = [r for r in importers.reviews(REVIEWS, "amazon-2023") if isinstance(r, Review)]
        copies = range(-(-count // len(known)))
        for intake in (
            *made.corpus.take_books("books", importers.books(BOOKS)),
            *made.corpus.take_readers("readers", (_renamed(r, c) for c in copies for r in known)),
            *made.corpus.take_reviews("reviews", _reviews(given, len(copies)), None),
        ):
            assert not intake.refused
        running.curate(made, {"readers": count})
        pairs = sum(made.ledger.pair_counts(made.run.id).values())
        made.database.close()
    return {"pairs": pairs, "memory_mb": peak()}


def _renamed(reader: Reader, copy: int) -> Reader:
    return reader.model_copy(update={"id": f"{reader.id}-{copy}"})


def _reviews(given: list[Review], copies: int) -> Iterator[Review]:
    for copy in range(copies):
        for review in given:
            renamed = {"id": f"{copy:04d}{review.id[4:]}", "reader": f"{review.reader}-{copy}"}
            yield review.model_copy(update=renamed)


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, nargs="+", default=[50, 200, 800])
    parser.add_argument("--port", type=int, default=8932)
    given = parser.parse_args()
    figures = {}
    with serving(given.port, latency=0.0) as url:
        for count in given.readers:
            made = apart(run, url, count)
            figures[count] = round(made["memory_mb"])
            print(f"{count:6} readers {made['pairs']:9,.0f} pairs {figures[count]:6} MB")
    print(json.dumps({"peak_mb_by_readers": figures}))


if __name__ == "__main__":
    main()
