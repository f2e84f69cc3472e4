"""The layouts that reviews come in: those that ship with Gravity, and those that other packages register."""

from gravity.frameworks.errors import PluginError
from gravity.frameworks.plugins import plugins
from gravity.store.errors import LayoutError
from gravity.store.importers.amazon_2014 import AMAZON_2014
from gravity.store.importers.amazon_2023 import AMAZON_2023
from gravity.store.importers.importer import Importer

SHIPPED = (AMAZON_2023, AMAZON_2014)


def layouts() -> dict[str, Importer]:
    """The importers by the name of their layout.

    Raises PluginError where another package registers what is no Importer, or one under the name of another layout.
    """
    known = {importer.name: importer for importer in SHIPPED}
    for name, found in plugins("importers").items():
        if not isinstance(found, Importer):
            raise PluginError(f"the entry point {name} of gravity.importers is {found!r}, not an Importer")
        if found.name in known:
            raise PluginError(f"the entry point {name} of gravity.importers reads {found.name}, which is read already")
        known[found.name] = found
    return known


def find(name: str) -> Importer:
    """The importer of a layout. Raises LayoutError, which lists the layouts, where there is none of that name."""
    known = layouts()
    if name not in known:
        raise LayoutError(f"there is no layout '{name}' of reviews: known are {', '.join(known)}")
    return known[name]
