"""What the offline head learns from: statements with a scenario pair and two excerpts, none of a held-out seed."""

from pathlib import Path
from typing import Literal

from gravity.frameworks.errors import DataError
from gravity.frameworks.gold import split_of
from gravity.frameworks.loader import DATA, Library
from gravity.frameworks.reading import read_records
from gravity.frameworks.records import Record, Text

Case = Literal["stated", "implied", "ironic", "reported"]


class Lesson(Record):
    """A statement with its opposite, two ways on from a situation, and a reader who agrees and one who does not.

    `seed` is a seed's id, or starts with "own-" where the statement is the author's own.
    """

    seed: Text
    statement: Text
    opposite: Text
    culture: Text
    situation: Text
    endorsing: Text
    opposing: Text
    language: Literal["en", "pt", "ja", "hi"]
    agree: Text
    agree_case: Case
    disagree: Text
    disagree_case: Case


def read_lessons(library: Library, root: Path = DATA) -> list[Lesson]:
    """The lessons in `root`/head, in file order.

    Raises DataError with file and line for one that is not valid, of a held-out or unknown seed, of a seed whose
    words it does not carry, or of a statement that its culture already has.
    """
    lessons: dict[tuple[str, str], Lesson] = {}
    for where, lesson in read_records(sorted((root / "head").glob("*.jsonl")), Lesson):
        seed = library.seeds.get(lesson.seed)
        if not lesson.seed.startswith("own-"):
            if seed is None or split_of(seed.id) == "held-out":
                raise DataError(f"{where}: '{lesson.seed}' is no seed of the dev split")
            if (seed.statement, seed.opposite) != (lesson.statement, lesson.opposite):
                raise DataError(f"{where}: statement and opposite are not those of '{lesson.seed}'")
        if lesson.culture not in library.cultures:
            raise DataError(f"{where}: unknown culture '{lesson.culture}'")
        if (lesson.seed, lesson.culture) in lessons:
            raise DataError(f"{where}: '{lesson.seed}' is already taken in {lesson.culture}")
        lessons[lesson.seed, lesson.culture] = lesson
    return list(lessons.values())
