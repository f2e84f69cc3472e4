"""Who holds what: the stances that the audit looks at, as arrays."""

from dataclasses import dataclass

import numpy as np

from gravity.audit.study import Study
from gravity.audit.tables import Codes, Flags, codes, group, where


@dataclass(frozen=True)
class Held:
    """Stances, one row for each reader and seed.

    `high` is whether a stance takes the high pole of its dimension; `dimension` is the place of that in `dimensions`.
    """

    reader: Codes
    seed: Codes
    culture: Codes
    agree: Flags
    high: Flags
    dimension: Codes
    dimensions: list[str]


def held_stances(study: Study) -> Held | None:
    """The stances of the profiles; where there are none, those that the pairs rest on. None without any."""
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
    return Held(group(readers[kept]), group(seeds[kept]), culture, agree, agree == pole, index, dimensions)
