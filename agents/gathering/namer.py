"""Asks models about views of many readers: what is common to them, who stands on which side, and whether it is fair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import Field, create_model

from gravity.agents.asking import Answer, Asked, Asker
from gravity.frameworks.issues import listed
from gravity.frameworks.records import Culture, Domain, Framework
from gravity.store.records import Provenance
from gravity.store.views import View

ISSUES = 3


class Issue(Answer):
    """An issue as a model answers it; `dimension` is a number in the list that the prompt shows, 0 for none."""

    statement: str = Field(min_length=20, max_length=200)
    opposite: str = Field(min_length=20, max_length=200)
    name: str = Field(min_length=2, max_length=40)
    dimension: int = Field(ge=0)
    pole: Literal["high", "low"]
    holds: list[str]
    denies: list[str]


class Fairness(Answer):
    """What a critic has against the two sides of an issue."""

    fault: Literal["straw man", "no opposite", "platitude", "two ideas", "names a group", "foreign", "uneven", "none"]
    reason: str = Field(max_length=300)


@dataclass(frozen=True)
class Namer:
    """Names what views have in common. `frameworks` are the known ones, which an issue may be an instance of."""

    asker: Asker
    domain: Domain
    frameworks: Mapping[str, Framework]

    async def issues(self, views: Sequence[View], least: int) -> tuple[list[Issue], Provenance]:
        """The issues that at least `least` of the views bear on. Raises AskError."""
        asked: Asked[Any] = await self.asker.ask(
            "gather",
            _issues(len(views), len(self.dimensions)),
            domain=self.domain,
            views=listed(views, "w"),
            least=least,
            dimensions=[
                {"name": f"{framework}/{name}", "high": dimension.high, "low": dimension.low}
                for framework, name, dimension in self.dimensions
            ],
        )
        stripped = [
            issue.model_copy(update={"statement": issue.statement.strip(), "opposite": issue.opposite.strip()})
            for issue in asked.answer.issues
        ]
        return stripped, asked.made_by

    async def sides(self, statement: str, opposite: str, views: Sequence[View]) -> dict[str, str]:
        """The side, "statement" or "opposite", of each view that takes one, by id. Raises AskError."""
        shown = listed(views, "w")
        asked: Asked[Any] = await self.asker.ask(
            "place",
            _sides(len(views)),
            domain=self.domain,
            statement=statement,
            opposite=opposite,
            views=shown,
        )
        told = {view.id: getattr(asked.answer, line["alias"]) for view, line in zip(views, shown, strict=True)}
        return {identity: side for identity, side in told.items() if side != "neither"}

    def dimension(self, issue: Issue) -> str:
        """The dimension of a known framework that an issue is an instance of, or its own name."""
        if not 0 < issue.dimension <= len(self.dimensions):
            return issue.name.strip().casefold().replace("/", " ")
        framework, name, _ = self.dimensions[issue.dimension - 1]
        return f"{framework}/{name}"

    @property
    def dimensions(self) -> list[tuple[str, str, Any]]:
        """Framework, name and poles of every known dimension, in the order of the prompt."""
        return [(f, name, d) for f, framework in self.frameworks.items() for name, d in framework.dimensions.items()]


@dataclass(frozen=True)
class FairnessCritic:
    """Looks at the fairness of the two sides of an issue, for people of the `cultures`."""

    asker: Asker
    cultures: Mapping[str, Culture]

    async def fault(self, statement: str, opposite: str) -> tuple[str, Provenance]:
        """What is unfair, in words; empty where nothing is. Raises AskError."""
        asked = await self.asker.ask(
            "fair",
            Fairness,
            cultures=", ".join(culture.name for culture in self.cultures.values()),
            statement=statement,
            opposite=opposite,
        )
        told = asked.answer
        return "" if told.fault == "none" else f"{told.fault}: {told.reason}", asked.made_by


@cache
def _issues(views: int, dimensions: int) -> type[Answer]:
    ids: Any = list[Literal[tuple(f"w{number}" for number in range(1, views + 1))]]  # type: ignore[misc]
    bounds: dict[str, Any] = {"holds": (ids, ...), "denies": (ids, ...), "dimension": (int, Field(ge=0, le=dimensions))}
    issue = create_model("Issue", __base__=Issue, **bounds)
    listed: dict[str, Any] = {"issues": (list[issue], Field(max_length=ISSUES))}
    return create_model("Issues", __base__=Answer, **listed)


@cache
def _sides(views: int) -> type[Answer]:
    side = Literal["statement", "opposite", "neither"]
    fields: dict[str, Any] = {f"w{number}": (side, ...) for number in range(1, views + 1)}
    return create_model("Sides", __base__=Answer, **fields)
