"""The command `train`."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from gravity.trainer.console import DatasetFolder, reported
from gravity.trainer.errors import UsageError
from gravity.trainer.recipe import names, read_recipe
from gravity.trainer.settings import Settings

_NOT_SETTINGS = ("recipe", "resume", "find_lr", "dry_run", "gpu", "teraflops", "as_json")


def _option(help: str, default: object = None) -> Any:
    # The default is None, so that an option that was not given leaves the recipe's value.
    return typer.Option(help=help if default is None else f"{help} [default: {default}]", show_default=False)


def command(
    dataset: DatasetFolder,
    output: Annotated[Path, typer.Option(help="Folder to write the adapter to; must not exist yet.")],
    recipe: Annotated[
        str | None,
        _option(f"A TOML file of settings, or one of {', '.join(names())}. Options on the command line override it."),
    ] = None,
    base: Annotated[
        str | None, _option("Hub id, local folder, .gguf file, or package:NAME that ships one .gguf.", Settings.base)
    ] = None,
    loss_type: Annotated[
        str | None, _option("sigmoid (DPO), ipo, or sft on the chosen answers.", Settings.loss_type)
    ] = None,
    beta: Annotated[
        float | None, _option("A higher value keeps the adapter closer to the base.", Settings.beta)
    ] = None,
    num_train_epochs: Annotated[
        float | None, _option("Passes over the training rows.", "1, for a small model more where that is few steps")
    ] = None,
    max_steps: Annotated[int | None, _option("Stop after so many steps; overrides --num-train-epochs.")] = None,
    batch_size: Annotated[int | None, _option("Pairs per step, over all processes.", Settings.batch_size)] = None,
    learning_rate: Annotated[
        float | None,
        _option("Its peak, from which it decays linearly to 0.", "by the model's size; --find-lr tries some"),
    ] = None,
    warmup_steps: Annotated[
        int | None, _option("Steps in which the learning rate rises to its peak.", Settings.warmup_steps)
    ] = None,
    load_in_4bit: Annotated[
        bool | None, _option("Quantize the base to NF4 on loading (QLoRA); takes a quarter of the memory.", "off")
    ] = None,
    lora_r: Annotated[int | None, _option("LoRA rank.", Settings.lora_r)] = None,
    lora_alpha: Annotated[int | None, _option("LoRA alpha.", Settings.lora_alpha)] = None,
    max_length: Annotated[int | None, _option("Tokens of prompt and answer.", Settings.max_length)] = None,
    truncation_mode: Annotated[
        str | None, _option("Longer rows: drop, or keep_start as TRL does.", Settings.truncation_mode)
    ] = None,
    card_in: Annotated[
        str | None,
        _option(
            "Where the reader's card stands: system, or before the user's message, for templates that take no system.",
            Settings.card_in,
        ),
    ] = None,
    attention: Annotated[
        str | None,
        _option(
            "shared computes once what pairs have in common at their beginning; plain suits any model.",
            Settings.attention,
        ),
    ] = None,
    max_tokens: Annotated[
        int | None, _option("Tokens per forward pass: sets memory and speed, and no result.", "what free memory allows")
    ] = None,
    pairs_per_prefix: Annotated[
        int | None,
        _option("Pairs with the same card that are kept side by side in the order of rows.", Settings.pairs_per_prefix),
    ] = None,
    gradient_checkpointing: Annotated[
        bool | None, _option("Recompute activations in the backward pass to save memory.", "on CUDA")
    ] = None,
    early_stopping_patience: Annotated[
        int | None,
        _option(
            "Hold out readers and seeds, end after so many evaluations without a gain, keep the best step's adapter.",
            "off",
        ),
    ] = None,
    eval_steps: Annotated[
        int | None, _option("Steps between evaluations of what is held out.", "a tenth of the run")
    ] = None,
    seed: Annotated[
        int | None, _option("Random seed for the adapter's first weights and the order of rows.", Settings.seed)
    ] = None,
    save_steps: Annotated[int | None, _option("Steps between checkpoints.", Settings.save_steps)] = None,
    report_to: Annotated[
        list[str] | None,
        _option("Send each step's figures to tensorboard, wandb or mlflow as well; repeatable.", Settings.report_to),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the last checkpoint, if there is one.")
    ] = False,
    find_lr: Annotated[
        bool,
        typer.Option("--find-lr", help="Try some learning rates for a few steps each, suggest one, write nothing."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what memory and time it would take, and train nothing.")
    ] = False,
    gpu: Annotated[
        str | None, _option("With --dry-run: ask about this GPU, such as H100 or 'RTX 4090'.", "the device here")
    ] = None,
    teraflops: Annotated[
        float | None, _option("With --dry-run: 10^12 FLOP/s that training reaches there.", "assumed; on a CPU measured")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: print JSON.")] = False,
) -> None:
    """Train a LoRA adapter on a folder of preference pairs.

    The folder holds train.parquet, and test.parquet where there is one: an exported dataset, or any in TRL's
    conversational preference format. What pairs have in common at their beginning is computed once; the result is
    the same as TRL's.

    Example: gravity-trainer train out/dataset --output out/adapter --recipe cpu-tiny
    """
    given = {name: value for name, value in locals().items() if name not in _NOT_SETTINGS and value is not None}
    with reported("stopped: add --resume to continue from the last checkpoint, if there is one"):
        settings = Settings(**(read_recipe(recipe) if recipe else {}) | given)
        if (gpu or teraflops or as_json) and not dry_run:
            raise UsageError("--gpu, --teraflops and --json say what --dry-run is to tell: add --dry-run")
        if dry_run:
            _forecast(settings, gpu, teraflops, as_json)
            return
        if find_lr:
            _suggest(settings)
            return

        from gravity.trainer.export.beside import leave_lora
        from gravity.trainer.training.processes import leave
        from gravity.trainer.training.report import summary
        from gravity.trainer.training.train import train
        from gravity.trainer.training.workspace import Workspace

        done = resume and Workspace(output).finished()
        report = train(settings, resume)
        leave()
        if os.environ.get("RANK", "0") != "0":  # accelerate's other processes have nothing to add
            return
        without_lora = leave_lora(output)
        took = f"{report['steps']} steps in {report['train_seconds']:.0f} s"
        typer.echo(f"adapter {output} {'was complete already' if done else 'is written'}: {took}")
        if without_lora:
            typer.echo(f"note: no LoRA GGUF was made, so transformers will write with it ({without_lora})", err=True)
        for text in summary(report):
            typer.echo(text)


def _forecast(settings: Settings, gpu: str | None, teraflops: float | None, as_json: bool) -> None:
    from gravity.trainer.training.dry_run import dry_run, lines

    found = dry_run(settings, gpu, teraflops)
    typer.echo(json.dumps(found, indent=2) if as_json else "\n".join(lines(found)))


def _suggest(settings: Settings) -> None:
    from gravity.trainer.training.find_lr import find_learning_rate, lines

    search = find_learning_rate(settings)
    if os.environ.get("RANK", "0") == "0":
        for text in lines(search):
            typer.echo(text)
