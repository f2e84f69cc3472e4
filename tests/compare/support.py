"""Small comparisons of writers made by hand."""

from collections.abc import Iterable, Sequence
from typing import Any

from gravity.audit.figures import Figure
from gravity.compare.evidence import Cell, Check, Comparison, Evidence, WriterInfo, Writing
from gravity.compare.examine import Compared, examine
from gravity.compare.settings import CompareSettings
from gravity.store.comparisons import Examined, Place, Preferred, Remark
from gravity.store.records import Provenance

BY = Provenance(model="m")
BLURB = "A story of a lighthouse and of those who keep it."
ORIGINAL, PROMPTED, TUNED, OTHER = (
    WriterInfo("original", "none"),
    WriterInfo("prompted", "own", prompt_only=True),
    WriterInfo("tuned", "own", twin="tuned, other card"),
    WriterInfo("tuned, other card", "other"),
)


def cells(readers: int = 8, books: int = 8, **fields: Any) -> list[Cell]:
    """Every reader with every book."""
    return [
        Cell(f"{reader}-{book}", f"reader {reader}", "us", f"book {book}", f"Book {book}", BLURB, "en", **fields)
        for reader in range(readers)
        for book in range(books)
    ]


def choice(judge: str, order: Place, prefers: Place | None, answered: bool = True) -> Preferred:
    """A judge's answer."""
    return Preferred(
        judge=judge, order=order, prefers=prefers, confidence=0.8, reason="", made_by=BY, answered=answered
    )


def steady(prefers: Place | None, judge: str = "a") -> list[Preferred]:
    """The same answer in both orders."""
    return [choice(judge, "first", prefers), choice(judge, "second", prefers)]


def compared(cell: Cell, first: str, second: str, won: float) -> Comparison:
    """A comparison that the first won (1), lost (0), or that is undecided (0.5)."""
    prefers: Place | None = None if won == 0.5 else "first" if won else "second"
    return Comparison(cell.id, first, second, steady(prefers), {"first": first, "second": second, None: None}[prefers])


def comparisons(of: Sequence[Cell], first: str, second: str, won: Iterable[float]) -> list[Comparison]:
    """A comparison of two writers for each cell."""
    return [compared(cell, first, second, one) for cell, one in zip(of, won, strict=True)]


def check(cell: Cell, writer: str, *remarks: Remark, answered: bool = True, checker: str = "c") -> Check:
    """What one checker found."""
    found = Examined(checker=checker, remarks=list(remarks), made_by=BY, answered=answered)
    return Check(cell.id, writer, [found])


def writings(of: Sequence[Cell], writer: str, text: str = "One text about it.", **fields: Any) -> list[Writing]:
    """The same text for each cell."""
    return [Writing(cell.id, writer, text, "en", **fields) for cell in of]


def square(side: int, lost: int) -> list[float]:
    """Outcomes of every reader with every book: each loses so often in about four, and wins else."""
    return [float((reader + book) % 4 >= lost) for reader in range(side) for book in range(side)]


def evidence(writers: Sequence[WriterInfo], of: Sequence[Cell], **more: Any) -> Evidence:
    """Evidence of what is given, and nothing else."""
    empty: dict[str, Any] = {"writings": [], "comparisons": [], "ratings": [], "checks": []}
    return Evidence("test", writers, of, **(empty | more))


def found(given: Evidence, **settings: Any) -> Compared:
    """The comparison of some evidence."""
    return examine(given, CompareSettings(**settings))


def named(made: Compared, name: str, group: str | None = None, culture: str = "") -> Figure:
    """The one figure of that name, group and culture."""
    same = [f for f in made.figures if f.name == name and group in (None, f.group) and f.culture == culture]
    assert len(same) == 1, [(f.name, f.group, f.culture) for f in same]
    return same[0]
