"""Two kinds of books, such as fiction and non-fiction: which part of a card makes the gap between them."""

from collections.abc import Iterator, Sequence

import numpy as np

from gravity.audit.figures import Figure
from gravity.audit.measure import Measure, Section
from gravity.compare.evidence import WriterInfo
from gravity.compare.factorial import CARDS, NONE, Effect, Row, covariates_of, effects
from gravity.compare.study import Study

# What is told of the books or readers beside the cards, as figures name it.
_NAMES = {
    "description": "words of the description",
    "facts": "facts in 100 words of it",
    "spread": "spread of the reader's ratings",
    "entropy": "entropy of what the reader reads",
    "all covariates": "all of them",
}


def is_factorial(writers: Sequence[WriterInfo]) -> bool:
    """Whether the line-up is one writer with growing cards."""
    return {NONE, *CARDS} <= {writer.name for writer in writers}


def rows(study: Study) -> tuple[list[Row], list[str]]:
    """How each card came out against none, in the two kinds that most cells are of, and the kinds' names."""
    cells, place = study.evidence.cells, {name: column for column, name in enumerate(study.writers)}
    counts = {kind: int(of.sum()) for kind, of in study.facet("kind")}
    kinds = sorted(sorted(counts, key=lambda kind: -counts[kind])[:2])
    found = []
    for number, cell in enumerate(cells):
        if cell.kind not in kinds or len(kinds) < 2:
            continue
        words, facts = covariates_of(cell.description)
        for card in CARDS:
            won = study.printable[number, place[card], place[NONE]]
            if not np.isnan(won):
                outcome, second = float(2 * won - 1), cell.kind == kinds[1]
                given = (cell.reader, cell.book, card, second, outcome)
                found.append(Row(*given, words, facts, cell.spread, cell.entropy))
    return found, kinds


def _measure(study: Study) -> Iterator[Figure]:
    if not is_factorial(study.evidence.writers):
        return
    made, kinds = rows(study)
    readers, books = {row.reader for row in made}, {row.book for row in made}
    least = study.settings
    enough = len(readers) >= least.min_readers and len(books) >= least.min_books
    for effect in effects(made):
        yield _figure(effect, kinds, min(len(readers), len(books)), enough and effect.n >= least.min_cells)


def _figure(effect: Effect, kinds: Sequence[str], clusters: int, enough: bool) -> Figure:
    name, _, group = effect.name.partition(", ")
    for number, kind in zip(("first kind", "second kind"), kinds, strict=True):
        group = group.replace(number, kind)
    figure = Figure(
        name=name,
        group=_NAMES.get(group, group),
        unit="points",
        n=effect.n,
        clusters=clusters,
        value=effect.value,
        low=effect.low,
        high=effect.high,
        enough=enough,
    )
    if enough:
        figure.family, figure.test, figure.against, figure.p = "exploratory", effect.test, 0.0, effect.p
    return figure


MEASURE = Measure(
    Section(
        "kinds",
        "Two kinds of books",
        "One writer with no card, with growing ones, and with another reader's. All figures are wins less losses "
        "against the text without a card; a gap is the later kind of the alphabet less the earlier one.",
    ),
    {
        "gain over no card": "Mean of a linear mixed model with crossed effects of reader, book and both together.",
        "gap between the kinds": "How much more the card gains in the one kind than in the other. The gap of the "
        "shuffled card is what any card would do.",
        "part of the gap": "What a part of the card adds to the gap of the cards before it; the parts sum up to the "
        "gap of the whole card.",
        "gap that covariates leave": "The gap of the whole card beside the covariates, in one model.",
        "covariate": "What one standard deviation of a covariate goes with.",
        "explained by": "How much of the whole card's gap goes with how the kinds differ in a covariate (Gelbach's "
        "decomposition, bootstrap over readers).",
        "gap in the matched subset": "The whole card's gap among pairs of books of one reader, one of each kind, that "
        "are alike in the length of their descriptions and in how many facts these have.",
    },
    _measure,
)
