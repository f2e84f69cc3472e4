"""One training run, from a dataset folder to an adapter folder."""

import json
import time
from pathlib import Path
from typing import Any

from trainer.bases import Base, resolve_base
from trainer.card import card
from trainer.data import Preferences, count, read
from trainer.dpo import prepare
from trainer.errors import DivergedError, ModelError, TrainerError, TrainingError, brief
from trainer.models import load
from trainer.quiet import without_notices
from trainer.report import figures, versions
from trainer.settings import Settings
from trainer.workspace import REPORT_FILE, Workspace

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory")


def train(settings: Settings, resume: bool = False) -> dict[str, Any]:
    """Train an adapter with DPO and return its report, the content of training.json.

    With `resume` an interrupted run goes on from its last checkpoint, one that left none starts afresh,
    and a finished one is only reported. The output appears when it is whole; until then checkpoints lie
    in a hidden folder beside it, and stay there only when a later `resume` can use them.

    Raises a TrainerError, whose `exit_code` says of which kind.
    """
    workspace = Workspace(settings.output)
    if resume and workspace.finished():
        return dict(json.loads((settings.output / REPORT_FILE).read_text(encoding="utf-8")))
    workspace.check(resume)
    data = read(settings.dataset)
    base = resolve_base(settings.base)
    started = time.monotonic()
    model, tokenizer = load(base)
    load_seconds = time.monotonic() - started
    checkpoint = workspace.open(settings.numbers() | {"base": base.name, "train_sha256": data.train_sha256})
    try:
        trainer, kept = prepare(settings, data, model, tokenizer, workspace.partial)
        with without_notices():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        report = {
            "base": base.name,
            "settings": settings.numbers(),
            "dataset": _dataset(data, kept),
            "device": str(trainer.args.device),
            "steps": trainer.state.global_step,
            "resumed_from_step": int(checkpoint.name.rpartition("-")[2]) if checkpoint else None,
            "trained_tokens": int(trainer.state.num_input_tokens_seen),
            "load_seconds": load_seconds,
            "train_seconds": trainer.state.log_history[-1]["train_runtime"],
            "wall_seconds": time.monotonic() - started,
            "versions": versions(),
            **figures(trainer.state.log_history),
        }
        _stage(trainer.model, tokenizer, base, report, workspace.staging)
    except BaseException as error:
        if isinstance(error, DivergedError) or workspace.last_checkpoint() is None:
            workspace.discard()
        if isinstance(error, TrainerError) or not isinstance(error, Exception):
            raise
        raise _explained(error, base, workspace) from error
    workspace.publish()
    return report


def _dataset(data: Preferences, kept: list[int]) -> dict[str, Any]:
    return {
        "folder": data.folder.absolute().name,
        "manifest_sha256": data.manifest_sha256,
        "train_sha256": data.train_sha256,
        "rows": len(kept),
        "left_out": len(data.labels) - len(kept),
        "test_rows": data.test_rows,
        "counts": count(data.labels[index] for index in kept),
    }


def _stage(model: Any, tokenizer: Any, base: Base, report: dict[str, Any], folder: Path) -> None:
    model.peft_config["default"].base_model_name_or_path = base.name
    model.save_pretrained(str(folder), save_embedding_layers=False)
    tokenizer.save_pretrained(str(folder))
    (folder / "README.md").write_text(card(report, base), encoding="utf-8")
    (folder / REPORT_FILE).write_text(json.dumps(report, indent=2), encoding="utf-8")


def _explained(error: Exception, base: Base, workspace: Workspace) -> TrainerError:
    from jinja2 import TemplateError

    if isinstance(error, TemplateError):
        return ModelError(f"the chat template of {base.name} refuses the messages ({error}): use another base")
    kept = f"; checkpoints stay in {workspace.partial} for --resume" if workspace.partial.exists() else ""
    if isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY):
        return TrainingError(f"training ran out of memory: lower --batch-size or --max-length{kept}")
    return TrainingError(f"training failed: {brief(error)}{kept}")
