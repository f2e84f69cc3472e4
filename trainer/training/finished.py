"""What `--resume` says of an adapter that is finished already."""

import json
from pathlib import Path
from typing import Any

from gravity.trainer.dataset.splits import TRAIN, split
from gravity.trainer.errors import ModelError, UsageError, brief
from gravity.trainer.models.bases import resolve_base
from gravity.trainer.models.loading import REPORT_FILE
from gravity.trainer.settings import Settings
from gravity.trainer.training.sizes import by_size
from gravity.trainer.training.workspace import changes


def finished_report(settings: Settings) -> dict[str, Any]:
    """Return the training.json of the finished adapter that is at the settings' output.

    A dataset or a base that is no longer there is no change: nothing shows that it was another.

    Raises UsageError where the adapter comes from other settings, another base or other training rows, or its report
    cannot be read.
    """
    file = settings.output / REPORT_FILE
    try:
        report = dict(json.loads(file.read_text(encoding="utf-8")))
        before = report["settings"] | {"base": report["base"], "train_sha256": report["dataset"]["train_sha256"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} cannot be read ({brief(error)}): give another --output") from error
    # What the size of the model chose then, it would choose again.
    now = {name: value for name, value in settings.decisive().items() if name in before and not by_size(name, value)}
    now["base"] = _name(settings.base, before["base"])
    rows = split(settings.dataset, TRAIN)
    if rows.files:
        now["train_sha256"] = rows.sha256()
    was = changes(before, now)
    if was:
        raise UsageError(
            f"output {settings.output} holds an adapter that was finished with other settings: {was}: use the old "
            "ones, or give another --output"
        )
    return report


def _name(base: str, recorded: str) -> str:
    try:
        return resolve_base(base).name
    except ModelError:
        return recorded if recorded in (base, str(Path(base).expanduser().absolute())) else base
