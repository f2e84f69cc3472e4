"""The answer in a few sentences and one table, read from the figures by their names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gravity.audit.figures import Figure
from gravity.audit.findings import between, number
from gravity.audit.study import listed
from gravity.compare.contrasts import Role
from gravity.compare.evidence import ORIGINAL, CardOf, WriterInfo
from gravity.compare.study import Study

GAIN = "gain"
TOP = "first by Bradley and Terry"
INTERESTING = "interest"
INVENTED = "inventions per 100 texts"
WORSE = "worse than the original"
# The columns of the table: the name of a figure, and against whom it is where it is a contrast.
COLUMNS: Mapping[str, tuple[str, Role | None]] = {
    "gain over the original": (GAIN, "original"),
    "gain over prompt-only": (GAIN, "prompt-only"),
    "chance to be first of all": (TOP, None),
    "interesting, 1 to 5": (INTERESTING, None),
    "inventions in 100 texts": (INVENTED, None),
    "worse than the original": (WORSE, "original"),
}
_CARDS: Mapping[CardOf, str] = {"own": "the reader's own card", "other": "another reader's card", "none": "no card"}
_AGAINST: Mapping[Role, str] = {"original": "the book's own description", "prompt-only": "prompting alone"}


@dataclass(frozen=True)
class Shown:
    """A figure as the table shows it, and the id of its row further down."""

    text: str
    interval: str = ""
    link: str = ""


@dataclass(frozen=True)
class Line:
    """A writer's row of the table."""

    name: str
    about: str
    cells: Sequence[Shown]


@dataclass(frozen=True)
class Headline:
    """What a writer gains with the reader's own card over itself with another reader's."""

    figure: Shown
    words: str


class Summary:
    """The answer. `anchor` says where on the page a figure stands."""

    columns = tuple(COLUMNS)
    caption = "The writers over all cultures. Gains are wins less losses in 100 comparisons, with 95% intervals"

    def __init__(self, study: Study, figures: Sequence[Figure], anchor: Callable[[Figure], str]) -> None:
        self._study = study
        self._anchor = anchor
        self._figures = {key: figure for figure in reversed(figures) if (key := _key(figure))}
        writers = study.evidence.writers
        self.headlines = [self._headline(writer) for writer in writers if writer.twin in study.writers]
        self.rows = [self._line(writer) for writer in writers]

    @property
    def scope(self) -> list[str]:
        """What was compared, and how far its judges can be believed."""
        evidence = self._study.evidence
        said = [
            f"{_many(len(evidence.writers), 'writer')}; {_many(len(evidence.cells), 'cell')} of "
            f"{_many(len({cell.reader for cell in evidence.cells}), 'reader')} and "
            f"{_many(len({cell.book for cell in evidence.cells}), 'book')}; "
            f"{_many(len(evidence.comparisons), 'comparison')}; {_many(len(self._study.cultures), 'culture')} "
            f"({listed(self._study.cultures)})."
        ]
        if not evidence.qualified:
            said.append("Nobody has qualified on gold cases: how far these judges can be believed is not known.")
        return said

    @property
    def sentences(self) -> list[str]:
        """The rest of the answer in plain words."""
        said = [self._gains("original"), self._gains("prompt-only"), self._invented()]
        if not self.headlines:
            said.insert(
                0,
                "Whether texts fit their own reader is not measured: no writer was also shown another reader's card.",
            )
        return [sentence for sentence in said if sentence]

    def _headline(self, writer: WriterInfo) -> Headline:
        figure = self._figures.get((GAIN, writer.name, "other card"))
        shown = self._shown(figure)
        if figure and _told(figure):
            words = f"95% interval {shown.interval}, wins less losses in 100 comparisons"
            shown = replace(shown, text=f"{shown.text} points", interval=words)
        told = f"{writer.name} against {writer.twin}, the same writer with another reader's card. "
        if figure is None or not _told(figure):
            words = "Whether its texts fit their reader cannot be said: there is too little to tell."
        elif self._beyond_chance(figure) > 0:
            words = "Its texts fit the reader that they are for. This is personalisation; the rest may be better prose."
        elif self._beyond_chance(figure) < 0:
            words = "Readers would rather have what it writes for somebody else."
        else:
            words = "That its texts fit the reader that they are for cannot be told from chance."
        return Headline(shown, told + words)

    def _gains(self, role: Role) -> str:
        """One sentence on all writers' gains over another."""
        found = {w: f for w in self._study.writers if (f := self._figures.get((GAIN, w, role))) and _told(f)}
        if not found:
            return f"Whether any writer is preferred to {_AGAINST[role]} cannot be said: there is too little to tell."
        parts = []
        if better := [_gained(writer, f) for writer, f in found.items() if self._beyond_chance(f) > 0]:
            parts.append(f"Preferred to {_AGAINST[role]}: {listed(better)}.")
        if worse := [_gained(writer, f) for writer, f in found.items() if self._beyond_chance(f) < 0]:
            parts.append(f"Worse than {_AGAINST[role]}: {listed(worse)}.")
        if not parts:
            return f"Over {_AGAINST[role]} no writer's gain or loss can be told from chance."
        return " ".join(parts)

    def _beyond_chance(self, figure: Figure) -> float:
        """A gain that holds after correction for all that is tested; 0 for one that does not."""
        holds = figure.adjusted is not None and figure.adjusted <= self._study.settings.alpha
        return figure.value if holds and figure.value is not None else 0.0

    def _invented(self) -> str:
        """One sentence on who invents most, and that it is not preferred for it."""
        found = {w: f for w in self._study.writers if (f := self._figures.get((INVENTED, w, None))) and _told(f)}
        most = max(found.items(), key=lambda one: one[1].value or 0, default=None)
        if most is None or not most[1].value:
            return ""
        writer, figure = most
        return (
            f"Most inventions: {writer}, with {_bare(figure.value, figure)} in 100 texts ({_between(figure)}). A "
            "text that invents is never counted as preferred."
        )

    def _line(self, writer: WriterInfo) -> Line:
        about = "the book's own description" if writer.name == ORIGINAL else _CARDS[writer.card]
        cells = [self._figures.get((name, writer.name, role)) for name, role in COLUMNS.values()]
        return Line(writer.name, about, [self._shown(figure) for figure in cells])

    def _shown(self, figure: Figure | None) -> Shown:
        if figure is None:
            return Shown("–")
        if not _told(figure):
            return Shown("insufficient", f"n = {figure.n:,}", self._anchor(figure))
        return Shown(_bare(figure.value, figure), _between(figure), self._anchor(figure))


def _key(figure: Figure) -> tuple[str, str, Role | None] | None:
    """A figure's name, its writer and the role of whom that is held against; None for one of a part of the cells."""
    writer, against, role = (figure.extra.get(name) for name in ("writer", "against", "role"))
    whole = role is None or figure.group in (writer, f"{writer} against {against}")
    return None if figure.culture or not whole else (figure.name, str(writer or figure.group), role)


def _told(figure: Figure) -> bool:
    return figure.enough and figure.value is not None


def _gained(writer: str, figure: Figure) -> str:
    return f"{writer} ({_bare(figure.value, figure)}; {_between(figure)})"


def _bare(value: float | None, figure: Figure) -> str:
    """A number without the name of its unit."""
    return number(value, figure.unit).removesuffix(f" {figure.unit}")


def _between(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return between(figure.low, figure.high, figure.unit).removesuffix(f" {figure.unit}")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
