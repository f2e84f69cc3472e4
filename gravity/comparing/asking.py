"""The questions of a comparison: which of two writings, how interesting is one, what does it invent. Put to all judges
and checkers side by side, a bounded number at a time; answers are kept by the models' own store of answers."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from gravity.agents.asking import together, work_off
from gravity.agents.writings.checker import WritingChecker
from gravity.agents.writings.judge import WritingJudge, preferred
from gravity.compare.evidence import Check, Comparison, Rating
from gravity.comparing.cells import Place
from gravity.progress import Progress
from gravity.store.records import Unanswered

# By cell and writer the text.
Written = Mapping[tuple[str, str], str]
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Panel:
    """Those who are asked about a culture's writings."""

    judges: Sequence[WritingJudge] = ()
    checkers: Sequence[WritingChecker] = ()
    quorum: int = 1


@dataclass
class Said:
    """What judges and checkers said; how many questions nobody answered, by what and reason, which the next start
    asks."""

    comparisons: list[Comparison] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    pending: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def unanswered(self) -> list[Unanswered]:
        """What nobody answered."""
        return [Unanswered(what=what, reason=reason, items=n) for (what, reason), n in self.pending.items()]


@dataclass(frozen=True)
class _Question:
    """One question, and what it is called where nobody answers."""

    what: str
    ask: Callable[[], Awaitable[None]]


def all_pairs(writers: Sequence[str]) -> list[tuple[str, str]]:
    """Each two of the writers."""
    return list(combinations(writers, 2))


def count(places: Sequence[Place], written: Written, pairs: Pairs, panels: Mapping[str, Panel]) -> int:
    """How many questions there are."""
    return sum(1 for _ in _questions(places, written, pairs, panels, Said()))


async def ask(
    places: Sequence[Place],
    written: Written,
    pairs: Pairs,
    panels: Mapping[str, Panel],
    concurrency: int,
    report: Progress,
) -> Said:
    """Puts all questions about the writings that there are. Raises ModelError where a model cannot be used."""
    said, done = Said(), 0
    total = count(places, written, pairs, panels)

    def finished() -> None:
        nonlocal done
        done += 1
        report("judge", done, total)

    def unanswered(question: _Question, reason: str) -> None:
        said.pending[question.what, reason] += 1
        finished()

    report("judge", 0, total)
    questions = _questions(places, written, pairs, panels, said)
    await work_off(questions, lambda question: question.ask(), concurrency, finished, unanswered)
    return said


def _questions(
    places: Sequence[Place], written: Written, pairs: Pairs, panels: Mapping[str, Panel], said: Said
) -> Iterator[_Question]:
    """All questions, a reader's one after the other, so that servers find the reviews in their caches."""
    writers = list(dict.fromkeys(writer for pair in pairs for writer in pair))
    for place in places:
        panel, cell = panels.get(place.cell.culture, Panel()), place.cell.id
        there = {writer: written[cell, writer] for writer in writers if (cell, writer) in written}
        if panel.judges:
            for first, second in pairs:
                if first in there and second in there:
                    yield _Question("comparison", _comparison(place, panel, (first, second), there, said))
            for writer, text in there.items():
                yield _Question("rating", _rating(place, panel, writer, text, said))
        if panel.checkers:
            for writer, text in there.items():
                yield _Question("check", _check(place, panel, writer, text, said))


def _comparison(
    place: Place, panel: Panel, pair: tuple[str, str], there: Mapping[str, str], said: Said
) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        first, second = pair
        asked = (
            judge.choices(place.reviews, place.cell.title, (there[first], there[second])) for judge in panel.judges
        )
        choices = [choice for given in await together(*asked) for choice in given]
        side = preferred(choices, panel.quorum)
        prefers = {"first": first, "second": second}[side] if side else None
        said.comparisons.append(Comparison(place.cell.id, first, second, choices, prefers))

    return ask


def _rating(place: Place, panel: Panel, writer: str, text: str, said: Said) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        given = await together(*(judge.interest(place.reviews, place.cell.title, text) for judge in panel.judges))
        said.ratings.append(Rating(place.cell.id, writer, given))

    return ask


def _check(place: Place, panel: Panel, writer: str, text: str, said: Said) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        cell = place.cell
        found = await together(*(each.examined(cell.title, cell.description, text) for each in panel.checkers))
        said.checks.append(Check(cell.id, writer, found))

    return ask
