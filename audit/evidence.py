"""What an audit looks at: tidy tables, one a kind of record, whatever they were read from.

A source that lacks a kind of record gives an empty table and says so in `notes`; every measure takes empty tables.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

_TEXT, _YES, _COUNT, _NUMBER = pa.string(), pa.bool_(), pa.int64(), pa.float64()


def _schema(**fields: pa.DataType) -> pa.Schema:
    return pa.schema(list(fields.items()))


# A preference pair. `subject` is its seed, item or book; `takes` says which side was chosen, where that is known:
# agree or disagree with the seed, high or low in the facet. `checked` is the side that a panel would choose (chosen,
# rejected, undecided) where the pair was in the sample of its lot, `decided` what a person did with it (keep, edit,
# flip, reject).
PAIRS = _schema(
    id=_TEXT, reader=_TEXT, culture=_TEXT, track=_TEXT, framework=_TEXT, dimension=_TEXT, subject=_TEXT, scenario=_TEXT,
    takes=_TEXT, verdict=_TEXT, checked=_TEXT, decided=_TEXT, task=_TEXT, chosen=_TEXT, rejected=_TEXT,
)  # fmt: skip
# A scenario pair. `clean` says that no critic stopped its first draft, `judged` that it came before the judges.
SCENES = _schema(
    id=_TEXT, culture=_TEXT, seed=_TEXT, framework=_TEXT, dimension=_TEXT, verdict=_TEXT, reason=_TEXT, clean=_YES,
    judged=_YES, text=_TEXT,
)  # fmt: skip
# A critic's remark about the first draft of a scenario.
REMARKS = _schema(scenario=_TEXT, culture=_TEXT, seed=_TEXT, critic=_TEXT, kind=_TEXT, severity=_TEXT, quote=_TEXT)
# A judge's vote about a scenario in one order; `endorses` is null where it gave no answer.
VOTES = _schema(scenario=_TEXT, culture=_TEXT, seed=_TEXT, judge=_TEXT, order=_TEXT, endorses=_TEXT, confidence=_NUMBER)
# One inferred thing about a reader; `evidence` counts the reviews and `views` the views that it rests on.
FACTS = _schema(
    reader=_TEXT, culture=_TEXT, language=_TEXT, kind=_TEXT, name=_TEXT, value=_TEXT, confidence=_NUMBER,
    evidence=_COUNT, views=_COUNT, model=_TEXT,
)  # fmt: skip
# `views` counts a reader's kept views, repeats left out; it is null where nobody read the reviews for views.
READERS = _schema(id=_TEXT, culture=_TEXT, gender=_TEXT, age=_TEXT, language=_TEXT, reviews=_COUNT, views=_COUNT)
# A view that was found in a review. `reason` is the kind of reason that it was dropped for, null where it was kept;
# `asked` says that it was put to the second asking, and `repeats` that it says what an earlier view of the reader says.
# `seeds` are those toward which a stance is taken that rests on it, or on a repeat of it.
VIEWS = _schema(
    id=_TEXT, reader=_TEXT, culture=_TEXT, about=_TEXT, said=_TEXT, verdict=_TEXT, reason=_TEXT, asked=_YES,
    repeats=_YES, seeds=pa.list_(pa.string()),
)  # fmt: skip
# A kept seed that readers brought, one row for each culture that it is used in. `reader` is who alone holds it, null
# where several brought it; `known` says that its dimension is one of the shipped frameworks. `agree` and `disagree`
# count the readers, of all cultures, whose views were on either side when it was worded.
BROUGHT = _schema(
    id=_TEXT, culture=_TEXT, reader=_TEXT, dimension=_TEXT, known=_YES, statement=_TEXT, agree=_COUNT, disagree=_COUNT,
)  # fmt: skip
# What is true of readers, from outside: the same kinds and names as facts.
TRUTH = _schema(reader=_TEXT, kind=_TEXT, name=_TEXT, value=_TEXT)
# What a model showed on the gold cases of one task in one culture, as its qualification has it: `error_rates` are its
# errors by name, how many and of how many cases.
_ERROR_RATES = pa.list_(pa.struct([("name", pa.string()), ("wrong", _COUNT), ("cases", _COUNT)]))
GOLD = _schema(
    task=_TEXT, model=_TEXT, culture=_TEXT, answered=_COUNT, error_rates=_ERROR_RATES, brier=_NUMBER, ece=_NUMBER,
)  # fmt: skip
# An answer about a case (`before`), about its twin with culture markers swapped (`after`), and about the case asked
# `again` with nothing changed; `toward` is the culture whose markers were put in.
SWAPS = _schema(
    case=_TEXT, seed=_TEXT, culture=_TEXT, toward=_TEXT, role=_TEXT, model=_TEXT, name=_TEXT, before=_TEXT, after=_TEXT,
    again=_TEXT,
)  # fmt: skip


# How far a facet or a trait (`of`) can be relied on in a culture, or in "all": the correlation `r` of the scores of the
# two halves of readers' reviews with its interval, the partial one with genres and star ratings taken out, and the
# reliability of both halves together, with its interval. In `agreed` of the readers of whom both halves gave a level it
# is the same; of `halves` that were asked about, `told` gave one. `doubtful` says that it makes no pairs there.
RELIABILITY = _schema(
    of=_TEXT, name=_TEXT, culture=_TEXT, readers=_COUNT, r=_NUMBER, low=_NUMBER, high=_NUMBER, partial=_NUMBER,
    spearman_brown=_NUMBER, spearman_brown_low=_NUMBER, spearman_brown_high=_NUMBER, both=_COUNT, agreed=_COUNT,
    halves=_COUNT, told=_COUNT, doubtful=_YES,
)  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """The tables of one audit, where they came from, and what was missing or odd about them.

    `trails` gives, for ids of pairs, the reviews that each rests on.
    """

    source: str
    pairs: pa.Table = field(default_factory=PAIRS.empty_table)
    scenes: pa.Table = field(default_factory=SCENES.empty_table)
    remarks: pa.Table = field(default_factory=REMARKS.empty_table)
    votes: pa.Table = field(default_factory=VOTES.empty_table)
    facts: pa.Table = field(default_factory=FACTS.empty_table)
    readers: pa.Table = field(default_factory=READERS.empty_table)
    views: pa.Table = field(default_factory=VIEWS.empty_table)
    brought: pa.Table = field(default_factory=BROUGHT.empty_table)
    truth: pa.Table = field(default_factory=TRUTH.empty_table)
    gold: pa.Table = field(default_factory=GOLD.empty_table)
    swaps: pa.Table = field(default_factory=SWAPS.empty_table)
    reliability: pa.Table = field(default_factory=RELIABILITY.empty_table)
    notes: tuple[str, ...] = ()
    trails: Callable[[Sequence[str]], dict[str, list[str]]] = lambda ids: {}
