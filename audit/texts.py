"""The texts that are read for words: of the scenarios, or of the pairs where there are no scenarios.

A text is counted once however many pairs use it. Texts of the values track alone are read where tracks are known:
book descriptions may speak of anywhere, and personality items belong to no culture. Of more texts than `TEXTS` a
culture that many are drawn at random.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gravity.audit.study import Study, count_words
from gravity.audit.tables import Codes, Floats, codes, group, pick, where

TEXTS = 50_000


@dataclass(frozen=True)
class Texts:
    """Texts by culture, those of a column of pairs once each: the codes of their culture and seed, and the text.

    `row` names where each stands.
    """

    culture: Codes
    seed: Codes
    text: list[str]
    row: list[str]
    rows_are: str

    @cached_property
    def words(self) -> Floats:
        """The words of each."""
        return np.array([count_words(text) for text in self.text], dtype=np.float64)


def texts(study: Study) -> Texts:
    """The texts that are read, `TEXTS` of a culture at most."""
    found = _all_texts(study)
    order = np.random.default_rng(0).permutation(len(found.text))
    kept = [order[found.culture[order] == code][:TEXTS] for code in range(len(study.cultures))]
    places = np.sort(np.concatenate([np.empty(0, dtype=np.int64), *kept]))
    text, row = ([values[place] for place in places] for values in (found.text, found.row))
    return Texts(found.culture[places], found.seed[places], text, row, found.rows_are)


def _all_texts(study: Study) -> Texts:
    """The scenarios' texts; where there are none, the distinct sides and tasks of the pairs."""
    scenes = study.evidence.scenes
    culture = study.culture_codes(scenes)
    if len(scenes):
        found, distinct = codes(scenes, "text")
        rows = np.flatnonzero((culture >= 0) & (found >= 0))
        kept_texts = [distinct[code] for code in found[rows]]
        seeds, ids = codes(scenes, "seed")[0][rows], pick(scenes, "id", rows)
        return Texts(culture[rows], seeds, kept_texts, ids, "scenarios")
    pairs = study.evidence.pairs
    known = where(pairs, "track", "values", "all") & (study.culture_codes(pairs) >= 0)
    if not known.any():
        return Texts(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), [], [], "pairs")
    culture, seed = study.culture_codes(pairs)[known], codes(pairs, "subject")[0][known]
    ids = pairs["id"].filter(known)
    kept: list[Codes] = []
    text: list[str] = []
    names: list[str] = []
    for column in ("task", "chosen", "rejected"):
        found, distinct = codes(pairs, column)
        first = np.sort(np.unique(group(culture, found[known]), return_index=True)[1])
        first = first[found[known][first] >= 0]
        kept.append(first)
        text += [distinct[code] for code in found[known][first]]
        names += ids.take(first).to_pylist()
    place = np.concatenate(kept)
    return Texts(culture[place], seed[place], text, names, "pairs")
