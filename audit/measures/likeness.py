"""Likeness: whether the readers of a culture are said to be more alike than people are."""

from collections.abc import Iterator

import numpy as np

from gravity.audit.alikeness import Views, entropy, excess, within
from gravity.audit.figures import Alarm, Figure
from gravity.audit.held import Held, held_stances
from gravity.audit.measure import Measure
from gravity.audit.measures.stances import STANCES
from gravity.audit.resampling import Estimate
from gravity.audit.study import Study, percent
from gravity.audit.tables import Flags, codes, group, pick, where

READERS = 1_000  # of a culture at most


def measure(study: Study) -> Iterator[Figure]:
    """Entropy within cultures, and how much more alike a culture's readers are than readers of different cultures."""
    held = held_stances(study)
    if held is None:
        return
    both = _both(study)
    kept = _some_readers(held)
    views = Views.from_rows(group(held.reader[kept]), held.seed[kept], held.culture[kept], held.agree[kept])
    for code, culture in enumerate(study.cultures):
        mine = held.culture == code
        readers = len(np.unique(held.reader[mine]))
        n = int(mine.sum())
        spread = Figure("entropy within the culture", culture, unit="bits", n=n, clusters=readers)
        alike = Figure("excess likeness of readers", culture, unit="difference", n=n, clusters=readers)
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
    return Views.from_rows(reader, seed, culture, said), Views.from_rows(reader, seed, culture, truth)


def _against_truth(study: Study, said: Views, true: Views, code: int) -> Iterator[Figure]:
    culture = study.cultures[code]
    mine, theirs = within(said, code), within(true, code)
    if mine is None or theirs is None:
        return
    enough = true.readers(code) >= study.settings.min_clusters and true.size(code) >= study.settings.min_rows
    for name, found in (("as profiled", mine), ("in truth", theirs)):
        yield Figure(
            "two readers of the culture agree", culture, name, n=true.size(code), clusters=true.readers(code),
            value=found.value, low=max(0.0, found.low), high=min(1.0, found.high), enough=enough,
        )  # fmt: skip
    gap = mine.value - theirs.value
    # The two rest on the same readers: the errors are added, which is cautious.
    error = float(np.hypot(mine.error, theirs.error))
    margin = 1.96 * error
    interval = Estimate(gap, gap - margin, gap + margin, error, min(mine.freedom, theirs.freedom))
    figure = Figure(
        "likeness beyond the truth", culture, unit="difference", n=true.size(code),
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


MEASURE = Measure(
    STANCES,
    {
        "excess likeness of readers": "How much more often two readers of the culture agree about a seed than a reader "
        "of it and one of another culture.",
        "likeness beyond the truth": "How much more often two readers agree as profiled than in truth.",
        "two readers of the culture agree": "How often two readers of the culture agree about a seed.",
        "entropy within the culture": "1 bit is an even split on every seed, 0 is one voice. Corrected for few readers "
        "(Miller and Madow).",
    },
    measure,
)
