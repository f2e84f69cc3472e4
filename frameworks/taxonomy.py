"""The categories of a domain as a tree: where an item's category names lead in it, and which categories are kin."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property

from pydantic import Field

from gravity.frameworks.records import Record, Text

_PATH = re.compile(r"\s*(?:/(?=\s)|(?<=\s)/|>|»|\|)\s*")


class Category(Record):
    """A category with its `parts`, each narrower. Names in `aliases` mean it wherever they stand, those in `within`
    only below one of its ancestors. A `shelf` holds others and says nothing of a taste."""

    name: Text
    aliases: list[Text] = Field(default_factory=list)
    within: list[Text] = Field(default_factory=list)
    shelf: bool = False
    parts: list["Category"] = Field(default_factory=list)

    def tree(self) -> Iterator["Category"]:
        """The category and all below it, widest first within each level."""
        level = [self]
        while level:
            yield from level
            level = [part for category in level for part in category.parts]


class Taxonomy(Record):
    """The categories of one domain, and `shelves`, names that say nothing and are passed over."""

    id: Text
    shelves: list[Text] = Field(default_factory=list)
    categories: list[Category] = Field(default_factory=list)

    def place(self, names: Sequence[str]) -> tuple[str | None, list[str]]:
        """The deepest category that the `names` of an item lead to, the last one among equals, and the names that
        nobody knows. Where no category is known but such names are, the last of these is one of its own."""
        found: list[str] = []
        unknown: list[str] = []
        at: str | None = None
        for name in (part for whole in names for part in _PATH.split(whole) if part):
            key = _key(name)
            place = (self._below.get((at, key)) if at else None) or self._known.get(key)
            if place is not None:
                at = place
                found.append(place)
            elif key not in self._passed_over:
                unknown.append(name)
        told = [name for name in found if not self._nodes[name].shelf]
        best = max(enumerate(told), key=lambda one: (len(self._above[one[1]]), one[0]), default=(0, None))[1]
        return best or (unknown[-1] if unknown else None), unknown

    def lineage(self, category: str) -> tuple[str, ...]:
        """The category and those above it that are no shelves, narrowest first."""
        above = self._above.get(category, ())
        return (category, *(name for name in above if not self._nodes[name].shelf))

    def path(self, category: str) -> tuple[str, ...]:
        """The category and all above it, shelves too, widest first; empty for one that is not of the taxonomy."""
        return (*reversed(self._above[category]), category) if category in self._nodes else ()

    def kin(self, one: str, other: str) -> bool:
        """Whether one category holds the other, or its name holds the other's: then neither is put against the other.

        So do "Science Fiction" and "Hard Science Fiction", wherever they stand.
        """
        if one in self._above.get(other, ()) or other in self._above.get(one, ()):
            return True
        first, second = (f" {_key(name)} " for name in (one, other))
        return first in second or second in first

    def faults(self) -> list[str]:
        """What makes names ambiguous: two categories of one name, or one alias for two."""
        owner: dict[str, str] = {}
        faults = []
        for category in self._nodes.values():
            for name in dict.fromkeys(map(_key, (category.name, *category.aliases))):
                other = owner.setdefault(name, category.name)
                if other != category.name:
                    faults.append(f"'{name}' means {other} and {category.name}")
                if name in self._passed_over:
                    faults.append(f"'{name}' is {category.name} and a shelf")
        names = [category.name for top in self.categories for category in top.tree()]
        faults += [f"{name} stands twice" for name in {name for name in names if names.count(name) > 1}]
        return faults + [
            f"'{name}' means several below {category.name}"
            for category in self._nodes.values()
            for name in _twice(category)
        ]

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def depth(self) -> int:
        """How many categories stand above one another at most."""
        return max((1 + len(above) for above in self._above.values()), default=0)

    @cached_property
    def _passed_over(self) -> set[str]:
        return set(map(_key, self.shelves))

    @cached_property
    def _nodes(self) -> dict[str, Category]:
        return {category.name: category for top in self.categories for category in top.tree()}

    @cached_property
    def _above(self) -> dict[str, tuple[str, ...]]:
        """By category those above it, nearest first."""
        above: dict[str, tuple[str, ...]] = {top.name: () for top in self.categories}
        for top in self.categories:
            for category in top.tree():
                above.update((part.name, (category.name, *above[category.name])) for part in category.parts)
        return above

    @cached_property
    def _known(self) -> dict[str, str]:
        """By name and alias the category that it means anywhere; a category's own name comes first."""
        known = {_key(name): name for name in self._nodes}
        for category in self._nodes.values():
            for alias in category.aliases:
                known.setdefault(_key(alias), category.name)
        return known

    @cached_property
    def _below(self) -> dict[tuple[str | None, str], str]:
        """By a category and a name what the name means there or below; the nearest comes first."""
        below: dict[tuple[str | None, str], str] = {}
        for category in self._nodes.values():
            for part in category.tree():
                for name in (part.name, *part.within, *part.aliases):
                    below.setdefault((category.name, _key(name)), part.name)
        return below


def _twice(category: Category) -> set[str]:
    """The names under `within` that two parts of a category have."""
    names = [name for part in category.parts for name in dict.fromkeys(map(_key, part.within))]
    return {name for name in names if names.count(name) > 1}


def _key(name: str) -> str:
    """A name without case, punctuation and plural endings."""
    text = unicodedata.normalize("NFKC", name).casefold().replace("&", " and ").replace("'", "").replace("’", "")
    return " ".join(_singular(word) for word in re.findall(r"[^\W_]+|\+", text.replace("'s", "s")))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
