"""A handle to one run of a project: what it holds, and what can be made of it."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gravity import counting, deciding, trail
from gravity.errors import ConfigError
from gravity.loop import run as run_async
from gravity.progress import Progress, reporting
from gravity.store.ledger import Ledger
from gravity.store.records import Decided, Decision, Lot, Pair, Unanswered
from gravity.store.runs import Run
from gravity.store.views import ReaderSeed, View

if TYPE_CHECKING:
    from gravity.auditing import Audited
    from gravity.blind import Question
    from gravity.comparing.cells import Wanted
    from gravity.comparing.comparing import Finished, Stage
    from gravity.comparing.planning import Plan
    from gravity.exporting import VariantName
    from gravity.project import Project
    from gravity.store.dataset import Export
    from gravity.swapping import SwapPlan
    from gravity.trainer.models.writer import Writer
    from gravity.writing import Commissions, Written
    from gravity.writing_file import Wrote


class RunHandle:
    """One run of a project's store. It holds no copy: every call reads the store as it is by then."""

    def __init__(self, project: "Project", record: Run) -> None:
        self.project = project
        self.record = record

    @property
    def id(self) -> str:
        """The run's id, 16 hexadecimal digits."""
        return self.record.id

    def __repr__(self) -> str:
        return f"RunHandle({self.id})"

    def status(self) -> counting.Status:
        """The counts by stage, culture, track and verdict."""
        return counting.status(self.project.stores, self.record, self.project.library)

    @property
    def pending(self) -> list[Unanswered]:
        """What nobody answered when the run was last started, by reason; the next start asks it."""
        return self._ledger.unanswered(self.id)

    def pairs(self, verdict: str | None = None) -> Iterator[Pair]:
        """The pairs by id, read as they go; `verdict` is vetted, held, rejected or failed, None for all."""
        return self._ledger.pairs(self.id, verdict)

    def views(self, reader: str) -> list[View]:
        """The views that a reader let show, dropped ones too. Raises ConfigError where the reader was not read."""
        stores = self.project.stores
        if reader not in stores.views.readings(self.id):
            raise ConfigError(f"run {self.id} has read no reviews of a reader '{reader}': see `gravity status`")
        return stores.views.of(self.id, reader)

    def seeds(self) -> list[ReaderSeed]:
        """The seeds that readers brought, dropped ones too."""
        return self.project.stores.views.seeds(self.id)

    def lots(self) -> list[Lot]:
        """The lots, with the bounds of their label error."""
        from gravity.store.lots import lots

        return lots(self._ledger, self.record)

    def show(self, pair: str) -> trail.Trail:
        """The whole trail of the pair whose id begins with `pair`. Raises ConfigError where no single one does."""
        return self.project.show(pair)

    def waiting(self, culture: str | None = None, track: str | None = None) -> list[deciding.Waiting]:
        """The pairs that wait for a person."""
        return deciding.waiting(self._ledger, self.id, culture, track)

    def decide(self, pair: Pair, decided: Decided, by: str, sides: tuple[str, str] | None = None) -> None:
        """Keeps a person's decision: keep, flip, edit (with the edited chosen and rejected `sides`) or reject."""
        deciding.decide(self._ledger, pair, decided, by, sides)

    def questions(self, culture: str, track: str, count: int | None = None) -> "Iterator[Question]":
        """Pairs drawn by chance from a lot, to be answered blind with `answer`; by default as many as bound its label
        error below the acceptable one where none is wrong. Raises ConfigError where the run has no such lot."""
        from gravity.blind import questions

        return questions(self.project.setup(unqualified=True), self.record, culture, track, count)

    def answer(self, question: "Question", answer: str, by: str) -> None:
        """Keeps a person's blind answer: "a", "b", or "n" where nobody can tell."""
        deciding.decide(self._ledger, question.pair, question.decision(answer), by, blind=True)

    def undo(self, pair: str) -> Decision:
        """Takes the decision about a pair back and returns it; the pair is as it was. Raises KeyError for none."""
        return self._ledger.undo(pair)

    def export(self, folder: str | Path, overwrite: bool = False, variant: "VariantName | None" = None) -> "Export":
        """Writes the vetted pairs as a dataset that `datasets` and TRL load; or one of its baselines, the `variant`
        naive (statements against their opposites, no scenes) or group (labelled by what the culture's readers hold).
        Raises StoreError where the folder is taken or nothing may leave, ConfigError for a variant nobody knows."""
        from gravity.exporting import variant_of
        from gravity.store.dataset import export

        made = variant_of(variant, self.project, self.record) if variant is not None else None
        share = self.project.config.curate.test_share
        return export(self._ledger, self.record, Path(folder), share, overwrite, made)

    def plan_swaps(self) -> "SwapPlan":
        """The cases of an audit's counterfactual swaps, and the calls that they take. Raises ConfigError for none."""
        from gravity.swapping import plan

        return plan(self.project.setup(), self.record, self.project.config.audit.swaps)

    def audit(
        self,
        output: str | Path,
        truth: str | Path | None = None,
        swaps: "SwapPlan | None" = None,
        progress: Progress | None = None,
    ) -> "Audited":
        """Audits the run and writes the report to the folder `output`.

        `truth` is a file of JSON lines with what is true of readers; `swaps`, from `plan_swaps`, are put to the models.
        Raises InputError, ModelError.
        """
        return run_async(self.audit_async(output, truth, swaps, progress))

    async def audit_async(
        self,
        output: str | Path,
        truth: str | Path | None = None,
        swaps: "SwapPlan | None" = None,
        progress: Progress | None = None,
    ) -> "Audited":
        """`audit`, to be awaited."""
        from gravity.auditing import audit_run

        project = self.project
        with reporting(progress) as report:
            rows = []
            if swaps is not None:
                from gravity.swapping import ask

                try:
                    rows = await ask(project.setup(), self.record, swaps, report)
                finally:
                    await project.models.close()
            given = Path(truth) if truth is not None else None
            return audit_run(
                project.stores,
                self.record,
                Path(output),
                project.config.audit,
                project.library,
                report,
                given,
                rows,
            )

    def compare(
        self,
        output: str | Path,
        wanted: "Wanted | None" = None,
        writers: Sequence[str] = (),
        paper: str | Path | None = None,
        unqualified: bool = False,
        factorial: bool = False,
        progress: Progress | None = None,
    ) -> "Finished":
        """Sets writers side by side for readers and books that they never met, and writes the report to `output`.

        The writers are those of the configuration, or the ones named, or the paper's line-up of a folder of adapters;
        or `factorial`, one of them with five cards, for two kinds of books.
        What is kept is neither written nor asked again. Raises ConfigError, ModelError.
        """
        return run_async(self.compare_async(output, wanted, writers, paper, unqualified, factorial, progress))

    async def compare_async(
        self,
        output: str | Path,
        wanted: "Wanted | None" = None,
        writers: Sequence[str] = (),
        paper: str | Path | None = None,
        unqualified: bool = False,
        factorial: bool = False,
        progress: Progress | None = None,
    ) -> "Finished":
        """`compare`, to be awaited."""
        from gravity.comparing.comparing import compare

        on, wanted = self._compared(wanted, writers, paper, unqualified, factorial)
        with reporting(progress) as report:
            return await compare(on, wanted, Path(output), report)

    def plan_comparison(
        self,
        wanted: "Wanted | None" = None,
        writers: Sequence[str] = (),
        paper: str | Path | None = None,
        factorial: bool = False,
    ) -> "Plan":
        """How many readers and books a comparison needs to show a gain, and what it costs. Nothing is asked, and nobody
        need have qualified yet. Raises ConfigError, ModelError."""
        from gravity.comparing.planning import plan

        return plan(*self._compared(wanted, writers, paper, unqualified=True, factorial=factorial))

    def _compared(
        self,
        wanted: "Wanted | None",
        writers: Sequence[str],
        paper: str | Path | None,
        unqualified: bool,
        factorial: bool,
    ) -> "tuple[Stage, Wanted]":
        from gravity.comparing import factorial as factors
        from gravity.comparing.cells import Wanted
        from gravity.comparing.comparing import stage
        from gravity.comparing.line_up import line_up

        entries = line_up(self.project.config, writers, Path(paper) if paper is not None else None)
        on, wanted = stage(self, entries, unqualified), wanted or Wanted()
        return (factors.factorial(on), factors.of_both_kinds(on, wanted)) if factorial else (on, wanted)

    def card(self, reader: str) -> str:
        """What a writer is told of a profiled reader. Raises ConfigError for a reader without a profile."""
        return self.commissions.card(reader)

    def write(
        self, reader: str, title: str, description: str, writer: "Writer", compare: bool = False, seed: int = 0
    ) -> "Written":
        """Writes a book's description anew for a profiled reader, with a writer that `Project.writer` opened; with
        `compare` beside it the original and what the base model alone writes. Raises ConfigError for a reader without a
        profile, ModelError where nothing was written."""
        from gravity.writing import write

        return write(self.commissions.make(reader, title, description, seed), writer, compare)

    def write_file(
        self,
        source: str | Path,
        output: str | Path,
        writer: "Writer",
        seed: int = 0,
        progress: Progress | None = None,
    ) -> "Wrote":
        """Writes a description for each row of a file of JSON lines, {reader, title, description, ...}, as a line of
        `output`, and goes on where it was stopped. Raises InputError where the input cannot be read, ConfigError where
        the output holds what was written otherwise."""
        from gravity.writing_file import write_file

        with reporting(progress) as report:
            return write_file(self.commissions, writer, Path(source), Path(output), seed, report)

    @cached_property
    def commissions(self) -> "Commissions":
        """What makes requests for descriptions out of the run's profiles."""
        from gravity.writing import Commissions

        project = self.project
        domain = project.library.domain(project.config.domain)
        return Commissions(project.stores, self.record, project.library, domain)

    @property
    def _ledger(self) -> Ledger:
        return self.project.stores.ledger
