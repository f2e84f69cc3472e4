"""What an audit measure is: a function from the evidence to figures, with the words and charts that explain them.

CONTRIBUTING.md has the recipe for a measure in a package of your own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from gravity.audit.figures import Figure

S = TypeVar("S")
Chart = Callable[[Sequence[Figure]], dict[str, Any] | None]


@dataclass(frozen=True)
class Section:
    """A part of the report. `name` stands in its figures and findings, `title` and `about` on the page."""

    name: str
    title: str
    about: str


@dataclass(frozen=True)
class Measure(Generic[S]):
    """One measure, of what a study S holds; several may share a section.

    `measure` makes the figures; it must take evidence whose tables are empty. `words` says by the name of a figure
    what it means, in the order in which the page shows them; figures without words come last. `charts` draws the
    figures of a name as a Vega-Lite specification, or returns None where a table says it better; without an entry
    the chart is that of `charts.chart`.
    """

    section: Section
    words: Mapping[str, str]
    measure: Callable[[S], Iterable[Figure]]
    charts: Mapping[str, Chart] = field(default_factory=dict)

    def figures(self, study: S) -> list[Figure]:
        """The figures, each with the name of the section."""
        return [replace(figure, section=self.section.name) for figure in self.measure(study)]
