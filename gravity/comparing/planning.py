"""How many readers and books show a gain, and what asking about them costs. Nothing is written or asked for it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

from gravity.agents.profiler import aliased
from gravity.agents.prompting import prompt
from gravity.agents.window import estimated_tokens
from gravity.comparing.asking import Panel
from gravity.comparing.cells import Cells, Chooser, Place, Wanted
from gravity.comparing.comparing import Stage
from gravity.comparing.who import chosen
from gravity.estimating import Need

GAIN = 0.1  # wins less losses, of all comparisons, that is to be shown
POWER = 0.8
ALPHA = 0.05
# What is assumed of comparisons: how many are decided, and how alike two of one reader, or of one book, come out. A
# pilot with capable judges decided 17 of 20 between two cards; the likeness is the trainer's for rows of one reader.
DECIDED = 0.85
LIKENESS = 0.1
# Tokens of an answer, reason included, by what is asked; the prompts ask for short reasons.
ANSWERS = {"compare": 70, "interest": 50, "invented": 80}


@dataclass(frozen=True)
class Size:
    """So many `readers`, over all cultures, with `books` each, and the gain (0 to 1) that so many show in 4 of 5 cases,
    after the correction for all tests that are stated beforehand."""

    readers: int
    books: int
    gain: float

    @property
    def cells(self) -> int:
        """Readers and books together."""
        return self.readers * self.books


@dataclass(frozen=True)
class Plan:
    """What was wanted, what would show a gain of 10 points, by books a reader, the readers at hand by culture and the
    books, and what is to be asked: for what was wanted, of models that answer by the call."""

    wanted: Size
    sizes: Sequence[Size]
    readers: Mapping[str, int]
    books: int
    tests: int
    needs: Sequence[Need]
    texts: Mapping[str, int]
    notes: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON can hold it."""
        return {
            "wanted": asdict(self.wanted),
            "assumed": {"decided": DECIDED, "likeness": LIKENESS, "power": POWER, "alpha": ALPHA, "tests": self.tests},
            "shows_10_points": [asdict(size) for size in self.sizes],
            "readers": dict(self.readers),
            "books": self.books,
            "needs": [asdict(need) for need in self.needs],
            "texts": dict(self.texts),
            "notes": list(self.notes),
        }


def plan(on: Stage, wanted: Wanted) -> Plan:
    """The plan of a comparison. Raises what comparing raises before it writes."""
    setup, met = on.setup, on.unmet()
    chooser = Chooser(setup.stores, on.run, setup.taxonomy, met)
    cells = chooser.cells(wanted)
    readers = {place.cell.reader for place in cells.places}
    cultures = sorted({place.cell.culture for place in cells.places})
    panel = chosen(setup, setup.workbench(on.run.id), on.entries, cultures)
    tests = _tests(on)
    each = len(cells.places) / len(readers)
    return Plan(
        wanted=Size(len(readers), round(each), shown(len(cells.places), each, tests)),
        sizes=[enough(books, tests) for books in (1, 2, 4, 8)],
        readers=chooser.at_hand(wanted.culture),
        books=len(setup.stores.corpus.described()),
        tests=tests,
        needs=_needs(on, cells, panel.panels),
        texts={entry.name: len(cells.places) for entry in on.entries if entry.settings is not None},
        notes=[*panel.notes, *([] if panel.qualified else ["models that have not qualified are counted in"])],
    )


def enough(books: int, tests: int) -> Size:
    """How many readers, with so many books each, show a gain of GAIN, where it is one of so many tests."""
    cells = math.ceil(_spread(books, GAIN) * (_quantiles(tests) / GAIN) ** 2)
    return Size(math.ceil(cells / books), books, GAIN)


def shown(cells: int, books: float, tests: int) -> float:
    """The gain that so many cells show, at most 1."""
    return min(1.0, _quantiles(tests) * math.sqrt(_spread(books, 0.0) / cells))


def _spread(books: float, gain: float) -> float:
    """The variance of a comparison's outcome, -1, 0 or 1, times Kish's design effect for several of one reader."""
    return (DECIDED - gain**2) * (1 + LIKENESS * (books - 1))


def _quantiles(tests: int) -> float:
    """The sum of the normal quantiles of the level, with Bonferroni's correction, and of the power."""
    normal = NormalDist()
    return normal.inv_cdf(1 - ALPHA / 2 / max(1, tests)) + normal.inv_cdf(POWER)


def _tests(on: Stage) -> int:
    """The tests that are stated beforehand: each writer against the original and prompting alone, and own cards against
    others'."""
    writers = [entry for entry in on.entries if entry.settings is not None]
    against_prompting = sum(not entry.info.prompt_only for entry in writers)
    prompting = any(entry.info.prompt_only for entry in writers)
    twins = sum(entry.info.twin is not None for entry in writers)
    return len(writers) + (against_prompting if prompting else 0) + twins


def _needs(on: Stage, cells: Cells, panels: Mapping[str, Panel]) -> list[Need]:
    """The calls by role and model, with the tokens of prompts as they would be rendered, originals in the writings'
    place."""
    calls, tokens_in, tokens_out = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    orders, sides, writers = on.setup.config.judging.orders, len(on.sides), len(on.entries)
    for place in cells.places:
        panel = panels[place.cell.culture]
        asked = [("judge", judge.name, "compare", orders * sides) for judge in panel.judges]
        asked += [("judge", judge.name, "interest", writers) for judge in panel.judges]
        asked += [("critic", checker.name, "invented", writers) for checker in panel.checkers]
        for role, model, question, n in asked:
            calls[role, model] += n
            tokens_in[role, model] += n * _prompt_tokens(on, place, question)
            tokens_out[role, model] += n * ANSWERS[question]
    prices = {model.name: on.setup.config.prices.get(name) for name, model in on.setup.models.by_name.items()}
    needs = []
    for (role, model), n in calls.items():
        price, given, taken = prices.get(model), tokens_in[role, model], tokens_out[role, model]
        cost = price.of(given, taken) if price else None
        currency = price.currency if price else None
        needs.append(Need(role, model, n, tokens_in=given, tokens_out=taken, cost=cost, currency=currency))
    return needs


def _prompt_tokens(on: Stage, place: Place, question: str) -> int:
    domain = on.setup.library.domain(on.setup.config.domain)
    text = place.cell.description
    shown = {"reviews": aliased(place.reviews), "first": text, "second": text, "text": text, "description": text}
    rendered = prompt(question).render(domain=domain, title=place.cell.title, most=0, **shown)
    return estimated_tokens("".join(rendered))
