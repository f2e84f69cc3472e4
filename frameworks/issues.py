"""Issues: what seeds and views are about, with two sides of which a reader takes one."""

from collections.abc import Sequence
from typing import Protocol


class Issue(Protocol):
    """Something with two sides."""

    @property
    def statement(self) -> str:
        """One side."""
        ...

    @property
    def opposite(self) -> str:
        """The other."""
        ...


def both_sides(issue: Issue) -> str:
    """Both sides as one text: by its vector an issue is found, whichever side is taken."""
    return f"{issue.statement} / {issue.opposite}"


def listed(issues: Sequence[Issue], letter: str) -> list[dict[str, str]]:
    """Issues as prompts list them, under the short ids of a letter and a number from 1."""
    return [
        {"alias": f"{letter}{number}", "statement": issue.statement, "opposite": issue.opposite}
        for number, issue in enumerate(issues, start=1)
    ]
