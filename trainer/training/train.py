"""One training run, from a dataset folder to an adapter folder."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from gravity.trainer.dataset.files import Preferences, count, read
from gravity.trainer.dataset.splits import TRAIN, split
from gravity.trainer.errors import DivergedError, TrainerError, TrainingError, brief
from gravity.trainer.models.bases import Base, resolve_base
from gravity.trainer.models.loading import REPORT_FILE, fingerprint, load
from gravity.trainer.quiet import without_notices
from gravity.trainer.settings import Settings
from gravity.trainer.training.card import card
from gravity.trainer.training.coverage import uncovered
from gravity.trainer.training.curve import CURVE_FILE, draw
from gravity.trainer.training.finished import finished_report
from gravity.trainer.training.fit import Fitted, fitted_pairs
from gravity.trainer.training.holdout import set_aside
from gravity.trainer.training.learned import nothing_learned
from gravity.trainer.training.met import Met, met, write
from gravity.trainer.training.processes import join, place, sharded, whole
from gravity.trainer.training.report import figures, held_out, versions
from gravity.trainer.training.reporting import check_installed, reporting
from gravity.trainer.training.session import Session
from gravity.trainer.training.workspace import Workspace, step_of

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory")


def train(settings: Settings, resume: bool = False) -> dict[str, Any]:
    """Train an adapter and return its report, the content of training.json.

    With `resume` an interrupted run goes on from its last checkpoint, one that left none starts afresh, and a
    finished one is only reported, or refused where it was another. The output appears when it is whole; until then
    checkpoints lie in a hidden folder beside it, and stay there only when a later `resume` can use them. Under
    `accelerate launch` every process calls this, and the first one writes.

    Raises a TrainerError, whose `exit_code` says of which kind.
    """
    workspace = Workspace(settings.output)
    if resume and workspace.finished():
        return finished_report(settings)
    workspace.check(resume)
    check_installed(settings)
    data = read(settings.dataset)
    seen = met(split(settings.dataset, TRAIN))
    base = resolve_base(settings.base)
    run = settings.decisive() | {"base": base.name, "train_sha256": data.train_sha256}
    workspace.check_same(run)
    accelerator = join()
    started = time.monotonic()
    four_bit = settings.load_in_4bit
    model, tokenizer = load(base, load_in_4bit=four_bit, place=place(accelerator, four_bit))
    # Of a base that is to be sharded, other processes may hold no weights.
    base_fingerprint = fingerprint(model) if accelerator.is_main_process else None
    load_seconds = time.monotonic() - started
    try:
        fitted, warning = fitted_pairs(settings, data, model, tokenizer, accelerator.is_main_process)
        warnings = _warned(warning, accelerator.is_main_process)
        aside = set_aside(settings, fitted.kept)
        if accelerator.is_main_process:
            workspace.open(run)
        accelerator.wait_for_everyone()
        checkpoint = workspace.last_checkpoint()
        done = step_of(checkpoint) if checkpoint else 0
        with without_notices(), reporting(settings, base.name, accelerator, done) as report_step:
            before = workspace.memory() if settings.max_tokens is None else None
            session = Session(settings, fitted.pairs, model, accelerator, aside, before)
            if accelerator.is_main_process:
                workspace.keep_memory(session.memory)
            warnings += _warned(uncovered(session.covered), accelerator.is_main_process)
            seconds = session.train(workspace.partial, checkpoint, report_step)
        warnings += _warned(nothing_learned(session.loop.log, session.settings), accelerator.is_main_process)
        report = {
            "base": base.name,
            "base_fingerprint": base_fingerprint,
            "settings": session.settings.numbers(),
            "lora": session.covered,
            "dataset": _dataset(data, fitted, [fitted.kept[row] for row in session.met(len(session.loop.log))]),
            "device": f"{accelerator.num_processes} x {accelerator.device.type}"
            + (", sharded" if sharded(accelerator) else ""),
            "memory": session.memory,
            "steps": len(session.loop.log),
            "resumed_from_step": step_of(checkpoint) if checkpoint else None,
            "trained_tokens": session.loop.tokens,
            "unshared_tokens": session.loop.unshared_tokens,
            "load_seconds": load_seconds,
            **seconds,
            "wall_seconds": time.monotonic() - started,
            "warnings": warnings,
            "versions": versions(),
            **figures(session.loop.log),
        }
        if aside is not None:
            report["held_out"] = aside.record(len(fitted.kept)) | held_out(session.loop.log, session.steps)
        adapted = accelerator.unwrap_model(session.loop.model)
        weights = {name: whole(value.detach()) for name, value in adapted.named_parameters() if value.requires_grad}
        if accelerator.is_main_process:
            _stage(adapted, weights, tokenizer, base, report, seen, workspace.staging)
    except BaseException as error:
        if isinstance(error, DivergedError) or workspace.last_checkpoint() is None:
            workspace.discard()
        if isinstance(error, TrainerError | ModuleNotFoundError) or not isinstance(error, Exception):
            raise
        raise _explained(error, workspace) from error
    if accelerator.is_main_process:
        workspace.publish()
    accelerator.wait_for_everyone()
    return report


def _warned(warning: str | None, main: bool) -> list[str]:
    """Print a warning, if there is one and this is the first process, and return it as training.json keeps it."""
    if warning and main:
        print(f"warning: {warning}", file=sys.stderr)
    return [warning] if warning else []


def _dataset(data: Preferences, fitted: Fitted, trained_rows: list[int]) -> dict[str, Any]:
    return {
        "folder": data.folder.absolute().name,
        "manifest_sha256": data.manifest_sha256,
        "train_sha256": data.train_sha256,
        "rows": len(fitted.kept),
        "trained_rows": len(trained_rows),
        "left_out": fitted.left_out,
        "cut": fitted.cut,
        "test_rows": data.test_rows,
        "counts": count(data.labels[index] for index in trained_rows),
    }


def _stage(
    model: Any, weights: dict[str, Any], tokenizer: Any, base: Base, report: dict[str, Any], seen: Met, folder: Path
) -> None:
    model.peft_config["default"].base_model_name_or_path = base.name
    model.save_pretrained(str(folder), state_dict=weights, save_embedding_layers=False)
    tokenizer.save_pretrained(str(folder))
    draw(report["log"], folder / CURVE_FILE)
    (folder / "README.md").write_text(card(report, base), encoding="utf-8")
    write(seen, folder)
    (folder / REPORT_FILE).write_text(json.dumps(report, indent=2), encoding="utf-8")


def _explained(error: Exception, workspace: Workspace) -> TrainerError:
    kept = f"; checkpoints stay in {workspace.partial} for --resume" if workspace.partial.exists() else ""
    if isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY):
        return TrainingError(f"training ran out of memory: lower --max-tokens or --max-length{kept}")
    return TrainingError(f"training failed: {brief(error)}{kept}")
