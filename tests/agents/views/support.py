"""Views as models answer them, as the store keeps them, and readers of views of a played model."""

import json
from typing import Any

from gravity.agents.asking import Asker
from gravity.agents.repeats import Repeats
from gravity.agents.views.chunks import Chunk, Cutting
from gravity.agents.views.finder import Candidate, Finder
from gravity.agents.views.reading import ViewReader
from gravity.agents.views.refuter import Refuter
from gravity.frameworks.loader import Library
from gravity.store.records import Provenance
from gravity.store.views import View, view_id
from tests.stub.embedder import HashEmbedder

BOOKS = Library().domain("books")
STATEMENT, OPPOSITE = "I want an ending that closes the door.", "I like an ending that leaves the door ajar."


def found(review: str = "r1", quote: str = "closes the door", **more: Any) -> dict[str, Any]:
    """A view as a model lists it."""
    sides = {"statement": STATEMENT, "opposite": OPPOSITE}
    return {"review": review, "quote": quote, **sides, "about": "books", "said": "stated", **more}


def listed(*views: dict[str, Any]) -> str:
    """A model's answer to the first asking."""
    return json.dumps({"views": list(views)})


def verdicts(*given: str, common: int = 40, objection: str = "none") -> str:
    """A model's answer to the second asking."""
    said = {"objection": objection, "confidence": 80, "common": common}
    return json.dumps({f"v{n}": {**said, "verdict": verdict} for n, verdict in enumerate(given, start=1)})


async def sought(asker: Asker, chunk: Chunk) -> list[Candidate]:
    """What a finder finds in a chunk."""
    candidates, _ = await Finder(asker, BOOKS).find(chunk)
    return candidates


def view_reader(finder: Asker, refuter: Asker | None = None, cutting: Cutting | None = None) -> ViewReader:
    """A reader of views for the run "run"; one model plays both where no refuter is given."""
    return ViewReader(
        run="run",
        finder=Finder(finder, BOOKS),
        refuter=Refuter(refuter or finder, BOOKS),
        repeats=Repeats(refuter or finder, HashEmbedder()),
        cutting=cutting or Cutting(),
    )


def view(reader: str, statement: str = STATEMENT, opposite: str = OPPOSITE, **more: Any) -> View:
    """A kept view of a reader in the run "run"."""
    given: dict[str, Any] = {
        "run": "run",
        "review": f"{reader}-1",
        "half": 0,
        "quote": statement,
        "about": "books",
        "said": "stated",
        "common": 0.4,
        "verdict": "kept",
        "made_by": Provenance(model="test"),
    } | more
    identity = view_id(given["run"], reader, given["review"], given["quote"], statement)
    return View(id=identity, reader=reader, statement=statement, opposite=opposite, **given)
