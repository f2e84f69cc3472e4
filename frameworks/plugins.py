"""What other installed packages add: kinds of model, importers, tracks and audit measures, by Python's entry points."""

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import Any, TypeVar

from gravity.frameworks.errors import PluginError

T = TypeVar("T")


def registry(
    group: str, shipped: Iterable[T], name: Callable[[T], str], fits: Callable[[Any], bool], what: str
) -> dict[str, T]:
    """The `shipped` objects and those that installed packages register under the entry-point group `gravity.<group>`,
    by `name`.

    `group` is models, importers, tracks or measures; CONTRIBUTING.md has a recipe for each. Raises PluginError for an
    entry that cannot be imported, that does not fit (it is not `what`), or whose name is taken.
    """
    known = {name(each): each for each in shipped}
    for entry in entry_points(group=f"gravity.{group}"):
        where = f"the entry point {entry.name} of gravity.{group}"
        try:
            found = entry.load()
        except (ImportError, AttributeError) as error:
            raise PluginError(
                f"{where} cannot be loaded: {error}: repair or uninstall the package that registers {entry.value}"
            ) from None
        if not fits(found):
            raise PluginError(f"{where} is {found!r}, not {what}: see CONTRIBUTING.md")
        if name(found) in known:
            raise PluginError(f"{where} has the name {name(found)}, which is taken: give it another one")
        known[name(found)] = found
    return known
