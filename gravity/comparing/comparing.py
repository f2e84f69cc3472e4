"""A whole comparison: readers and books, writings, judges and checkers, figures, and the report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gravity.compare.evidence import Evidence
from gravity.compare.examine import Compared, examine
from gravity.compare.report import write
from gravity.comparing.asking import Pairs, Said, Written, all_pairs, ask
from gravity.comparing.cells import Cells, Chooser, Wanted
from gravity.comparing.line_up import Entry, Opened
from gravity.comparing.texts import Scribe, Texts
from gravity.comparing.unmet import Unmet, unmet
from gravity.comparing.who import Chosen, chosen
from gravity.progress import Progress
from gravity.run import RunSetup
from gravity.store.records import Component, Unanswered
from gravity.store.runs import Run
from gravity.writing import Commissions

if TYPE_CHECKING:
    from gravity.handle import RunHandle

# By writer the parts of a card that it is told; a writer that is not named is told all of it.
Parts = Mapping[str, frozenset[Component]]


@dataclass(frozen=True)
class Stage:
    """What a comparison is made with: the setup of models, the run whose profiles are used, the line-up, which two
    writers are set side by side (None: each two), and what of a card they are told."""

    setup: RunSetup
    run: Run
    commissions: Commissions
    entries: Sequence[Entry]
    pairs: Pairs | None = None
    parts: Parts = field(default_factory=dict)

    @property
    def sides(self) -> Pairs:
        """The writers that are set side by side."""
        return all_pairs([entry.name for entry in self.entries]) if self.pairs is None else self.pairs

    def unmet(self) -> Unmet:
        """What the adapters have met."""
        return unmet(self.entries, self.setup.stores, self.run, self.setup.config.curate.test_share)


@dataclass(frozen=True)
class Finished:
    """The figures, the files of the report, the page that a person opens first, and what nobody answered."""

    compared: Compared
    files: list[Path]
    pending: list[Unanswered]


def stage(handle: "RunHandle", entries: Sequence[Entry], unqualified: bool) -> Stage:
    """The stage for a run of a project."""
    return Stage(handle.project.setup(unqualified), handle.record, handle.commissions, entries)


async def gather(on: Stage, wanted: Wanted, report: Progress) -> tuple[Evidence, list[Unanswered]]:
    """All that the figures rest on, and what nobody answered, which the next start asks.

    Raises ConfigError where there is nobody to write for, nothing to write about or nobody who can judge; ModelError
    and the trainer's errors where a model cannot be used.
    """
    setup, met = on.setup, on.unmet()
    cells = Chooser(setup.stores, on.run, setup.taxonomy, met).cells(wanted)
    bench = setup.workbench(on.run.id)
    cultures = sorted({place.cell.culture for place in cells.places})
    # Who can judge is asked before anything is written, which takes long.
    panel = chosen(setup, bench, on.entries, cultures)
    scribe = Scribe(on.commissions, Opened(setup.config), setup.stores.writings, on.parts)
    texts = scribe.write(on.entries, cells.places, wanted.seed, report)
    written: Written = {(writing.cell, writing.writer): writing.text for writing in texts.writings}
    try:
        said = await ask(cells.places, written, on.sides, panel.panels, setup.config.curate.concurrency, report)
    finally:
        await setup.models.close()
    return _evidence(on, cells, texts, said, panel, met), _pending(texts, said)


async def compare(on: Stage, wanted: Wanted, output: Path, report: Progress) -> Finished:
    """Compares the writers of a line-up and writes the report to the folder `output`."""
    evidence, pending = await gather(on, wanted, report)
    report("figures", 0, None)
    made = examine(evidence, on.setup.config.compare)
    return Finished(made, write(made, output), pending)


def _evidence(on: Stage, cells: Cells, texts: Texts, said: Said, panel: Chosen, met: Unmet) -> Evidence:
    notes = [f"{reason}: {n}" for reason, n in (+cells.left_out).items()]
    if met.untold:
        notes.append(
            f"nothing says whom the adapters of {', '.join(met.untold)} were trained on: readers are of the test split"
        )
    missing = Counter({f"writings of {what}": n for what, n in (+texts.missing).items()})
    missing += Counter({f"{row.what}s: {row.reason}": row.items for row in said.unanswered})
    return Evidence(
        source=f"run {on.run.id}",
        writers=[entry.info for entry in texts.entries],
        cells=[place.cell for place in cells.places],
        writings=texts.writings,
        comparisons=said.comparisons,
        ratings=said.ratings,
        checks=said.checks,
        judges={culture: [judge.name for judge in each.judges] for culture, each in panel.panels.items()},
        checkers={culture: [checker.name for checker in each.checkers] for culture, each in panel.panels.items()},
        panel=panel.gold,
        qualified=panel.qualified,
        missing=missing,
        notes=[*panel.notes, *notes],
    )


def _pending(texts: Texts, said: Said) -> list[Unanswered]:
    waiting = [Unanswered(what="writing", reason=reason, items=n) for reason, n in texts.pending.items()]
    return [*waiting, *said.unanswered]
