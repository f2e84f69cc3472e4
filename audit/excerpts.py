"""What the pages quote: the beginnings of rows, and pairs that reviewers of a culture look at."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gravity.audit.study import Study
from gravity.audit.tables import codes, pick

SAMPLED = 12
MOST = 2_000  # pairs of a culture, drawn at random, that samples are taken from
BEGINNING = 160  # characters


class Excerpts:
    """Quotes from the evidence of a study."""

    def __init__(self, study: Study) -> None:
        self._study = study

    def beginnings(self, ids: Sequence[str]) -> dict[str, str]:
        """By id, the beginnings of the texts of scenarios and of the chosen sides of pairs."""
        evidence = self._study.evidence
        return {**_texts(evidence.scenes, "text", ids), **_texts(evidence.pairs, "chosen", ids)}

    def samples(self, culture: str) -> list[dict[str, Any]]:
        """At most `SAMPLED` pairs of a culture, each with the reviews that it rests on."""
        study = self._study
        mine = np.flatnonzero(study.culture_codes(study.evidence.pairs) == study.cultures.index(culture))
        order = np.random.default_rng(0).permutation(mine)[:MOST]
        tracks = codes(study.evidence.pairs, "track")[0][order]
        # Each track in turn, so that a small one is seen as well.
        turn = np.array([np.count_nonzero(tracks[:place] == track) for place, track in enumerate(tracks)])
        mine = order[np.argsort(turn, kind="stable")][:SAMPLED] if len(mine) else mine
        names = ("id", "track", "dimension", "task", "chosen", "rejected")
        columns = {name: pick(study.evidence.pairs, name, mine) for name in names}
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        reviews = study.evidence.trails([row["id"] for row in rows])
        return [{**row, "evidence": reviews.get(row["id"], [])} for row in rows]


def _texts(table: pa.Table, column: str, ids: Sequence[str]) -> dict[str, str]:
    wanted = pc.is_in(table["id"].cast("string"), value_set=pa.array(list(ids), pa.string()))
    found = table.filter(wanted).select(["id", column]).to_pylist()
    return {row["id"]: (row[column] or "")[:BEGINNING] for row in found}
