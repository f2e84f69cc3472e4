"""Which models read reviews for views: the profiler's finds them, and the checker's tries to refute them."""

from gravity.agents.kinds.kind import Model, Workbench
from gravity.agents.views.reading import ViewReader


def view_reader(bench: Workbench, profiler: Model, checker: Model | None) -> ViewReader | None:
    """The reader of views that a profiler and a checker make together.

    Only chat models can read; where one of the two is none the other does both, and where neither is, nobody reads.
    """
    able = reading_models(profiler, checker)
    if not able:
        return None
    return ViewReader(
        run=bench.run,
        finder=able[0].finder(bench),
        refuter=able[-1].refuter(bench),
        repeats=able[-1].repeats(bench),
        cutting=bench.cutting,
    )


def reading_models(profiler: Model, checker: Model | None) -> list[Model]:
    """Those of a profiler and a checker that can read reviews for views: chat models alone."""
    return [model for model in (profiler, checker) if model is not None and model.chat is not None]
