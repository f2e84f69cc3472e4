"""The stores of one project: the database with all that lies in it, and the vectors. Each is opened when first used."""

from functools import cached_property
from pathlib import Path

from gravity.config import StoreSection
from gravity.store.answers import Answers
from gravity.store.corpus import Corpus
from gravity.store.database import Database
from gravity.store.embeddings import Embedder, EmbeddingSettings, make_embedder
from gravity.store.errors import StoreError
from gravity.store.facets import Facets
from gravity.store.ledger import Ledger
from gravity.store.qualifications import Qualifications
from gravity.store.spending import Spendings
from gravity.store.vectors import VectorStore
from gravity.store.views import Views
from gravity.store.writings import Writings


class Stores:
    """Where a project keeps things. Each store raises StoreError where it cannot be used."""

    def __init__(self, section: StoreSection, embeddings: EmbeddingSettings) -> None:
        self._section = section
        self._embeddings = embeddings

    @cached_property
    def home(self) -> Path:
        """The folder of the store, made if need be."""
        path = self._section.path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the store's folder {path}: {error.strerror}") from None
        return path

    @cached_property
    def database(self) -> Database:
        """The SQL database."""
        return Database(self._section.database or f"sqlite:///{self.home / 'gravity.sqlite'}")

    @cached_property
    def corpus(self) -> Corpus:
        """Readers, reviews and books."""
        return Corpus(self.database)

    @cached_property
    def ledger(self) -> Ledger:
        """The records of runs."""
        return Ledger(self.database)

    @cached_property
    def views(self) -> Views:
        """What readers let show."""
        return Views(self.database)

    @cached_property
    def facets(self) -> Facets:
        """What halves of reviews show of facets, and how far that can be relied on."""
        return Facets(self.database)

    @cached_property
    def answers(self) -> Answers:
        """The kept answers of models."""
        return Answers(self.database)

    @cached_property
    def spendings(self) -> Spendings:
        """What the calls of models cost."""
        return Spendings(self.database)

    @cached_property
    def qualifications(self) -> Qualifications:
        """What models showed on gold cases."""
        return Qualifications(self.database)

    @cached_property
    def writings(self) -> Writings:
        """Descriptions that models wrote."""
        return Writings(self.database)

    @cached_property
    def embedder(self) -> Embedder:
        """What makes the vectors."""
        return make_embedder(self._embeddings)

    @cached_property
    def vectors(self) -> VectorStore:
        """Chroma."""
        # Chroma knows a folder by its path as written: a relative one would be another after a change of folder.
        return VectorStore(self._section.chroma or str(self.home.resolve() / "chroma"), self.embedder)

    def close(self) -> None:
        """Closes the database; what is used again afterwards is opened anew."""
        if "database" in self.__dict__:
            self.database.close()
        opened = (
            "database",
            "corpus",
            "ledger",
            "views",
            "facets",
            "answers",
            "spendings",
            "qualifications",
            "writings",
            "vectors",
        )
        for name in opened:
            self.__dict__.pop(name, None)
