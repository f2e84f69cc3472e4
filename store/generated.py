"""The mark that a model wrote a text: what wrote it, from what, and when. It goes wherever such a text goes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field

from gravity.store.answers import call_key
from gravity.store.records import Row, content_id

# IPTC's name for media that a trained model made: https://cv.iptc.org/newscodes/digitalsourcetype
TRAINED_ALGORITHMIC_MEDIA: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


class Generated(Row):
    """The mark of one text. What wrote it is `by`, in words for programs, and `writer`, 16 digits that are the same for
    the same.

    `card` and `book` are 16 digits each of what the text was written from, `prompt` the version of the request's
    wording, and `seed` what it was sampled with; a server may take no notice of the seed, and its rounding can differ
    from day to day. `cut` says that the token limit ended the text, and `at` when it was there, in UTC.
    """

    digital_source_type: str = TRAINED_ALGORITHMIC_MEDIA
    by: dict[str, Any]
    writer: str
    card: str
    book: str
    prompt: str
    seed: int
    cut: bool = False
    at: datetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def key(self) -> str:
        """The id of the writing: the same for the same writer, card, book, prompt and seed."""
        return content_id(self.writer, self.card, self.book, self.prompt, self.seed)

    def unlike(self, other: "Generated") -> str:
        """What makes this another writing than `other`, in words, the widest difference first; empty where nothing
        does."""
        if self.writer != other.writer:
            names = [name for name in {**other.by, **self.by} if self.by.get(name) != other.by.get(name)]
            told = [f"{name} was {other.by.get(name)} and is {self.by.get(name)}" for name in names]
            return f"another writer ({', '.join(told)})"
        for name, words in (
            ("prompt", "another wording of the request"),
            ("seed", f"the seed {other.seed} and not {self.seed}"),
            ("card", "another card of the reader"),
            ("book", "another title or description"),
        ):
            if getattr(self, name) != getattr(other, name):
                return words
        return ""


def writer_id(by: Mapping[str, Any]) -> str:
    """The 16 digits of a writer."""
    return call_key(by)[:16]
