"""The stages at which candidates are stopped on their way into a dataset, and the rows that came to each.

A further stage is one more function here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from gravity.audit.study import Study
from gravity.audit.tables import Codes, Flags, codes, group, numbers, pick, where


@dataclass(frozen=True)
class Stage:
    """The rows that came to a stage, and which of them passed.

    `what` says in words what passing is, `advice` what to do where a culture is stopped more often. `identity` is the
    column that names what was stopped, and `rows_are` what that is. `clusters` are one or two ways in which rows are
    not independent.
    """

    name: str
    what: str
    advice: str
    table: pa.Table
    identity: str
    rows_are: str
    culture: Codes
    strata: Codes
    clusters: tuple[Codes, ...]
    passed: Flags

    def only(self, rows: Flags) -> "Stage":
        """The stage for some of its rows."""
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


def stages(study: Study) -> Iterator[Stage]:
    """The stages that the evidence has rows for."""
    makers = (_second_asking, _critic, _scenario_link, _stance_link, _pair, _lot, _person)
    for stage, came in filter(None, (make(study) for make in makers)):
        rows = came & (stage.culture >= 0)
        if rows.any():
            yield stage.only(rows)


def _second_asking(study: Study) -> tuple[Stage, Flags]:
    views = study.evidence.views
    strata = group(codes(views, "about")[0], codes(views, "said")[0])
    stage = Stage(
        "second asking", "views that were found hold when they are put to the second asking",
        "Read the dropped views beside their reviews, reason by reason. Put the models that find and refute views to "
        "this culture's gold views, and replace the one that errs there",
        views, "id", "views", study.culture_codes(views), strata, (codes(views, "reader")[0],),
        where(views, "verdict", "kept"),
    )  # fmt: skip
    return stage, numbers(views, "asked") == 1


def _critic(study: Study) -> tuple[Stage, Flags]:
    clean = numbers(study.evidence.scenes, "clean")
    stage = _of_scenes(
        study, "critic", "first drafts of scenarios pass the critics", clean == 1,
        "Read the remarks on the stopped drafts, critic by critic. Qualify the critics on this culture's planted "
        "defects and their clean twins, and replace a critic that raises false alarms there",
    )  # fmt: skip
    return stage, np.isfinite(clean)


def _scenario_link(study: Study) -> tuple[Stage, Flags]:
    scenes = study.evidence.scenes
    stage = _of_scenes(
        study, "scenario link", "scenarios that come before the judges are vetted", where(scenes, "verdict", "vetted"),
        "Read the refused scenarios with their votes. Qualify the judges on this culture's gold scenarios, and have a "
        "reviewer of the culture look at them",
    )  # fmt: skip
    return stage, numbers(scenes, "judged") == 1


def _stance_link(study: Study) -> tuple[Stage, Flags]:
    facts = study.evidence.facts
    seeds, names = codes(facts, "name")
    # A stance's dimension is that of its seed.
    dimensions = [study.dimension(name) or "" for name in names]
    # A seed of one reader's own was made of a view of theirs: that its stance is told says nothing.
    own = np.array([*(study.brought.get(name, {}).get("reader") is not None for name in names), False])[seeds]
    strata = np.array([*np.unique(dimensions, return_inverse=True)[1], 0], dtype=np.int64)[seeds]
    stage = Stage(
        "stance link", "stances toward the seeds are told",
        "Look at these readers' reviews and their languages: a profiler finds less in a language that it reads worse. "
        "Try another profiler, or more reviews a reader",
        facts, "reader", "readers", study.culture_codes(facts), strata, (codes(facts, "reader")[0], seeds),
        ~where(facts, "value", "unknown"),
    )  # fmt: skip
    return stage, where(facts, "kind", "stance") & ~where(facts, "value", "failed") & ~own


def _pair(study: Study) -> tuple[Stage, Flags] | None:
    pairs = study.evidence.pairs
    vetted, settled = where(pairs, "verdict", "vetted"), where(pairs, "verdict", "vetted", "held", "rejected")
    if not (settled & ~vetted).any():
        # A dataset holds what passed: that is no pass rate of 100%.
        return None
    stage = _of_pairs(
        study, "pair", "composed pairs are vetted", vetted,
        "Compare the confidence of facts by culture: where the profiler is less sure of one culture, one minimum for "
        "all holds back more of it. Calibrate the profiler on gold stances",
    )  # fmt: skip
    return stage, settled


def _lot(study: Study) -> tuple[Stage, Flags]:
    pairs = study.evidence.pairs
    stage = _of_pairs(
        study, "lot", "labels in the sample of a lot are confirmed", where(pairs, "checked", "chosen"),
        "Look at the sampled pairs that the panel did not confirm. Withhold the lot, or mend the link that erred",
    )  # fmt: skip
    return stage, where(pairs, "checked", "chosen", "rejected", "undecided")


def _person(study: Study) -> tuple[Stage, Flags]:
    pairs = study.evidence.pairs
    stage = _of_pairs(
        study, "person", "pairs that people saw are kept", where(pairs, "decided", "keep", "edit"),
        "Ask the reviewers what was wrong: what they turn down is what the judges let pass",
    )  # fmt: skip
    return stage, where(pairs, "decided", "keep", "edit", "flip", "reject")


def _of_scenes(study: Study, name: str, what: str, passed: Flags, advice: str) -> Stage:
    scenes = study.evidence.scenes
    strata, clusters = codes(scenes, "dimension")[0], (codes(scenes, "seed")[0],)
    culture = study.culture_codes(scenes)
    return Stage(name, what, advice, scenes, "id", "scenarios", culture, strata, clusters, passed)


def _of_pairs(study: Study, name: str, what: str, passed: Flags, advice: str) -> Stage:
    pairs = study.evidence.pairs
    strata = group(codes(pairs, "track")[0], codes(pairs, "dimension")[0])
    clusters = (codes(pairs, "reader")[0], codes(pairs, "subject")[0])
    return Stage(name, what, advice, pairs, "id", "pairs", study.culture_codes(pairs), strata, clusters, passed)
