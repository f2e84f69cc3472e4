"""The layouts that reviews come in: those that ship with Gravity, and those that other packages register."""

from gravity.frameworks.plugins import registry
from gravity.store.errors import LayoutError
from gravity.store.importers.amazon_2014 import AMAZON_2014
from gravity.store.importers.amazon_2023 import AMAZON_2023
from gravity.store.importers.importer import Importer

SHIPPED = (AMAZON_2023, AMAZON_2014)


def layouts() -> dict[str, Importer]:
    """The importers by the name of their layout.

    Raises PluginError where another package registers what is no Importer, or one under the name of another layout.
    """
    return registry(
        "importers", SHIPPED, lambda found: found.name, lambda found: isinstance(found, Importer), "an Importer"
    )


def find(name: str) -> Importer:
    """The importer of a layout. Raises LayoutError, which lists the layouts, where there is none of that name."""
    known = layouts()
    if name not in known:
        raise LayoutError(f"there is no layout '{name}' of reviews: known are {', '.join(known)}")
    return known[name]
