"""The command line: `python -m trainer COMMAND`. Each command is a module with a function `command`."""

import typer

from trainer import train_command
from trainer.console import EXIT_CODES

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Train an adapter on a folder of preference pairs, and see whether it helped.\n\n"
    "Example: python -m trainer train out/dataset --output out/adapter",
)
app.command("train", epilog=EXIT_CODES)(train_command.command)


@app.callback()
def main() -> None:
    """Keep `train` a command of its own, however many there are."""


if __name__ == "__main__":
    app(prog_name="python -m trainer")
