"""The command line: `gravity-trainer COMMAND`. Each command is a module with a function `command`."""

import typer

from gravity.trainer.commands import ablate, demo, evaluate, gguf, merge, train, transfer
from gravity.trainer.console import EXIT_CODES

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    epilog=EXIT_CODES,
    help="Train an adapter on a folder of preference pairs, and see whether it helped.\n\n"
    "Example: gravity-trainer train out/dataset --output out/adapter",
)
for module in (demo, train, evaluate, ablate, transfer, merge, gguf):
    app.command(module.__name__.rpartition(".")[2], epilog=EXIT_CODES)(module.command)


def main() -> None:
    """Run the command line."""
    app(prog_name="gravity-trainer")


if __name__ == "__main__":
    main()
