"""What several tests need: the planted material, configurations for the stub, and projects with a small embedder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gravity import curating
from gravity.agents.taste.candidates import Taste
from gravity.config import Config
from gravity.frameworks.loader import DATA, Library
from gravity.graphs.pending import CurateState
from gravity.loop import run
from gravity.project import Project
from gravity.store import importers, tables
from gravity.store.corpus import Corpus
from gravity.store.records import OPPOSITE, Draft, Fact, FactKind, Provenance, Qualification, Review
from gravity.store.vectors import VectorStore
from gravity.store.views import View, view_id
from tests.stub.embedder import HashEmbedder


@dataclass(frozen=True)
class People:
    """A planted set: made-up readers with their reviews and books, of whom it is known what is true."""

    folder: Path

    @property
    def readers(self) -> Path:
        """What is given of them."""
        return self.folder / "readers.jsonl"

    @property
    def reviews(self) -> Path:
        """Their reviews, in the layout amazon-2023."""
        return self.folder / "reviews.jsonl"

    @property
    def books(self) -> Path:
        """What the reviews are about, in the same layout."""
        return self.folder / "books.jsonl"


LOUD = People(DATA / "planted")  # who speak their values in every review
QUIET = People(DATA / "quiet")  # whose reviews are like real ones
SETS = {"loud": LOUD, "quiet": QUIET}
PLANTED, REVIEWS, BOOKS, READERS = LOUD.folder, LOUD.reviews, LOUD.books, LOUD.readers


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def truth(people: People = LOUD) -> dict[str, dict[str, Any]]:
    """What is true of planted readers, by reader."""
    return {row["reader"]: row for row in rows(people.folder / "truth.jsonl")}


def places(people: People = LOUD) -> dict[str, list[str]]:
    """The review ids of each planted reader in file order, which is how the truth counts evidence."""
    found: dict[str, list[str]] = {}
    for review in importers.reviews(people.reviews, "amazon-2023"):
        assert isinstance(review, Review)
        found.setdefault(review.reader, []).append(review.id)
    return found


def config(url: str, home: Path, model: dict[str, Any] | None = None, **curate: Any) -> Config:
    """A configuration in which the server at `url` plays every role and the store is in `home`. Readers bring no seeds
    for themselves alone, since each would have scenes of its own, and no scene comes from the bank."""
    settings = {"kind": "openai", "model": "stub", "base_url": url, "timeout": 30, **(model or {})}
    return Config.model_validate(
        {
            "models": {"stub": settings},
            "roles": {"profiler": "stub", "writer": "stub", "judges": ["stub"], "critics": ["stub"]},
            "store": {"path": home},
            "judging": {"profiler_votes": True},
            "curate": {"seeds": 5, "scenarios_per_seed": 1, "own_seeds": 0, "bank": False, **curate},
        }
    )


def project(settings: Config, library: Library | None = None) -> Project:
    """A project whose Chroma takes its vectors from words alone."""
    made = Project(settings, library)
    made.stores.embedder = HashEmbedder()
    return made


def curate(made: Project, unqualified: bool = True, **wanted: Any) -> str:
    """Curates what is wanted, in silence and mostly without regard to who has qualified; the id of the run."""

    async def work() -> str:
        setup = made.setup(unqualified)
        try:
            await curating.curate(setup, CurateState(**wanted), silent)  # type: ignore[typeddict-item]
        finally:
            await made.models.close()
        return setup.record.id

    return run(work())


def seasoned(made: Project) -> None:
    """Adds made-up gold cases to what models showed, as `with_made_up` does."""
    kept, table = made.stores.qualifications, tables.qualifications
    with made.stores.database.begin() as connection:
        keys = sorted(set(connection.execute(select(table.c.key)).scalars()))
    for key in keys:
        kept.keep([with_made_up(row) for row in kept.by_culture(key).values()])


def with_made_up(row: Qualification, cases: int = 300, wrong: int = 30) -> Qualification:
    """What a model showed, with so many gold cases more, on some of which the profiler errs and judges of pairs never
    do. A model that is always right shows nothing of what a panel makes of wrong labels."""
    side = {"stance": "agree", "preference": "agree", "facet": "high", "personality": "high"}.get(row.task)
    if side is None:
        return row
    infers = row.task in ("stance", "facet")
    labels = [OPPOSITE[side] if infers and n < wrong else side for n in range(cases)]
    made_up = {f"made up {n}": (side, label, label) for n, label in enumerate(labels)}
    return row.model_copy(update={"outcomes": {**row.outcomes, **made_up}})


def run_id(made: Project) -> str:
    """The id of the run that the project's configuration describes by now."""
    return made.setup().record.id


def taste(corpus: Corpus, vectors: VectorStore, most: int = 3) -> Taste:
    """What labels from ratings are made of, with the shipped categories of books; `most` books against one."""
    library = Library()
    return Taste(corpus, vectors, library.taxonomy(library.domain("books")), library.cues, most)


def silent(stage: str, done: int, total: int | None) -> None:
    """Nobody looks."""


def take_in(made: Project, each: int | None = None, readers: Path | None = None, people: People = LOUD) -> None:
    """Takes in planted people, or only those whom a file `readers` names; of each culture `each` if that is given."""
    corpus, listed = made.stores.corpus, readers or people.readers
    taken: set[str] = set()
    cultures: dict[str, list[str]] = {}
    for row in rows(listed):
        cultures.setdefault(row["culture"], []).append(row["id"])
    for ids in cultures.values():
        taken.update(ids[:each])
    known = [r for r in importers.readers(listed, made.library.cultures) if getattr(r, "id", None) in taken]
    given = [r for r in importers.reviews(people.reviews, "amazon-2023") if getattr(r, "reader", None) in taken]
    for intake in (
        *corpus.take_readers("readers", known),
        *corpus.take_books("books", importers.books(people.books, "amazon-2023")),
        *corpus.take_reviews("reviews", given, None),
    ):
        assert not intake.refused


def fact(kind: FactKind, name: str, value: str, confidence: float = 0.9, evidence: Sequence[str] = ()) -> Fact:
    """A fact about the reader "r" in the run "run"."""
    return Fact(
        run="run",
        reader="r",
        kind=kind,
        name=name,
        value=value,
        confidence=confidence,
        evidence=list(evidence),
        made_by=Provenance(model="test"),
    )


def draft(situation: str, endorsing: str, opposing: str) -> Draft:
    """A draft by nobody."""
    return Draft(situation=situation, endorsing=endorsing, opposing=opposing, made_by=Provenance(model="test"))


def review(identity: str, rating: float = 4.0, book: str = "b", text: str = "A text.", **more: Any) -> Review:
    """A review by the reader "r"."""
    given = {"reader": "r", "title": "T", "time": None, "source": "test:1", **more}
    return Review(id=identity, rating=rating, book=book, text=text, **given)


def view(of: Review, quote: str = "", statement: str = "I like what was said there.", **more: Any) -> View:
    """A view that was kept, shown by the words `quote` of a review, or by its whole text."""
    given = {
        "run": "run",
        "reader": of.reader,
        "review": of.id,
        "half": 0,
        "quote": quote or of.text,
        "statement": statement,
        "opposite": "I like what was never said.",
        "about": "life",
        "said": "stated",
        "verdict": "kept",
        "made_by": Provenance(model="test"),
        **more,
    }
    return View(id=view_id(given["run"], given["reader"], of.id, given["quote"], statement), **given)
