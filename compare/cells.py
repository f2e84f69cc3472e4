"""The texts side by side: which cells the page shows, and what it says of each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from gravity.audit.study import count_words
from gravity.compare.evidence import ORIGINAL, Cell, Comparison, Evidence
from gravity.compare.index import Ending, Index
from gravity.compare.quotes import pieces
from gravity.compare.study import Study
from gravity.store.comparisons import Preferred
from gravity.store.records import content_id

# Cells on the page at most, and answers of judges: with more a browser takes seconds to open it.
SHOWN = 200
ANSWERS = 6_000
_IN_WORDS: dict[Ending, str] = {
    "tied": "no judge can tell", "undecided": "the judges are undecided", "unanswered": "no judge answered",
}  # fmt: skip


@dataclass(frozen=True)
class Sides:
    """What the viewer can choose from. `pair` are the places among `writers` of the two that are shown first."""

    writers: Sequence[str]
    pair: tuple[int, int]
    cultures: Sequence[str]
    kinds: Sequence[str]
    families: Sequence[str]
    cells: Sequence[dict[str, Any]]
    of: int


def first_pair(evidence: Evidence) -> tuple[str, str]:
    """The two writers that tell most of personalisation: the own card against another's, or else prompting against the
    original, or else the first two."""
    names = [writer.name for writer in evidence.writers]
    twins = [(writer.name, writer.twin) for writer in evidence.writers if writer.twin in names]
    prompted = [(writer.name, ORIGINAL) for writer in evidence.writers if writer.prompt_only and ORIGINAL in names]
    # With two twins, that of the trained writer says more: the line-up ends with it.
    return next(((one, other) for one, other in [*twins[::-1], *prompted] if other), (names[0], names[-1]))


def sides(study: Study) -> Sides:
    """The texts side by side, of `SHOWN` cells at most and of no more than have `ANSWERS` answers."""
    evidence, names, index = study.evidence, study.writers, Index(study)
    first, second = first_pair(evidence)
    drawn = _drawn(evidence, index, {first, second})
    return Sides(
        writers=names,
        pair=(names.index(first), names.index(second)),
        cultures=sorted({cell.culture for cell in drawn}),
        kinds=sorted({cell.kind for cell in drawn} - {""}),
        families=sorted({cell.family for cell in drawn} - {""}),
        cells=[_cell(cell, place, names, index) for place, cell in enumerate(drawn)],
        of=len(evidence.cells),
    )


def _drawn(evidence: Evidence, index: Index, pair: set[str]) -> list[Cell]:
    """Cells drawn by the digits of their ids, from each culture and each outcome of the pair in turn."""
    lots: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in sorted(evidence.cells, key=lambda one: content_id(one.id)):
        judged = [one for one in index.comparisons(cell.id) if {one.first, one.second} == pair]
        outcome = index.ending(judged[0]) if judged else ""
        lots[cell.culture, outcome].append(cell)
    turns = zip_longest(*(lots[key] for key in sorted(lots)))
    drawn: list[Cell] = []
    answers = 0
    for cell in filter(None, chain.from_iterable(turns)):
        answers += sum(len(one.choices) for one in index.comparisons(cell.id))
        if len(drawn) == SHOWN or (drawn and answers > ANSWERS):
            break
        drawn.append(cell)
    return drawn


def _cell(cell: Cell, place: int, names: Sequence[str], index: Index) -> dict[str, Any]:
    return {
        "cell": cell,
        "anchor": f"cell-{place}",
        "language": cell.language,
        "about": [part for part in (cell.culture, cell.language, cell.age, cell.gender) if part],
        "genre": [part for part in (cell.kind, cell.family) if part],
        "texts": [text for writer, name in enumerate(names) if (text := _text(cell, writer, name, index))],
        "judged": [_judged(one, names, index) for one in index.comparisons(cell.id)],
    }


def _text(cell: Cell, writer: int, name: str, index: Index) -> dict[str, Any] | None:
    writing = index.writing(cell.id, name)
    if writing is None:
        return None
    cut, lost = pieces(writing.text, index.remarks(cell.id, name))
    given = index.ratings(cell.id, name)
    scores = [one.score for one in given if one.score is not None]
    return {
        "writer": writer,
        "name": name,
        "language": writing.language or cell.language,
        "pieces": cut,
        "lost": lost,
        "count": count_words(writing.text),
        "cut": writing.cut,
        "given": given,
        "interest": sum(scores) / len(scores) if scores else None,
        "unchecked": name != ORIGINAL and not index.found(cell.id, name),
    }


def _judged(comparison: Comparison, names: Sequence[str], index: Index) -> dict[str, Any]:
    pair = (comparison.first, comparison.second)
    ended = index.ending(comparison)
    rather = comparison.prefers
    outcome = _IN_WORDS.get(ended, "") if rather is None else f"the judges would rather have {rather}"
    if rather is not None and ended == "tied":
        outcome += ", which invents; so it counts as a tie"
    return {
        "pair": [names.index(name) for name in pair],
        "names": pair,
        "won": {"won": names.index(pair[0]), "lost": names.index(pair[1])}.get(ended, ended),
        "outcome": outcome,
        "answers": [_answer(choice, pair) for choice in comparison.choices],
    }


def _answer(choice: Preferred, pair: tuple[str, str]) -> dict[str, str]:
    name = dict(zip(("first", "second"), pair, strict=True))
    prefers = name[choice.prefers] if choice.prefers else "cannot tell" if choice.answered else "no usable answer"
    return {
        "judge": choice.judge,
        "shown": name[choice.order],
        "prefers": prefers,
        "sure": f"{100 * choice.confidence:.0f}%" if choice.answered else "",
        "reason": choice.reason,
    }
