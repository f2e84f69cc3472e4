"""A progress bar, drawn on a terminal only."""

from types import TracebackType
from typing import Self

from tqdm import tqdm

from gravity.trainer.quiet import on_terminal


class ProgressBar:
    """Counts up to `total`; used in a `with` statement, it is gone after it."""

    def __init__(self, name: str, total: int, unit: str, watched: bool = True, done: int = 0) -> None:
        """Begin at `done`; unless `watched`, as in all processes but one, nothing is drawn."""
        off = not (watched and on_terminal())
        self._bar = tqdm(desc=name, total=total, initial=done, unit=unit, disable=off, leave=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self, count: int) -> None:
        """Move on by `count`."""
        self._bar.update(count)

    def step(self, record: dict[str, float]) -> None:
        """Move on by one step and show its loss and margin."""
        self._bar.set_postfix({name: f"{record[name]:.3f}" for name in ("loss", "rewards/margins") if name in record})
        self._bar.update(1)
