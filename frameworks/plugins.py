"""What other installed packages add: kinds of model, importers, tracks and audit measures, by Python's entry points."""

from importlib.metadata import entry_points
from typing import Any

from gravity.frameworks.errors import PluginError


def plugins(group: str) -> dict[str, Any]:
    """The objects that installed packages register under the entry-point group `gravity.<group>`, by name.

    `group` is models, importers, tracks or measures; CONTRIBUTING.md has a recipe for each. Raises PluginError for one
    that cannot be imported.
    """
    found = {}
    for entry in entry_points(group=f"gravity.{group}"):
        try:
            found[entry.name] = entry.load()
        except (ImportError, AttributeError) as error:
            raise PluginError(
                f"the entry point {entry.name} of gravity.{group} cannot be loaded: {error}: repair or uninstall "
                f"the package that registers {entry.value}"
            ) from None
    return found
