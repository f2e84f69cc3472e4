"""What a comparison of writers rests on: readers and books, the writings, and what judges and checkers said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gravity.store.comparisons import Examined, Interest, Preferred

ORIGINAL = "original"
# Whose card a writer is shown. "other" is another reader's of the same culture.
CardOf = Literal["own", "other", "none"]


@dataclass(frozen=True)
class WriterInfo:
    """A writer of the line-up. `by` says what its texts are by, as their mark does; the original has none.

    `prompt_only` is the one that stands for prompting alone: the base model with the reader's card and no adapter.
    `twin` names the writer that differs from it in the card alone: it is shown another reader's.
    """

    name: str
    card: CardOf
    by: Mapping[str, Any] = field(default_factory=dict)
    prompt_only: bool = False
    twin: str | None = None


@dataclass(frozen=True)
class Cell:
    """A reader and a book that neither the adapters nor the reader's profile have met.

    `kind` is the widest category of the book, such as Fiction, and `family` the next one below it that it is in; ""
    where they are not known, as for `age` and `gender`. `language` is that of the book's own description, `title` and
    `description` are the book's, and `reviews` the reader's held-back ones, as the judges read them. `spread` is the
    standard deviation of the reader's ratings, in stars, and `entropy` that of the families that they have reviewed, in
    bits.
    """

    id: str
    reader: str
    culture: str
    book: str
    title: str
    description: str
    language: str = ""
    kind: str = ""
    family: str = ""
    age: str = ""
    gender: str = ""
    reviews: Sequence[str] = ()
    spread: float = 0.0
    entropy: float = 0.0


@dataclass(frozen=True)
class Writing:
    """A text for a cell; the original is one too. `cut` where a token limit ended it; `mark` is how the text is marked
    as a model's, None for the original."""

    cell: str
    writer: str
    text: str
    language: str = ""
    cut: bool = False
    mark: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Comparison:
    """Two writings for a cell side by side. `choices` are the judges' answers, two orders each, and `prefers` the
    writer whose text the panel would rather have: None where the judges that answered are undecided.

    What nobody answered is no comparison: `Evidence.missing` counts it.
    """

    cell: str
    first: str
    second: str
    choices: Sequence[Preferred]
    prefers: str | None


@dataclass(frozen=True)
class Rating:
    """How interesting the judges take one writing to be."""

    cell: str
    writer: str
    given: Sequence[Interest]


@dataclass(frozen=True)
class Check:
    """What checkers found in one writing."""

    cell: str
    writer: str
    found: Sequence[Examined]


@dataclass(frozen=True)
class PanelOnGold:
    """What the panel showed on gold cases: of `telling` ones, which have a right answer, it gave it in `right` and the
    wrong one in `wrong`; of `tied` ones, whose reader would not mind, it preferred a side in `sided`."""

    telling: int = 0
    right: int = 0
    wrong: int = 0
    tied: int = 0
    sided: int = 0


@dataclass(frozen=True)
class Evidence:
    """All of it. `source` names the run; `judges` and `checkers` by culture are those who were asked, and `panel` by
    culture what the judges showed together on gold cases; none where nobody has qualified, and `qualified` then is
    False. `missing` counts what there should be and is not, by what and reason."""

    source: str
    writers: Sequence[WriterInfo]
    cells: Sequence[Cell]
    writings: Sequence[Writing]
    comparisons: Sequence[Comparison]
    ratings: Sequence[Rating]
    checks: Sequence[Check]
    judges: Mapping[str, Sequence[str]] = field(default_factory=dict)
    checkers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    panel: Mapping[str, PanelOnGold] = field(default_factory=dict)
    qualified: bool = True
    missing: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
