"""Works: editions and reprints of one text are one book of a reader's, who has said of it what they had to say.

Two of a reader's books are one work where title and first author agree, or where the reader wrote the same text about
both; where an importer knows what editions have in common, as `parent_asin`, they have one id from the start.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gravity.store.records import Book, Review, content_id

# Shorter texts ("Great book!") are written about books that have nothing in common.
SAME_TEXT = 60  # characters

_NUMBER = r"(\d+|[ivx]+|one|two|three|four|five|six|seven|eight|nine|ten)"
_VOLUME = re.compile(
    rf"\b(?:book|bk|vol|volume|part|episode|season|livro|parte|tomo|band|tome)\b\W{{0,2}}{_NUMBER}\b"
    r"|(?:#|\bno\. ?)\s*(\d+)|第?(\d+)\s*(?:巻|部|話)|भाग\s*(\d+)"
)
_ASIDE = re.compile(r"[(\[（【][^)\]）】]*[)\]）】]")
_EDITION = re.compile(
    r"\b(?:kindle|e-?book|paperback|hardcover|large print|unabridged|abridged|illustrated|annotated|revised|updated|"
    r"expanded|anniversary|deluxe|special|collector'?s|international|first|second|third|\d+(?:st|nd|rd|th))"
    r"(?: (?:anniversary|and|&|revised|updated|expanded|\w+ized))* (?:edition|edição|ed\.)|\b(?:un)?abridged\b|"
    r"\b(?:audiobook|large print|mass market paperback)\b"
)
# What a subtitle may say without telling one work of an author from another.
_SAYS_NOTHING = re.compile(
    r"^(?:an?|the|um|uma|o)?(?: [\w']+){0,2} ?(?:novel|novella|memoir|thriller|mystery|romance|story|stories|tale|book|"
    r"comedy|poems|essays|conto|contos|memórias)(?: of [\w']+)?$"
)
_AUTHORS = re.compile(r"\s*(?:[;&/|、]|\band\b|\bwith\b|\be\b)\s*")
_ARTICLE = re.compile(r"^(?:the|an?) ")


@dataclass(frozen=True)
class Title:
    """What tells one work from another: the title without subtitle and edition, the subtitle ("" where it says
    nothing), the volume ("" for none), and the first author ("" where nobody is named)."""

    main: str
    subtitle: str
    volume: str
    author: str

    @property
    def loose(self) -> Hashable:
        """What two works have in common that may be one, whether or not their subtitles were given."""
        return self.main, self.volume, self.author


@dataclass(frozen=True)
class Work:
    """One work as one reader knows it: the ids of its `books`, and the reader's reviews of them, oldest first."""

    books: tuple[str, ...]
    reviews: tuple[Review, ...]

    @property
    def review(self) -> Review:
        """What the reader first said of it, with the rating that they gave last."""
        return self.reviews[0].model_copy(update={"rating": self.reviews[-1].rating})


def title_of(book: Book) -> Title:
    """The book's title and first author in the form in which those of other editions agree with them."""
    text = unicodedata.normalize("NFKC", book.title).casefold()
    volume = _VOLUME.search(text)
    number = next((group for group in volume.groups() if group), "") if volume else ""
    bare = _EDITION.sub(" ", _ASIDE.sub(" ", text))
    main, _, subtitle = bare.partition(":")
    subtitle = _words(_VOLUME.sub(" ", subtitle))
    return Title(
        main=_ARTICLE.sub("", _words(_VOLUME.sub(" ", main)) or _words(text)),
        subtitle="" if _SAYS_NOTHING.match(subtitle) else subtitle,
        volume=number,
        author=_author(book.author or ""),
    )


def edition(book: Book) -> str:
    """What the book has in common with other editions of its work, whoever read them; its id where nobody wrote it."""
    title = title_of(book)
    return content_id("work", title.loose, title.subtitle) if title.author else book.id


def works(reviews: Sequence[Review], books: Mapping[str, Book]) -> list[Work]:
    """The works that one reader's reviews are about, in the order of their first reviews; `books` are those known.

    Subtitles keep apart what an author has put under one title, unless no more than one of them is given.
    """
    ordered = sorted(reviews, key=in_time)
    ids = list(dict.fromkeys(review.book for review in ordered))
    same: list[tuple[str, str]] = []
    alike: dict[Hashable, list[tuple[str, str]]] = defaultdict(list)
    for identity in ids:
        title = title_of(books[identity]) if identity in books else None
        if title and title.author:
            alike[title.loose].append((identity, title.subtitle))
    for group in alike.values():
        apart = len({subtitle for _, subtitle in group if subtitle}) > 1
        leaders: dict[str, str] = {}
        for identity, subtitle in group:
            same.append((identity, leaders.setdefault(subtitle if apart else "", identity)))
    texts: dict[str, str] = {}
    for review in ordered:
        text = plain_text(review)
        if len(text) >= SAME_TEXT:
            same.append((review.book, texts.setdefault(text, review.book)))
    members: dict[str, list[str]] = defaultdict(list)
    leader = groups(ids, same)
    for identity in ids:
        members[leader[identity]].append(identity)
    said: dict[str, list[Review]] = defaultdict(list)
    for review in ordered:
        said[leader[review.book]].append(review)
    return [Work(tuple(members[first]), tuple(own)) for first, own in said.items()]


def groups(members: Iterable[str], same: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By member the one that stands for its group, where pairs say which are of one group."""
    leader = {member: member for member in members}

    def find(member: str) -> str:
        while leader[member] != member:
            leader[member] = leader[leader[member]]
            member = leader[member]
        return member

    for one, other in same:
        leader[find(one)] = find(other)
    return {member: find(member) for member in leader}


def in_time(review: Review) -> tuple[bool, int, str]:
    """Sorts reviews by their dates, undated ones first and by id."""
    return review.time is not None, review.time or 0, review.id


def plain_text(review: Review) -> str:
    """The words of a review, without case, punctuation and spacing."""
    return _words(unicodedata.normalize("NFKC", review.text).casefold())


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+(?:[\u0900-\u0dff]+[^\W_]*)*", text))


def _author(names: str) -> str:
    """The names of the first author in the order of the alphabet, so that "Last, First" is "First Last"."""
    first = _AUTHORS.split(unicodedata.normalize("NFKC", names).casefold())[0]
    parts = first.split(",")
    whole = " ".join(parts[:2]) if len(_words(parts[0]).split()) == 1 else parts[0]
    return " ".join(sorted(_words(whole.replace(".", " ")).split()))
