"""The output folder, and the hidden folder beside it where an adapter grows until it is whole."""

import json
import shutil
from pathlib import Path
from typing import Any

from gravity.trainer.errors import UsageError, brief
from gravity.trainer.models.loading import ADAPTER_FILES, REPORT_FILE
from gravity.trainer.output import check_free, make_folder, publish

STATE_FILE = "trainer_state.json"

_RUN_FILE, _MEMORY_FILE = "run.json", "memory.json"


def step_of(checkpoint: Path) -> int:
    """Return the number of steps after which a checkpoint was made: its name is checkpoint-STEP."""
    return int(checkpoint.name.rpartition("-")[2])


class Workspace:
    """Everything unfinished stays in `.NAME.partial`; OUTPUT appears in one rename, whole or not at all.

    Public paths: `output`, `partial` (checkpoints), `staging` (the files that will become the output).
    """

    def __init__(self, output: Path) -> None:
        """Name the folders; nothing is made yet."""
        self.output = output
        self.partial = output.resolve().parent / f".{output.resolve().name}.partial"
        self.staging = self.partial / "adapter"

    def finished(self) -> bool:
        """Say whether the output holds a whole adapter of an earlier run."""
        return all((self.output / name).is_file() for name in (*ADAPTER_FILES, REPORT_FILE))

    def check(self, resume: bool) -> None:
        """Refuse an output that would be overwritten, and the checkpoints of a run nobody asked to continue.

        Raises UsageError.
        """
        hint = " and holds no finished adapter to resume" if resume else " (--resume accepts a finished adapter)"
        check_free(self.output, hint)
        if not resume and self.last_checkpoint() is not None:
            raise UsageError(
                f"an interrupted run is in {self.partial}: continue it with --resume, or remove that folder"
            )

    def check_same(self, run: dict[str, Any]) -> None:
        """Refuse to continue a run of other settings. `run` is what must not change between it and its continuation.

        Raises UsageError.
        """
        if self.last_checkpoint() is None:
            return
        was = changes(_json(self.partial / _RUN_FILE) or {}, run)
        if was:
            raise UsageError(f"{self.partial} cannot be resumed: {was}: use the old settings, or remove it")

    def open(self, run: dict[str, Any]) -> None:
        """Make the partial folder, or find the one with the checkpoint to continue from, which `check_same` has seen.

        Raises UsageError when the folder cannot be made.
        """
        if self.last_checkpoint() is not None:
            shutil.rmtree(self.staging, ignore_errors=True)
            return
        self.discard()
        make_folder(self.partial, self.output)
        (self.partial / _RUN_FILE).write_text(json.dumps(run, indent=2), encoding="utf-8")

    def keep_memory(self, memory: dict[str, Any]) -> None:
        """Keep how a session uses memory, for one that continues it."""
        (self.partial / _MEMORY_FILE).write_text(json.dumps(memory), encoding="utf-8")

    def memory(self) -> dict[str, Any] | None:
        """Return what `keep_memory` kept of the run to continue, None where there is none."""
        return _json(self.partial / _MEMORY_FILE)

    def last_checkpoint(self) -> Path | None:
        """Return the newest whole checkpoint: the state file is written last, one without it was cut off."""
        found = [path.parent for path in self.partial.glob(f"checkpoint-*/{STATE_FILE}") if _json(path) is not None]
        return max(found, key=step_of, default=None)

    def publish(self) -> None:
        """Turn the staged files into the output and drop the rest.

        Raises UsageError when they cannot be moved.
        """
        try:
            publish(self.staging, self.output)
        except OSError as error:
            raise UsageError(
                f"output {self.output} cannot be made ({brief(error)}): the adapter is in {self.staging}"
            ) from error
        self.discard()

    def discard(self) -> None:
        """Remove the partial folder with all that is in it."""
        shutil.rmtree(self.partial, ignore_errors=True)


def changes(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Say in words what of `now` was otherwise before; an empty text where nothing was."""
    return ", ".join(
        f"{name} was {before.get(name)}, is {value}" for name, value in sorted(now.items()) if before.get(name) != value
    )


def _json(file: Path) -> dict[str, Any] | None:
    """Return what a file holds, None where it is not there or was cut off."""
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
