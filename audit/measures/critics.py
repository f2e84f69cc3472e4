"""Critics: of whose drafts they make severe remarks."""

from collections.abc import Iterator

import numpy as np

from gravity.audit.figures import Alarm, Figure
from gravity.audit.hypotheses import clustered
from gravity.audit.measure import Measure
from gravity.audit.measures.judges import JUDGES_AND_CRITICS
from gravity.audit.study import Study, percent
from gravity.audit.tables import Codes, Flags, codes, group, pick, where


def measure(study: Study) -> Iterator[Figure]:
    """By critic, the share of first drafts of a culture with a severe remark of it, against the other cultures."""
    scenes, remarks = study.evidence.scenes, study.evidence.remarks
    place = {name: number for number, name in enumerate(scenes["id"].to_pylist())}
    scenario, known = codes(remarks, "scenario")
    row = np.array([*(place.get(name, -1) for name in known), -1])[scenario]
    severe = where(remarks, "severity", "severe") & (row >= 0)
    culture, seed = study.culture_codes(scenes), codes(scenes, "seed")[0]
    critic, critics = codes(remarks, "critic")
    for code, name in enumerate(critics):
        flagged = np.zeros(len(scenes), dtype=bool)
        flagged[row[severe & (critic == code)]] = True
        for home, label in enumerate(study.cultures):
            mine, all_ = culture == home, culture >= 0
            if not mine.any():
                continue
            figure = study.rate(flagged[mine], (seed[mine],), name="severe remarks", culture=label, group=name)
            if figure.enough and int((all_ & ~mine).sum()) >= study.settings.min_rows:
                _against_others(
                    study, figure, flagged[all_], mine[all_], seed[all_], name, pick(scenes, "id", mine & flagged)
                )
            yield figure


def _against_others(
    study: Study, figure: Figure, flagged: Flags, mine: Flags, seed: Codes, critic: str, ids: list[str]
) -> None:
    rest = float(flagged[~mine].mean())
    figure.family, figure.test, figure.against = "exploratory", "clustered score test against the others", rest
    figure.p = clustered(mine, flagged, np.zeros(len(mine), dtype=np.int64), (group(seed),))
    if figure.value is not None and figure.value - rest > study.settings.parity_margin:
        figure.alarm = Alarm(
            "moderate",
            f"The critic {critic} finds severe faults in {percent(figure.value)} of drafts of "
            f"{study.called(figure.culture)} and in {percent(rest)} of the others",
            "Put the critic to this culture's planted defects and their clean twins before you let it count there",
            rows=lambda: ids,
            rows_are=f"scenarios that {critic} marked",
        )


MEASURE = Measure(
    JUDGES_AND_CRITICS,
    {"severe remarks": "Share of first drafts of a culture in which the critic found a severe fault."},
    measure,
)
