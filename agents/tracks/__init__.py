"""The tracks: one module each, with its record `TRACK` and its function `compose`.

Another package adds one by an entry point of the group `gravity.tracks` that names such a module.
"""

from gravity.agents.composer import PairMaker
from gravity.agents.tracks import carried_over, interests, personality, values
from gravity.frameworks.plugins import registry
from gravity.store.runs import Track

SHIPPED: tuple[PairMaker, ...] = (values, carried_over, personality, interests)


def tracks() -> dict[str, PairMaker]:
    """The shipped tracks and those that other installed packages add, by name. Raises PluginError."""

    def fits(found: object) -> bool:
        return isinstance(getattr(found, "TRACK", None), Track) and callable(getattr(found, "compose", None))

    return registry("tracks", SHIPPED, lambda maker: maker.TRACK.name, fits, "a module with TRACK and compose")
