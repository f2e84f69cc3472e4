"""The README of an adapter: a model card that the Hub can read."""

from typing import Any

from gravity.trainer.markdown import table
from gravity.trainer.models.bases import Base
from gravity.trainer.training.curve import CURVE_FILE
from gravity.trainer.training.report import LAST_STEPS, kept_step
from gravity.trainer.training.snippet import usage


def card(report: dict[str, Any], base: Base) -> str:
    """Write the card from what training.json holds, with the Hub's YAML header before the text."""
    from huggingface_hub import ModelCardData

    header = ModelCardData(
        base_model=base.name,
        library_name="peft",
        license="unknown",
        pipeline_tag="text-generation",
        tags=["dpo", "lora", "transformers"],
    )
    parts = [f"---\n{header.to_yaml()}\n---", "# A LoRA adapter for personalised book descriptions"]
    parts += [_intro(report), *_warnings(report), "## Data", _data(report["dataset"]), "## Settings", _settings(report)]
    parts += [_layers(report["lora"])]
    parts += ["## Figures", _figures(report), "## Use", _use(report["settings"], base)]
    return "\n\n".join(parts) + "\n"


def _use(settings: dict[str, Any], base: Base) -> str:
    return usage(base, settings["card_in"], settings["lora_r"], settings["load_in_4bit"])


def _intro(report: dict[str, Any]) -> str:
    return (
        f"Trained on synthetic preference pairs, on top of `{report['base']}`. The prompt holds "
        "the reader's profile, so one adapter serves all readers. The licence is unknown here: it follows "
        "from those of the base model and of the data."
    )


def _warnings(report: dict[str, Any]) -> list[str]:
    return ["## Warnings", "\n".join(f"- {warning}" for warning in report["warnings"])] if report["warnings"] else []


def _data(dataset: dict[str, Any]) -> str:
    manifest = dataset["manifest_sha256"]
    facts = [
        f"- Dataset folder: `{dataset['folder']}`",
        f"- Manifest: {f'SHA-256 `{manifest}`' if manifest else 'none in the folder'}",
        f"- Rows trained on: {dataset['trained_rows']} of {dataset['rows']}, left out for their length: "
        f"{dataset['left_out']}, cut: {dataset['cut']}, in the test split: {dataset['test_rows']}",
    ]
    counts = [[entry["culture"], entry["track"], entry["rows"]] for entry in dataset["counts"]]
    return "\n".join(facts) + "\n\n" + table(["culture", "track", "rows trained on"], counts)


def _settings(report: dict[str, Any]) -> str:
    rows = [[name, value] for name, value in report["settings"].items() if value is not None]
    return table(["setting", "value"], [*rows, ["device", report["device"]]])


def _layers(lora: dict[str, Any]) -> str:
    on = ", ".join(f"{name} ({count})" for name, count in lora["layers"].items())
    off = ", ".join(f"{name} ({weights:,} weights)" for name, weights in lora["without"].items())
    left = f" Without LoRA, and so as in the base: {off}; {lora['share']:.0%} of the layers' weights." if off else ""
    return f"Layers with LoRA: {on}.{left}"


def _figures(report: dict[str, Any]) -> str:
    head = ["figure", "step 1", f"mean of the last {LAST_STEPS} steps"]
    rows = [[name, *(f"{report[when][name]:.3f}" for when in ("first", "last"))] for name in report["first"]]
    note = (
        f"{report['steps']} steps, {report['trained_tokens']} tokens computed (in whose place every side of every "
        f"pair alone would have been {report['unshared_tokens']}), {report['train_seconds']:.0f} s, and "
        f"{report['reference_seconds']:.0f} s for the reference. "
        "The figures of steps are of training rows: they show that it learned, not that it generalises. "
        "The whole log is in `training.json`."
    )
    if report.get("held_out"):
        head.append("held out, step kept")
        rows = [[*row, f"{report['held_out']['best'][f'eval_{row[0]}']:.3f}"] for row in rows]
        note += f"\n\nEarly stopping, {kept_step(report)}."
    return "\n\n".join([table(head, rows), note, f"![Training]({CURVE_FILE})"])
