"""`gravity curate`."""

from typing import Annotated

import typer

from gravity.commands.ending import end, tell_failures
from gravity.commands.options import ConfigOption, CultureOption, UnqualifiedOption, opened
from gravity.commands.status import print_status

EPILOG = "Example: gravity curate --readers 100 --culture br"


def command(
    readers: Annotated[int | None, typer.Option(min=1, help="At most this many readers, spread over cultures.")] = None,
    culture: CultureOption = None,
    unqualified: UnqualifiedOption = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask anew what no model gave a usable answer to.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Profiles readers, fills the scenario bank, and composes pairs. Killed and started again, it goes on."""
    with opened(config) as project:
        status = project.curate(readers, culture, unqualified, retry_failed=retry_failed).status()
    print_status(status)
    tell_failures(status.failures)
    end(status.unanswered)
