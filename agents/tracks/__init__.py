"""The tracks: one module each, with its record `TRACK` and its function `compose`.

Another package adds one by an entry point of the group `gravity.tracks` that names such a module.
"""

from gravity.agents.composer import PairMaker
from gravity.agents.tracks import interests, personality, values
from gravity.frameworks.plugins import plugins

SHIPPED: tuple[PairMaker, ...] = (values, personality, interests)


def tracks() -> dict[str, PairMaker]:
    """The shipped tracks and those that other installed packages add, by name."""
    return {maker.TRACK.name: maker for maker in (*SHIPPED, *plugins("tracks").values())}
