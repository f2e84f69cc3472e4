"""What judges and checkers say of writings: which of two a reader would rather have, how interesting one is to them,
and what of it the book's own description does not say."""

from typing import Literal

from gravity.store.records import Provenance, Row

Place = Literal["first", "second"]
# What a writing says that it should not: something of the book that its own description does not say, or words that
# address or praise the reader.
Fault = Literal["invention", "reader"]


class Preferred(Row):
    """A judge's answer to which of two writings a reader would rather have; None: it cannot tell, or gave no answer.

    `order` is the writing that was shown as A, and `confidence` 0 to 1. It is not `answered` where the judge gave no
    usable answer, for the `reason` given.
    """

    judge: str
    order: Place
    prefers: Place | None
    confidence: float
    reason: str
    made_by: Provenance
    answered: bool = True


class Interest(Row):
    """How interesting a judge takes one writing to be to a reader, 1 to 5; None where it gave no usable answer."""

    judge: str
    score: int | None
    reason: str
    made_by: Provenance


class Remark(Row):
    """A fault that a checker found in a writing, and the words of the writing that show it."""

    fault: Fault
    quote: str


class Examined(Row):
    """What a checker found in one writing. It is not `answered` where the checker gave no usable answer, for the
    `reason` given: then nothing is known of the writing."""

    checker: str
    remarks: list[Remark]
    made_by: Provenance
    answered: bool = True
    reason: str = ""
