"""What each line of a profile card tells, so that whoever reads a dataset can take a part of the card out.

The lines are those of `prompts/card.md`; a test renders that card and holds the two together.
"""

import re
from collections.abc import Mapping
from functools import cache

from gravity.frameworks.loader import Library
from gravity.frameworks.records import Seed

_VIEW = "- "
_COMPONENTS = (
    ("demographics", re.compile(r"About them: ")),
    ("interests", re.compile(r".+ (they enjoy|that leave them cold): ")),
    ("personality", re.compile(r"Personality: ")),
    ("values", re.compile(r"Views they hold:$")),
)
_FRAMEWORKS = {"personality": "big five"}

Line = dict[str, str | None]


def lines(card: str) -> list[Line]:
    """The card's lines that tell of the reader, in order, each word for word as `text`.

    `component` is demographics, interests, personality or values. `framework` is that of the trait or the view,
    None for the other components and for the heading of the views; "other" for a view of no known seed. `seed` is
    the id of a view's seed.
    """
    seeds = _seeds()
    found = (_line(text, seeds) for text in card.splitlines())
    return [line for line in found if line is not None]


def _line(text: str, seeds: Mapping[str, Seed]) -> Line | None:
    if text.startswith(_VIEW):
        seed = seeds.get(text.removeprefix(_VIEW))
        framework, identity = (seed.framework, seed.id) if seed else ("other", None)
        return {"component": "values", "framework": framework, "seed": identity, "text": text}
    for component, pattern in _COMPONENTS:
        if pattern.match(text):
            return {"component": component, "framework": _FRAMEWORKS.get(component), "seed": None, "text": text}
    return None


@cache
def _seeds() -> dict[str, Seed]:
    return {view: seed for seed in Library().seeds.values() for view in (seed.statement, seed.opposite)}
