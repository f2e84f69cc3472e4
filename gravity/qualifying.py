"""Models are put to gold cases with known answers, and what they showed is kept."""

from collections import defaultdict
from datetime import UTC, datetime

from gravity.agents.kinds.rules import RulesModel
from gravity.agents.qualification import DEFECT, Exam, UnansweredError
from gravity.agents.qualification.trial import Trial
from gravity.frameworks.gold import Gold
from gravity.progress import Progress
from gravity.run import RunSetup
from gravity.standing import Candidate
from gravity.store.records import Qualification, Unanswered

# The rules need no model and no permission: their figures are for reading.
RULES = Candidate(DEFECT, "rules", RulesModel(), "rules")


class Qualified(list[Qualification]):
    """What models showed; `pending` counts the gold cases that nobody answered, by candidate and reason."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: list[Unanswered] = []


async def qualify(setup: RunSetup, gold: Gold, progress: Progress) -> Qualified:
    """Puts every candidate to the gold cases, keeps what it showed and returns it, with the rule critic's last.

    Nothing is told, or kept, of a candidate some of whose cases were not answered.
    """
    found = Qualified()
    for candidate in [*setup.standing.candidates, RULES]:
        try:
            rows = await _examined(setup, gold, candidate, progress)
        except UnansweredError as error:
            of = f" of the {candidate.task.agent} {candidate.model.name}"
            found.pending += [
                Unanswered(what="gold case", of=of, reason=reason, items=n) for reason, n in error.reasons.items()
            ]
            continue
        if candidate is not RULES:
            setup.stores.qualifications.keep(rows)
        found += rows
    return found


async def _examined(setup: RunSetup, gold: Gold, candidate: Candidate, progress: Progress) -> list[Qualification]:
    task, stage = candidate.task, f"{candidate.task.name} {candidate.model.name}"
    exam = Exam(
        bench=setup.workbench("gold"),
        gold=gold,
        cases=setup.config.judging.cases,
        checker=setup.models.checker_in(task),
        advance=lambda done, total: progress(stage, done, total),
    )
    trials, calibrations = await task.examine(candidate.model, exam)
    by_culture: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_culture[trial.culture].append(trial)
    found = []
    for culture in setup.library.cultures:
        fitted = calibrations.get(culture)
        calls, tokens, seconds = setup.stores.answers.cost([key for t in by_culture[culture] for key in t.calls])
        row = task.summarised(
            Qualification(
                key=candidate.key,
                task=task.name,
                culture=culture,
                model=candidate.model.name,
                time=datetime.now(UTC).isoformat(timespec="seconds"),
                cases=0,
                answered=0,
                right=0,
                calls=calls,
                tokens=tokens,
                seconds=seconds,
                calibration=fitted.calibration if fitted else None,
                calibrated_on=fitted.basis if fitted else "",
            ),
            by_culture[culture],
        )
        found.append(row.model_copy(update={"error_rates": task.error_rates(row)}))
    return found
