"""Gold sets: cases with known right answers, to qualify judges, profilers and critics.

Each set falls into `dev` and `held-out`, by seed or, where cases have none, by id: prompts and thresholds are tuned on
dev alone. Of the sets of writings less is dev, since it takes so many held-out cases to tell a good judge.
"""

import hashlib
from functools import cached_property
from typing import ClassVar, Literal, TypeVar

from pydantic import Field

from gravity.frameworks.errors import DataError
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Record, Text

Split = Literal["dev", "held-out"]
DEV_PERCENT = 40
DEV_PERCENT_OF_WRITINGS = 20
MATTERS = ("gold", "seeds", "facets.yaml", "items", "cultures")  # of an overlay: what cases are about
NO_LEVEL = ("same topic", "character", "reported", "mixed")  # of a facet; in a case with a level, "reported" is denied
WITH_LEVEL = ("stated", "implied", "ironic", "reported")
NO_VIEW = ("plot", "praise", "character", "reported")  # the kinds of case that hold no view of the writer


class GoldCase(Record):
    """Base of the gold cases. Of its set `dev_percent` are dev."""

    dev_percent: ClassVar[int] = DEV_PERCENT
    id: Text
    culture: Text
    reason: Text

    @property
    def split(self) -> Split:
        """The split that it belongs to."""
        return split_of(self.id, self.dev_percent)


class SeedCase(GoldCase):
    """Base of those that are about a seed: all cases of one seed are in one split."""

    seed: Text

    @property
    def split(self) -> Split:
        """The split that its seed's cases belong to."""
        return split_of(self.seed)


class GoldStance(SeedCase):
    """A short review excerpt and its reader's stance toward a seed's statement."""

    language: Text
    excerpt: Text
    answer: Literal["agree", "disagree", "unknown"]
    case: Text


class GoldScenario(SeedCase):
    """A situation with two ways on, and which of them goes with a seed's statement; both and neither are traps."""

    situation: Text
    first: Text
    second: Text
    answer: Literal["first", "second", "both", "neither"]


class GoldBias(SeedCase):
    """A scene without fault and its twin with one planted defect, `quote`, in one of its three parts."""

    kind: Literal["stereotype", "exoticism", "foreign default", "wrong fact", "spoken for", "value judged"]
    situation: Text
    endorsing: Text
    opposing: Text
    part: Literal["situation", "endorsing", "opposing"]
    defective: Text
    quote: Text


class OwnView(Record):
    """A view that the writer of an excerpt holds, with the words of the excerpt that show it."""

    quote: Text
    statement: Text
    opposite: Text
    about: Literal["books", "life"]
    said: Literal["stated", "implied"]


class GoldView(GoldCase):
    """A review or an excerpt of one, and all views of its writer that it shows; in cases of the kinds NO_VIEW, none."""

    language: Text
    title: Text
    rating: int = Field(ge=1, le=5)
    excerpt: Text
    case: Literal["stated", "implied", "ironic", "rejected", "plot", "praise", "character", "reported"]
    views: list[OwnView]


class ShortReview(Record):
    """A review of a gold case's reader."""

    title: Text
    rating: int = Field(ge=1, le=5)
    text: Text


class GoldFacet(GoldCase):
    """One to three reviews of a reader, and which end of a facet they show; of kinds NO_LEVEL, none."""

    language: Text
    facet: Text
    answer: Literal["high", "low", "unknown"]
    case: Literal["stated", "implied", "ironic", "reported", "same topic", "character", "mixed"]
    reviews: list[ShortReview] = Field(min_length=1, max_length=3)


class GoldWriting(GoldCase):
    """Reviews of a reader, and two descriptions of another book, of which one fits what they praise; in a case of the
    kind "nothing" neither does more. Other kinds than these two are traps, in which a text tries to win by what should
    not count."""

    dev_percent: ClassVar[int] = DEV_PERCENT_OF_WRITINGS
    language: Text
    case: Literal["fits", "nothing", "flattery", "invented", "name-dropping", "length"]
    reviews: list[ShortReview] = Field(min_length=2, max_length=4)
    title: Text
    description: Text
    first: Text
    second: Text
    answer: Literal["first", "second", "neither"]


class GoldInvention(GoldCase):
    """A book's description, a faithful writing of it, and the same with a planted fault, whose words are `quote`."""

    dev_percent: ClassVar[int] = DEV_PERCENT_OF_WRITINGS
    language: Text
    case: Literal["event", "person", "setting", "praise", "author", "reader"]
    title: Text
    description: Text
    clean: Text
    planted: Text
    quote: Text

    @property
    def fault(self) -> Literal["invention", "reader"]:
        """Whether something is said of the book that its description does not say, or words to its reader."""
        return "reader" if self.case == "reader" else "invention"


