"""The gates that rows pass on their way into a dataset, and the rows that came to each.

A further gate is one more function here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from gravity.audit.study import Study
from gravity.audit.tables import Codes, Flags, codes, group, numbers, pick, where


@dataclass(frozen=True)
class Gate:
    """The rows that came to a gate. `clusters` are one or two ways in which rows are not independent; `identity` is
    the column that names what was stopped, and `rows_are` what that is."""

    name: str
    what: str
    table: pa.Table
    identity: str
    rows_are: str
    culture: Codes
    strata: Codes
    clusters: tuple[Codes, ...]
    passed: Flags

    def of(self, rows: Flags) -> "Gate":
        """The gate for some of its rows."""
        return replace(
            self,
            table=self.table.filter(pa.array(rows)),
            culture=self.culture[rows],
            strata=group(self.strata[rows]),
            clusters=tuple(group(way[rows]) for way in self.clusters),
            passed=self.passed[rows],
        )

    def stopped(self, rows: Flags) -> list[str]:
        """The ids of what was stopped among some of the rows."""
        return list(dict.fromkeys(pick(self.table, self.identity, rows & ~self.passed)))


def gates(study: Study) -> Iterator[Gate]:
    """The gates that the evidence has rows for."""
    makers = (_critic, _scenario_link, _stance_link, _pair, _lot, _person)
    for gate, came in filter(None, (make(study) for make in makers)):
        rows = came & (gate.culture >= 0)
        if rows.any():
            yield gate.of(rows)


def _critic(study: Study) -> tuple[Gate, Flags]:
    scenes = study.evidence.scenes
    clean = numbers(scenes, "clean")
    gate = Gate(
        "critic", "first drafts of scenarios pass the critics", scenes, "id", "scenarios",
        study.culture_codes(scenes), codes(scenes, "dimension")[0], (codes(scenes, "seed")[0],), clean == 1,
    )  # fmt: skip
    return gate, np.isfinite(clean)


def _scenario_link(study: Study) -> tuple[Gate, Flags]:
    scenes = study.evidence.scenes
    gate = Gate(
        "scenario link", "scenarios that come before the judges are vetted", scenes, "id", "scenarios",
        study.culture_codes(scenes), codes(scenes, "dimension")[0], (codes(scenes, "seed")[0],),
        where(scenes, "verdict", "vetted"),
    )  # fmt: skip
    return gate, numbers(scenes, "judged") == 1


def _stance_link(study: Study) -> tuple[Gate, Flags]:
    facts, known = study.evidence.facts, study.library.seeds
    seeds, names = codes(facts, "name")
    # A stance's dimension is that of its seed.
    dimensions = [f"{known[name].framework} {known[name].dimension}" if name in known else "" for name in names]
    strata = np.array([*np.unique(dimensions, return_inverse=True)[1], 0], dtype=np.int64)[seeds]
    gate = Gate(
        "stance link", "stances that are asked for are told", facts, "reader", "readers",
        study.culture_codes(facts), strata, (codes(facts, "reader")[0], seeds), ~where(facts, "value", "unknown"),
    )  # fmt: skip
    return gate, where(facts, "kind", "stance") & ~where(facts, "value", "failed")


def _pair(study: Study) -> tuple[Gate, Flags] | None:
    pairs = study.evidence.pairs
    vetted, settled = where(pairs, "verdict", "vetted"), where(pairs, "verdict", "vetted", "held", "rejected")
    if not (settled & ~vetted).any():
        # A dataset holds what passed: that is no pass rate of 100%.
        return None
    return _of_pairs(study, "pair", "composed pairs are vetted", vetted), settled


def _lot(study: Study) -> tuple[Gate, Flags]:
    pairs = study.evidence.pairs
    gate = _of_pairs(study, "lot", "labels in the sample of a lot are confirmed", where(pairs, "checked", "chosen"))
    return gate, where(pairs, "checked", "chosen", "rejected", "undecided")


def _person(study: Study) -> tuple[Gate, Flags]:
    pairs = study.evidence.pairs
    gate = _of_pairs(study, "person", "pairs that people saw are kept", where(pairs, "decided", "keep", "edit"))
    return gate, where(pairs, "decided", "keep", "edit", "flip", "reject")


def _of_pairs(study: Study, name: str, what: str, passed: Flags) -> Gate:
    pairs = study.evidence.pairs
    strata = group(codes(pairs, "track")[0], codes(pairs, "dimension")[0])
    clusters = (codes(pairs, "reader")[0], codes(pairs, "subject")[0])
    return Gate(name, what, pairs, "id", "pairs", study.culture_codes(pairs), strata, clusters, passed)
