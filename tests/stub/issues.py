"""What the played models know of views: which issue a text is about, which side it takes, and which views a review
shows by the truth of the planted readers and of the gold cases."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gravity.frameworks.loader import DATA, Library

_COPY = re.compile(r"\((\d+)\)$")
_SENTENCE = re.compile(r"[^.!?。！？।]{8,}[.!?。！？।]*")


@dataclass(frozen=True)
class Side:
    """A side of an issue: the id of a seed or of a construct, or the statement of a view that is neither's."""

    issue: str
    first: bool  # whether it is the statement's side


@dataclass(frozen=True)
class TrueView:
    """A view that a review shows."""

    quote: str
    statement: str
    opposite: str
    about: str
    said: str

    def answer(self, alias: str, title: str) -> dict[str, Any]:
        """It as a model answers it. The copy of a reader that a review's title names, as in "Fine (7)", says it in
        words of its own, which end with that number."""
        copy = _COPY.search(title)
        return {"review": alias, **vars(self), "statement": f"{self.statement}{copy[0] if copy else ''}"}


class Issues:
    """The issues of the planted readers and of the gold cases."""

    def __init__(self, library: Library) -> None:
        self._library = library

    @cached_property
    def texts(self) -> dict[str, tuple[str, str]]:
        """Statement and opposite of each issue that is a seed or a construct."""
        seeds = {seed.id: (seed.statement, seed.opposite) for seed in self._library.seeds.values()}
        return seeds | {row["id"]: (row["statement"], row["opposite"]) for row in _rows("quiet/constructs.jsonl")}

    @cached_property
    def sides(self) -> dict[str, Side]:
        """The side that a text takes, by the text."""
        found: dict[str, Side] = {}
        for view in (*self._gold_views(), *self._quiet_views()):
            issue, first = view.get("construct") or view.get("seed") or view["statement"], True
            if view.get("construct"):
                first = view["side"] == "statement"
            elif view.get("seed"):
                first = view["stance"] == "agree"
            found[view["statement"]], found[view["opposite"]] = Side(issue, first), Side(issue, not first)
        for issue, (statement, opposite) in self.texts.items():
            found[statement], found[opposite] = Side(issue, True), Side(issue, False)
        return found

    def side(self, statement: str) -> Side | None:
        """The side that the statement of a view takes, in whichever copy's words."""
        return self.sides.get(plain(statement))

    @cached_property
    def names(self) -> list[str]:
        """All issues, in a stable order."""
        return list(dict.fromkeys(side.issue for side in self.sides.values()))

    @cached_property
    def by_review(self) -> dict[str, list[TrueView]]:
        """The views that a review shows, by the beginning of its text."""
        found: dict[str, list[TrueView]] = {}
        for case in _rows(*(f"gold/views/{culture}.jsonl" for culture in self._library.cultures)):
            found[beginning(case["excerpt"])] = [_view(view) for view in case["views"]]
        reviews = _by_reader("quiet/reviews.jsonl")
        for person in _rows("quiet/truth.jsonl"):
            for view in person["views"]:
                text = reviews[person["reader"]][view["review"]]
                found.setdefault(beginning(text), []).append(_view(view))
        for text, seed, stance in (*self._loud_stances(), *self._gold_stances()):
            views = found.setdefault(beginning(text), [])
            statement, opposite = self.texts[seed]
            sides = (statement, opposite) if stance == "agree" else (opposite, statement)
            views.append(TrueView(_sentence(text, len(views)), *sides, about="life", said="implied"))
        return found

    def _gold_views(self) -> Iterator[dict[str, Any]]:
        for case in _rows(*(f"gold/views/{culture}.jsonl" for culture in self._library.cultures)):
            yield from case["views"]

    def _quiet_views(self) -> Iterator[dict[str, Any]]:
        for person in _rows("quiet/truth.jsonl"):
            yield from person["views"]

    def _loud_stances(self) -> Iterator[tuple[str, str, str]]:
        """Review, seed and stance of the planted readers who speak their values."""
        reviews = _by_reader("planted/reviews.jsonl")
        for person in _rows("planted/truth.jsonl"):
            for seed, places in person["evidence"].items():
                if person["stances"].get(seed) in ("agree", "disagree"):
                    for place in places:
                        yield reviews[person["reader"]][place], seed, person["stances"][seed]

    def _gold_stances(self) -> Iterator[tuple[str, str, str]]:
        for case in _rows(*(f"gold/stance/{culture}.jsonl" for culture in self._library.cultures)):
            if case["answer"] != "unknown":
                yield case["excerpt"], case["seed"], case["answer"]


def plain(statement: str) -> str:
    """A statement without the number of a reader's copy."""
    return _COPY.sub("", statement)


def beginning(text: str) -> str:
    """What a text is known by: prompts show review texts with '<' replaced."""
    return re.sub(r"\s+", " ", text.replace("‹", "<")).strip()[:80]


def _sentence(text: str, number: int) -> str:
    """Some sentence of a text, another one for another number."""
    sentences = [match.strip() for match in _SENTENCE.findall(text)] or [text.strip()]
    return str(sentences[number % len(sentences)])


def _view(row: dict[str, Any]) -> TrueView:
    return TrueView(**{name: row[name] for name in ("quote", "statement", "opposite", "about", "said")})


def _by_reader(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in _rows(name):
        found.setdefault(row["user_id"], []).append(row["text"])
    return found


def _rows(*names: str) -> Iterator[dict[str, Any]]:
    for name in names:
        yield from map(json.loads, (DATA / name).read_text(encoding="utf-8").splitlines())
