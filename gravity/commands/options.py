"""Options that several commands have, and the project that they work on."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gravity.project import Project

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="The configuration; ./gravity.toml where there is one.")
]
CultureOption = Annotated[str | None, typer.Option(help="Only readers of this culture, such as us or br.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
UnqualifiedOption = Annotated[
    bool, typer.Option("--unqualified", help="Go on where no model has qualified; the rows are marked.")
]
RunOption = Annotated[str | None, typer.Option("--run", help="A run's id or its beginning; the latest by default.")]


class FindingLevel(StrEnum):
    """The levels of an audit's findings."""

    SERIOUS = "serious"
    MODERATE = "moderate"
    NOTE = "note"


def opened(config: Path | None) -> "Project":
    """The project of the configuration that the command was given."""
    from gravity.project import open_project

    return open_project(config)
