"""Stances: what a culture's readers are said to hold, beside the national figures, and whether they are too alike.

National figures describe countries. Nearness to them is shown and never wanted: people differ within a country far
more than countries do, so readers who all take the national side are a stereotype and no success.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from gravity.audit.alikeness import Views, entropy, excess, within
from gravity.audit.figures import Alarm, Figure
from gravity.audit.resampling import Draws, Interval
from gravity.audit.study import Study, percent
from gravity.audit.tables import Codes, Flags, codes, group, pick, where
from gravity.frameworks.records import Culture

SECTION = "stances"
READERS = 1_000


@dataclass(frozen=True)
class Held:
    """Who holds what: one row a reader and seed. `high` is whether that is the dimension's high pole."""

    reader: Codes
    seed: Codes
    culture: Codes
    agree: Flags
    high: Flags
    dimension: list[str]
    of_dimension: Codes


def measure(study: Study) -> list[Figure]:
    """Shares of the high pole by dimension, the spread within cultures, and how many chosen sides are national."""
    figures: list[Figure] = []
    held = _held(study)
    if held is not None:
        shares = list(_shares(study, held))
        figures += [*shares, *_with_nations(study, shares), *_spread(study, held)]
    return figures + list(_national(study))


def _held(study: Study) -> Held | None:
    """The stances of the profiles; where there are none, those that the pairs rest on."""
    seen = study.evidence
    table, rows, name, value = seen.facts, where(seen.facts, "kind", "stance"), "name", "value"
    if not rows.any():
        table, rows, name, value = seen.pairs, np.ones(len(seen.pairs), dtype=bool), "subject", "takes"
    rows &= where(table, value, "agree", "disagree")
    seeds, names = codes(table, name)
    known = [study.library.seeds.get(each) for each in names]
    rows &= np.array([*(seed is not None for seed in known), False])[seeds] & (study.culture_codes(table) >= 0)
    if not rows.any():
        return None
    readers = codes(table, "reader")[0]
    # A reader's pairs about one seed all rest on one stance.
    first = np.unique(group(readers[rows], seeds[rows]), return_index=True)[1]
    kept = np.flatnonzero(rows)[first]
    agree = where(table, value, "agree")[kept]
    pole = np.array([seed is not None and seed.pole == "high" for seed in known])[seeds[kept]]
    place = [f"{seed.framework}/{seed.dimension}" if seed else "" for seed in known]
    dimensions = sorted(set(place) - {""})
    index = np.array([dimensions.index(each) if each else -1 for each in place])[seeds[kept]]
    culture = study.culture_codes(table)[kept]
    return Held(group(readers[kept]), group(seeds[kept]), culture, agree, agree == pole, dimensions, index)


def _shares(study: Study, held: Held) -> Iterator[Figure]:
    for place, dimension in enumerate(held.dimension):
        for code, culture in enumerate(study.cultures):
            rows = (held.culture == code) & (held.of_dimension == place)
            if not rows.any():
                continue
            figure = Figure(SECTION, "takes the high pole", culture, dimension, n=int(rows.sum()))
            # The seeds of a dimension are few and the figure is about them: readers alone are drawn.
            draws = Draws((held.reader[rows],), study.settings.repeats)
            study.filled(figure, draws.rate(held.high[rows].astype(float), np.ones(int(rows.sum()))), draws)
            known = study.library.cultures.get(culture)
            if known is not None and (nation := national(study, known, dimension)) is not None:
                figure.extra["national"] = nation[0]
                figure.extra["national figure"] = nation[1]
            yield figure


def national(study: Study, culture: Culture, dimension: str) -> tuple[float, str] | None:
    """The nation's figure on a dimension, on the side of the high pole where above 0, and what it says in words."""
    framework, name = dimension.split("/", 1)
    if framework == "hofstede" and name in culture.hofstede.scores:
        score = culture.hofstede.scores[name]
        return score - 50, f"Hofstede {score:g}"
    known = study.library.frameworks.get(framework)
    meant = known.dimensions.get(name) if known else None
    if meant is None or meant.axis is None or meant.sign == 0:
        return None
    position: float = getattr(culture.wvs_map, meant.axis)
    return position * meant.sign, f"WVS map {meant.axis.replace('_', ' to ', 1).replace('_', '-')} {position:+.2f}"


