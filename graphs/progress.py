"""How far a stage of the main graph is, as events of LangGraph's custom stream."""

from collections.abc import Callable
from itertools import count

from langgraph.config import get_stream_writer


def progress(stage: str, total: int) -> Callable[[], None]:
    """Writes {stage, done, total} with nothing done yet; each call of what it returns writes that one more is done."""
    write, done = get_stream_writer(), count()

    def advance() -> None:
        write({"stage": stage, "done": next(done), "total": total})

    advance()
    return advance
