"""The command line: `python -m trainer COMMAND`; without the name of a command it trains."""

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from trainer import ablate_command, evaluate_command, gguf_command, merge_command, transfer_command
from trainer.bases import DEFAULT_BASE
from trainer.console import EXIT_CODES
from trainer.errors import TrainerError
from trainer.settings import Settings

_INTERRUPTED = 130


class _TrainsByDefault(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = ["train", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_TrainsByDefault,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Train an adapter on a folder of preference pairs, and see whether it helped.\n\n"
    "Example: python -m trainer train out/dataset --output out/adapter",
)
app.command("evaluate", epilog=EXIT_CODES)(evaluate_command.command)
app.command("ablate", epilog=EXIT_CODES)(ablate_command.command)
app.command("transfer", epilog=EXIT_CODES)(transfer_command.command)
app.command("merge", epilog=EXIT_CODES)(merge_command.command)
app.command("gguf", epilog=EXIT_CODES)(gguf_command.command)


@app.command("train", epilog=EXIT_CODES)
def main(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET_DIR", help="Folder of an exported dataset.")],
    output: Annotated[Path, typer.Option(help="Folder to write the adapter to; must not exist yet.")],
    base: Annotated[
        str, typer.Option(help="Hub id, local folder, .gguf file, or package:NAME that ships one .gguf.")
    ] = DEFAULT_BASE,
    epochs: Annotated[float, typer.Option(help="Passes over the training rows.")] = Settings.epochs,
    max_steps: Annotated[int | None, typer.Option(help="Stop after so many steps; overrides --epochs.")] = None,
    batch_size: Annotated[int, typer.Option(help="Pairs a step.")] = Settings.batch_size,
    learning_rate: Annotated[float, typer.Option(help="Peak of a linear decay.")] = Settings.learning_rate,
    beta: Annotated[float, typer.Option(help="DPO's beta: higher stays closer to the base.")] = Settings.beta,
    rank: Annotated[int, typer.Option(help="LoRA rank.")] = Settings.rank,
    alpha: Annotated[int, typer.Option(help="LoRA alpha.")] = Settings.alpha,
    max_length: Annotated[
        int, typer.Option(help="Tokens of prompt and answer; longer rows are left out.")
    ] = Settings.max_length,
    seed: Annotated[int, typer.Option(help="Of the adapter's start and the order of rows.")] = Settings.seed,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint, if any.")] = False,
) -> None:
    """Train a LoRA adapter with DPO on a folder of preference pairs (train.parquet, test.parquet).

    Example: python -m trainer data/demo --output out/demo --max-steps 12 --batch-size 2 --learning-rate 1e-4
    """
    from trainer.report import summary
    from trainer.train import train
    from trainer.workspace import Workspace

    # Libraries warning one another of what they will rename: nothing that a user here could change.
    warnings.simplefilter("ignore", FutureWarning)
    done = resume and Workspace(output).finished()
    try:
        settings = Settings(
            dataset=dataset,
            output=output,
            base=base,
            epochs=epochs,
            max_steps=max_steps,
            batch_size=batch_size,
            learning_rate=learning_rate,
            beta=beta,
            rank=rank,
            alpha=alpha,
            max_length=max_length,
            seed=seed,
        )
        report = train(settings, resume)
    except TrainerError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        typer.echo("stopped: --resume goes on from the last checkpoint, if there is one", err=True)
        raise typer.Exit(_INTERRUPTED) from error
    took = f"{report['steps']} steps in {report['train_seconds']:.0f} s"
    typer.echo(f"adapter {output} {'was complete already' if done else 'is written'}: {took}")
    for line in summary(report):
        typer.echo(line)


if __name__ == "__main__":
    app(prog_name="python -m trainer")