def _with_nations(study: Study, shares: list[Figure]) -> Iterator[Figure]:
    """The rank correlation of shares with Hofstede's scores over the cells of culture and dimension; descriptive."""
    cells = [f for f in shares if f.group.startswith("hofstede/") and "national" in f.extra and f.enough]
    figure = Figure(SECTION, "rank correlation with Hofstede's scores", unit="correlation", n=len(cells))
    values = np.array([[f.value, f.extra["national"]] for f in cells], dtype=float)
    figure.enough = len(cells) > 4 and all(len(np.unique(column)) > 1 for column in values.T)
    if figure.enough:
        drawn = np.random.default_rng(0).integers(0, len(cells), (study.settings.repeats, len(cells)))
        ranks = stats.rankdata(values[np.vstack([np.arange(len(cells)), drawn])], axis=1)
        apart = ranks - ranks.mean(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            found = apart.prod(axis=2).sum(axis=1) / np.sqrt((apart**2).sum(axis=1).prod(axis=1))
        figure.value = float(found[0])
        figure.low, figure.high = (float(bound) for bound in np.nanquantile(found[1:], (0.025, 0.975)))
    yield figure


def _spread(study: Study, held: Held) -> Iterator[Figure]:
    """Entropy within cultures, and how much more alike a culture's readers are than readers of different cultures."""
    both = _both(study)
    kept = _some_readers(held)
    views = Views.of(group(held.reader[kept]), held.seed[kept], held.culture[kept], held.agree[kept])
    for code, culture in enumerate(study.cultures):
        mine = held.culture == code
        readers = len(np.unique(held.reader[mine]))
        n = int(mine.sum())
        spread = Figure(SECTION, "entropy within the culture", culture, unit="bits", n=n, clusters=readers)
        alike = Figure(SECTION, "excess likeness of readers", culture, unit="difference", n=n, clusters=readers)
        alike.enough = spread.enough = n >= study.settings.min_rows and readers >= study.settings.min_clusters
        bits = entropy(views, code)
        if bits is not None:
            spread.value, spread.low, spread.high = bits.value, max(0.0, bits.low), min(1.0, bits.high)
        found = excess(views, code)
        if found is not None:
            alike.value, alike.low, alike.high = found.value, found.low, found.high
        if study.above(alike, found, study.settings.alike):
            alike.alarm = Alarm(
                "serious",
                f"Readers of {study.called(culture)} are more alike than people are: two of them agree "
                f"{percent(alike.value)} more often than readers of different cultures do",
                "Check that the profiler reads the reviews and not the country: profile the same reviews with the "
                "culture left out, and compare with real readers' answers",
            )
        yield spread
        yield alike
        if both is not None:
            yield from _against_truth(study, *both, code)


def _some_readers(held: Held) -> Flags:
    """The rows of at most `READERS` readers of each culture, drawn at random: their pairs grow with the square."""
    readers, first = np.unique(held.reader, return_index=True)
    order = np.random.default_rng(0).permutation(len(readers))
    home = held.culture[first]
    taken = np.zeros(len(readers), dtype=bool)
    for code in np.unique(home):
        taken[order[home[order] == code][:READERS]] = True
    return np.asarray(taken[held.reader], dtype=bool)


def _both(study: Study) -> tuple[Views, Views] | None:
    """The stances as profiled and in truth, of the readers and seeds that have both. None where there are none."""
    facts = study.evidence.facts
    sides = {"agree": True, "disagree": False}
    true = {
        (row["reader"], row["name"]): sides[row["value"]]
        for row in study.evidence.truth.to_pylist()
        if row["kind"] == "stance" and row["value"] in sides
    }
    if not true:
        return None
    told = np.flatnonzero(where(facts, "kind", "stance") & where(facts, "value", *sides))
    keys = list(zip(pick(facts, "reader", told), pick(facts, "name", told), strict=True))
    kept = np.array([key in true for key in keys], dtype=bool) & (study.culture_codes(facts)[told] >= 0)
    if not kept.any():
        return None
    rows = told[kept]
    reader, seed = group(codes(facts, "reader")[0][rows]), group(codes(facts, "name")[0][rows])
    said = where(facts, "value", "agree")[rows]
    truth = np.array([true[key] for key, keep in zip(keys, kept, strict=True) if keep], dtype=bool)
    culture = study.culture_codes(facts)[rows]
    return Views.of(reader, seed, culture, said), Views.of(reader, seed, culture, truth)


def _against_truth(study: Study, said: Views, true: Views, code: int) -> Iterator[Figure]:
    culture = study.cultures[code]
    mine, theirs = within(said, code), within(true, code)
    if mine is None or theirs is None:
        return
    enough = true.readers(code) >= study.settings.min_clusters and true.size(code) >= study.settings.min_rows
    for name, found in (("as profiled", mine), ("in truth", theirs)):
        yield Figure(
            SECTION, "two readers of the culture agree", culture, name, n=true.size(code), clusters=true.readers(code),
            value=found.value, low=max(0.0, found.low), high=min(1.0, found.high), enough=enough,
        )  # fmt: skip
    gap = mine.value - theirs.value
    # The two rest on the same readers: the errors are added, which is cautious.
    error = float(np.hypot(mine.error, theirs.error))
    margin = 1.96 * error
    interval = Interval(gap, gap - margin, gap + margin, error, min(mine.freedom, theirs.freedom))
    figure = Figure(
        SECTION, "likeness beyond the truth", culture, unit="difference", n=true.size(code),
        clusters=true.readers(code), value=gap, low=interval.low, high=interval.high, enough=enough,
    )  # fmt: skip
    if study.above(figure, interval, study.settings.parity_margin):
        figure.alarm = Alarm(
            "serious",
            f"The profiles make readers of {study.called(culture)} more alike than they are: two of them agree in "
            f"{percent(mine.value)} of stances as profiled and in {percent(theirs.value)} in truth",
            "The profiler falls back on something common to the culture: look at stances with little evidence",
        )
    yield figure


def _national(study: Study) -> Iterator[Figure]:
    """The share of values pairs whose chosen side is the pole of the national figure, over all and by culture."""
    pairs = study.evidence.pairs
    culture = study.culture_codes(pairs)
    sides = _national_sides(study, culture)
    rows = where(pairs, "takes", "agree", "disagree") & (sides != 0)
    hits = where(pairs, "takes", "agree") == (sides > 0)
    clusters = codes(pairs, "reader")[0], codes(pairs, "subject")[0]
    for name, of in study.parts(culture):
        mine = rows & of
        figure = Figure(SECTION, "chosen side is the national mean's", name, n=int(mine.sum()), enough=False)
        if mine.any():
            draws = study.draws(clusters, mine)
            found = draws.rate(hits[mine].astype(float), np.ones(figure.n))
            study.filled(figure, found, draws)
            if study.above(figure, found, study.settings.national_share):
                figure.alarm = Alarm(
                    "serious",
                    f"Labels{f' of {study.called(name)}' if name else ''} follow the country: in "
                    f"{percent(figure.value)} of the values pairs the chosen side is the one "
                    "that the national figure leans to",
                    "Profile the same reviews with the culture left out; a label must come from the reader's reviews",
                    rows=_picker(study, mine & hits),
                    rows_are="pairs on the national side",
                )
        if name in study.library.cultures or not name:
            yield figure


def _national_sides(study: Study, culture: Codes) -> Codes:
    """For each pair +1 where agreeing with its seed is the nation's side, -1 where disagreeing is, 0 for neither."""
    seeds, names = codes(study.evidence.pairs, "subject")
    sides = np.zeros((len(study.cultures) + 1, len(names) + 1), dtype=np.int64)
    for row, name in enumerate(study.cultures):
        for column, subject in enumerate(names):
            known, seed = study.library.cultures.get(name), study.library.seeds.get(subject)
            nation = national(study, known, f"{seed.framework}/{seed.dimension}") if known and seed else None
            if nation and seed:
                sides[row, column] = np.sign(nation[0]) * (1 if seed.pole == "high" else -1)
    return np.asarray(sides[culture, seeds], dtype=np.int64)


def _picker(study: Study, rows: Flags) -> Callable[[], list[str]]:
    return lambda: pick(study.evidence.pairs, "id", rows)
