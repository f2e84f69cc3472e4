"""How commands print: one console, tables whose numbers line up, and text of strangers made harmless."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

console = Console(highlight=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints a table; columns after the first that hold numbers are set right."""
    listed = [list(row) for row in rows]
    made = Table(title=title, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        numeric = index > 0 and all(isinstance(row[index], int | float) for row in listed)
        made.add_column(column, justify="right" if numeric else "left")
    for row in listed:
        made.add_row(*(f"{cell:,}" if isinstance(cell, int) else escape(str(cell)) for cell in row))
    console.print(made)


def plain(text: object) -> str:
    """Text that neither markup nor terminal codes can be smuggled into."""
    return escape("".join(c for c in str(text) if c == "\n" or c.isprintable()))
