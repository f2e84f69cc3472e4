"""Which of two categories a reader prefers: smoothed log-odds of the reader's likes against those of other readers.

Monroe, Colaresi and Quinn (2008), "Fightin' Words", sections 3.3 to 3.5, with likes and other ratings in the place of a
word and the other words: an informative beta prior, and the difference over its standard error. What was not read says
nothing, so only ratings within a category count, and not how many of a reader's books are in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erf, log, sqrt

from gravity.frameworks.taxonomy import Taxonomy
from gravity.store.population import Others

PRIOR = 4.0  # ratings that the other readers' opinion of a category counts as, beside the reader's own
SMOOTH = 10.0  # ratings that the others' opinion of all categories counts as, beside that of one
LEAST = 2  # ratings that a reader must have given in either category
Z = 1.2815515655446004  # a preference holds with a probability of at least 0.9, as lots have to by default
MOST = 10  # preferences of one reader

Counts = tuple[float, float]  # liked, rated


@dataclass(frozen=True)
class Lean:
    """How much more or less than others a reader likes a category: `odds` are a difference of log-odds with their
    `variance`, `share` is the chance that the reader likes a book of it, `usual` that others do."""

    odds: float
    variance: float
    share: float
    usual: float
    liked: int
    rated: int


@dataclass(frozen=True)
class Preference:
    """That a reader prefers the category `better` to `worse`: by `z` standard errors, so with the probability
    `confidence`."""

    better: str
    worse: str
    z: float
    leans: tuple[Lean, Lean]

    @property
    def confidence(self) -> float:
        """The posterior probability, by its normal approximation, that the preference holds."""
        return (1 + erf(self.z / sqrt(2))) / 2


def lean(own: Counts, others: Counts, overall: float) -> Lean:
    """The reader's lean toward a category, from how often the reader and others (liked, rated) books of it; `overall`
    is the share (0 to 1, neither included) of all ratings that are likes."""
    (liked, rated), (theirs, of) = own, others
    a, b = theirs + SMOOTH * overall, of - theirs + SMOOTH * (1 - overall)
    usual = a / (a + b)
    mine, not_mine = liked + PRIOR * usual, rated - liked + PRIOR * (1 - usual)
    return Lean(
        odds=log(mine / not_mine) - log(a / b),
        variance=1 / mine + 1 / not_mine + 1 / a + 1 / b,
        share=mine / (mine + not_mine),
        usual=usual,
        liked=int(liked),
        rated=int(rated),
    )


def preferences(own: Mapping[str, Counts], others: Others, taxonomy: Taxonomy) -> list[Preference]:
    """The reader's preferences whose z reaches Z, surest first, at most MOST.

    The preferred category has to be likelier liked in itself as well, and not only more than others like it. A category
    is never put against one that it holds; where several pairs say the same of wider and narrower categories, the
    surest stands for them.
    """
    leans = {
        name: lean(counts, others.counts.get(name, (0.0, 0.0)), others.liked)
        for name, counts in sorted(own.items())
        if counts[1] >= LEAST
    }
    found = []
    for better, one in leans.items():
        for worse, other in leans.items():
            z = (one.odds - other.odds) / sqrt(one.variance + other.variance)
            if z >= Z and one.share > other.share and not taxonomy.kin(better, worse):
                found.append(Preference(better, worse, z, (one, other)))
    # Of a wide category and a narrow one that hold the same books the narrow one says more.
    depth = {name: len(taxonomy.lineage(name)) for name in leans}
    found.sort(key=lambda p: (-round(p.z, 9), -depth[p.better] - depth[p.worse], p.better, p.worse))
    return _distinct(found, taxonomy)[:MOST]


def _distinct(found: Sequence[Preference], taxonomy: Taxonomy) -> list[Preference]:
    kept: list[Preference] = []
    for one in found:
        said = ((_same(one.better, k.better, taxonomy) and _same(one.worse, k.worse, taxonomy)) for k in kept)
        if not any(said):
            kept.append(one)
    return kept


def _same(one: str, other: str, taxonomy: Taxonomy) -> bool:
    return one == other or taxonomy.kin(one, other)
