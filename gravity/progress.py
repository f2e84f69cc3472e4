"""How long work reports its progress: a callback, by default bars on stderr where that is a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Hears how far a stage has come; `total` is None where nobody knows it beforehand."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """`done` of `total` are done."""
        ...


@contextmanager
def reporting(progress: Progress | None) -> Iterator[Progress]:
    """`progress` as it is, or bars that go when the work is done."""
    if progress is not None:
        yield progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True, highlight=False),
        disable=not sys.stderr.isatty(),
    )
    stages: dict[str, TaskID] = {}

    def show(stage: str, done: int, total: int | None) -> None:
        if stage not in stages:
            stages[stage] = bars.add_task(stage, total=total)
        bars.update(stages[stage], completed=done, total=total)

    with bars:
        yield show
