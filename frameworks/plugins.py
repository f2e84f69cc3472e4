"""What other installed packages add: kinds of model, importers, tracks and audit measures, by Python's entry points."""

from importlib.metadata import entry_points
from typing import Any


def plugins(group: str) -> dict[str, Any]:
    """The objects that installed packages register under the entry-point group `gravity.<group>`, by name.

    `group` is models, importers, tracks or measures; CONTRIBUTING.md has a recipe for each.
    """
    return {entry.name: entry.load() for entry in entry_points(group=f"gravity.{group}")}
