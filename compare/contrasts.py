"""Which writers are held against which: the original, prompting alone, and themselves with another reader's card."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gravity.compare.evidence import ORIGINAL, WriterInfo

Role = Literal["original", "prompt-only", "other card"]


@dataclass(frozen=True)
class Contrast:
    """A writer and what it is held against, which plays a `role`; `first` and `second` are their columns. The writer is
    a `control` where it is shown another reader's card: nobody would publish what it writes."""

    writer: str
    against: str
    role: Role
    first: int
    second: int
    control: bool = False

    @property
    def label(self) -> str:
        """As figures are grouped by."""
        return f"{self.writer} against {self.against}"

    def extra(self) -> dict[str, Any]:
        """What tells the contrast to whoever shows its figures."""
        return {"writer": self.writer, "against": self.against, "role": self.role}


def contrasts(writers: Sequence[WriterInfo]) -> list[Contrast]:
    """Each writer against the original, prompt-only, and its twin, of those that are in the line-up."""
    place = {writer.name: column for column, writer in enumerate(writers)}
    prompt_only = [writer.name for writer in writers if writer.prompt_only]
    made: list[tuple[WriterInfo, str, Role]] = []
    for writer in writers:
        if writer.name == ORIGINAL:
            continue
        made.append((writer, ORIGINAL, "original"))
        made += [(writer, name, "prompt-only") for name in prompt_only if name != writer.name]
        made += [(writer, writer.twin, "other card")] if writer.twin else []
    return [
        Contrast(writer.name, against, role, place[writer.name], place[against], writer.card == "other")
        for writer, against, role in made
        if against in place
    ]