G = TypeVar("G", GoldStance, GoldScenario, GoldBias, GoldView, GoldFacet, GoldWriting, GoldInvention)


def split_of(identity: str, dev_percent: int = DEV_PERCENT) -> Split:
    """The split of the cases that belong to a seed, or of a case that belongs to none, in a set of which `dev_percent`
    are dev."""
    return "dev" if hashlib.sha256(f"gold {identity}".encode()).digest()[0] * 100 < dev_percent * 256 else "held-out"


class Gold:
    """The seven sets of a library's folders, read when first asked for.

    An overlay's cases are added to the shipped ones, and replace those of the same id. Raises DataError with file
    and line for a bad case.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    @cached_property
    def version(self) -> str:
        """A hash of the seven sets, which changes with any case, and with what of an overlay cases are about."""
        made = hashlib.sha256()
        for path in sorted((self._library.root / "gold").rglob("*.jsonl")):
            made.update(path.read_bytes())
        for path in self._library.overlaid():
            if path.relative_to(self._library.folders[-1]).parts[0] in MATTERS:
                made.update(path.read_bytes())
        return made.hexdigest()[:12]

    @cached_property
    def stances(self) -> dict[str, GoldStance]:
        """Review excerpts by id."""
        return {identity: case for identity, (_, case) in self._read("stance", GoldStance).items()}

    @cached_property
    def scenarios(self) -> dict[str, GoldScenario]:
        """Scenario pairs by id."""
        return {identity: case for identity, (_, case) in self._read("scenarios", GoldScenario).items()}

    @cached_property
    def bias(self) -> dict[str, GoldBias]:
        """Planted defects with their clean twins by id."""
        read = self._read("bias", GoldBias)
        for where, case in read.values():
            if case.quote not in case.defective or case.quote in getattr(case, case.part):
                raise DataError(
                    f"{where}: {case.id}: the quote must stand in the defective text and not in the clean one"
                )
        return {identity: case for identity, (_, case) in read.items()}

    @cached_property
    def views(self) -> dict[str, GoldView]:
        """Reviews with the views of their writers by id."""
        read = self._read("views", GoldView)
        for where, case in read.values():
            if bool(case.views) == (case.case in NO_VIEW):
                has = "a view" if case.views else "no view"
                raise DataError(f"{where}: {case.id}: a case of the kind '{case.case}' cannot have {has}")
            if any(view.quote not in case.excerpt for view in case.views):
                raise DataError(f"{where}: {case.id}: each quote must stand in the excerpt")
        return {identity: case for identity, (_, case) in read.items()}

    @cached_property
    def facets(self) -> dict[str, GoldFacet]:
        """Readers' reviews with the end of a facet that they show, by id."""
        read = self._read("facets", GoldFacet)
        for where, case in read.values():
            if case.facet not in self._library.facets:
                raise DataError(f"{where}: unknown facet '{case.facet}'")
            if case.case not in (NO_LEVEL if case.answer == "unknown" else WITH_LEVEL):
                raise DataError(f"{where}: {case.id}: a case of the kind '{case.case}' cannot be {case.answer}")
        return {identity: case for identity, (_, case) in read.items()}

    @cached_property
    def writings(self) -> dict[str, GoldWriting]:
        """Readers' reviews with two descriptions of another book by id."""
        read = self._read("writings", GoldWriting)
        for where, case in read.values():
            if (case.answer == "neither") != (case.case == "nothing"):
                raise DataError(f"{where}: {case.id}: a case of the kind '{case.case}' cannot be {case.answer}")
            if case.first == case.second:
                raise DataError(f"{where}: {case.id}: the two texts must differ")
        return {identity: case for identity, (_, case) in read.items()}

    @cached_property
    def inventions(self) -> dict[str, GoldInvention]:
        """Writings with a planted fault and their clean twins by id."""
        read = self._read("inventions", GoldInvention)
        for where, case in read.values():
            if case.quote not in case.planted or case.quote in case.clean:
                raise DataError(
                    f"{where}: {case.id}: the quote must stand in the planted text and not in the clean one"
                )
        return {identity: case for identity, (_, case) in read.items()}

    def _read(self, name: str, kind: type[G]) -> dict[str, tuple[str, G]]:
        read = self._library.read(f"gold/{name}", kind, lambda case: case.id)
        for where, case in read.values():
            if isinstance(case, SeedCase) and case.seed not in self._library.seeds:
                raise DataError(f"{where}: unknown seed '{case.seed}'")
            if case.culture not in self._library.cultures:
                raise DataError(f"{where}: unknown culture '{case.culture}'")
        return read
