"""The command line. Each command is a module; heavy imports wait inside them, so that `--help` answers at once."""

import logging
import sys

import typer

from gravity import errors
from gravity.commands import (
    audit,
    check,
    compare,
    config,
    curate,
    export,
    frameworks,
    graph,
    ingest,
    init,
    models,
    preview,
    qualify,
    review,
    show,
    status,
    views,
    write,
)

app = typer.Typer(
    name="gravity",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Curates synthetic preference pairs from readers' reviews, and says how far they can be trusted.",
    epilog="Exit codes: 0 done, 2 usage or configuration, 3 input (or bad rows in it), 4 a model cannot be used, 5 the "
    "store cannot be used, 6 the audit found what --fail-on names, 7 training failed, 8 not finished (what was not "
    "answered waits), 130 interrupted. A run that stopped goes on when started again.",
)
for module in (
    init,
    ingest,
    check,
    qualify,
    preview,
    curate,
    status,
    views,
    show,
    review,
    export,
    audit,
    write,
    compare,
    config,
    models,
    graph,
):
    app.command(module.__name__.rpartition(".")[2], epilog=module.EPILOG)(module.command)
app.add_typer(frameworks.app, name="frameworks")


def main() -> None:
    """Runs the command line; an expected error is one line on stderr and its documented exit code."""
    log = logging.getLogger("gravity")
    log.propagate = False
    log.handlers = [logging.StreamHandler()]
    log.setLevel(logging.INFO)
    try:
        app()
    except BaseException as error:
        # Typer makes this exit of Ctrl-C; what any other one is about has been said already.
        interrupted = isinstance(error, SystemExit) and error.code == errors.INTERRUPTED
        if isinstance(error, SystemExit) and not interrupted:
            raise
        missing = errors.missing_package(error)
        if missing:
            print(f"error: {missing}", file=sys.stderr)
            raise SystemExit(errors.USAGE) from None
        code = errors.INTERRUPTED if interrupted else errors.exit_code(error)
        if code is None:
            raise
        line = "stopped: start it again to go on" if code == errors.INTERRUPTED else f"error: {error}"
        print(" ".join(line.split()), file=sys.stderr)
        raise SystemExit(code) from None


if __name__ == "__main__":
    main()
