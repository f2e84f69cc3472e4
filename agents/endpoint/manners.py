"""What a server takes, learned from what it refuses: a request changes one step at a time and never back.

What was learned is shared by all who ask the same model at the same address, for the life of the process.
"""

import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gravity.agents.endpoint.failure import Failure

Rung = Literal["json_schema", "tool", "json_object", "plain"]
Limit = Literal["max_completion_tokens", "max_tokens"]

RUNGS: tuple[Rung, ...] = ("json_schema", "tool", "json_object", "plain")
LIMITS: tuple[Limit, ...] = ("max_completion_tokens", "max_tokens")
# What a refusal of the way of asking for JSON speaks of, by that way.
_FORM: Mapping[str, str] = {
    "json_schema": r"response[ _]?format|schema|structured|output_config|grammar|guided|additionalproperties|json",
    "tool": r"tool|function|schema|additionalproperties",
    "json_object": r"response[ _]?format|json",
}
_SYSTEM = r"\brole|\bsystem (message|prompt|instruction)|developer instruction"
_log = logging.getLogger("gravity")


@dataclass(frozen=True)
class Manners:
    """How requests are made: the way of asking for JSON, the token limit's name (None: no limit is sent), whether there
    is a system role, and the optional fields that are not sent."""

    structured: Rung = "json_schema"
    limit: Limit | None = "max_completion_tokens"
    system: bool = True
    left_out: frozenset[str] = frozenset()
    # Whether the way of asking for JSON was chosen by the user and stays.
    fixed: bool = False

    @property
    def simpler(self) -> "Manners | None":
        """One step down the ladder; None at its foot, or where the user chose the rung."""
        at = RUNGS.index(self.structured)
        return None if self.fixed or at + 1 == len(RUNGS) else replace(self, structured=RUNGS[at + 1])

    def after(self, refusal: Failure, optional: Collection[str]) -> "tuple[Manners, str] | None":
        """The manners without what a refusal is about, and what that was; None where it names nothing that can change.

        `optional` are the fields of the request that could be left out. Of several things named, the one that the
        server points at goes first, then one in quotes, then the one named first.
        """
        changes = [(_word(name), replace(self, left_out=self.left_out | {name}), name) for name in optional]
        if self.limit:
            changes.append((_word(self.limit), self._other_limit(), self.limit))
        if self.system:
            changes.append((_SYSTEM, replace(self, system=False), "the system role"))
        if simpler := self.simpler:
            changes.append((_FORM[self.structured], simpler, f"structured output by {self.structured}"))
        named = [
            (place, changed, what)
            for pattern, changed, what in changes
            if (place := _place(pattern, refusal)) is not None
        ]
        if not named:
            return None
        _, changed, what = min(named, key=lambda found: found[0])
        return changed, what

    def _other_limit(self) -> "Manners":
        at = LIMITS.index(self.limit or LIMITS[-1])
        return replace(self, limit=LIMITS[at + 1] if at + 1 < len(LIMITS) else None)


def _word(name: str) -> str:
    return rf"(?<!\w){re.escape(name)}(?!\w)"


def _place(pattern: str, refusal: Failure) -> tuple[int, int] | None:
    """How plainly a refusal speaks of something, and where; the lower the plainer. None where it does not."""
    if any(re.search(pattern, field, re.IGNORECASE) for field in refusal.fields):
        return 0, 0
    found = re.search(pattern, refusal.text, re.IGNORECASE)
    if found is None:
        return None
    quoted = refusal.text[max(0, found.start() - 1) : found.start()] in ("'", '"', "`")
    return 1 if quoted else 2, found.start()


class Known:
    """The manners of one model at one address as far as they are known."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        # Whether an answer in the asked form came: only until then is a wrong form taken for the server's manner.
        self.proven = False

    def learn(self, before: Manners, refusal: Failure, optional: Collection[str], who: str) -> bool:
        """Whether it is worth asking again: a refusal of a request made with the manners `before` taught something, or
        another request has taught it meanwhile."""
        if self.manners != before:
            return True
        step = self.manners.after(refusal, optional)
        if step is None:
            return False
        self.manners, what = step
        self.proven = False
        _log.warning("%s refuses %s (%s): asked %s from now on", who, what, refusal.said, self._instead(before))
        return True

    def step_down(self, before: Manners, who: str) -> None:
        """Asks for JSON in a simpler way, since the server took no notice of this one."""
        if not self.proven and self.manners == before and (simpler := before.simpler):
            self.manners = simpler
            _log.warning(
                "%s takes no notice of %s: asked %s from now on", who, before.structured, self._instead(before)
            )

    def _instead(self, before: Manners) -> str:
        now = self.manners
        if now.structured != before.structured:
            return f"by {now.structured}"
        if now.limit != before.limit and now.limit:
            return f"with {now.limit}"
        return "without it" if now.system == before.system else "with the system's text in the user's message"


_known: dict[tuple[str, str, Manners], Known] = {}


def known(where: str, model: str, given: Manners) -> Known:
    """What is known of `model` at the address `where`, beginning with the manners that the user gave."""
    return _known.setdefault((where, model, given), Known(given))


def forget() -> None:
    """Forgets all that was learned."""
    _known.clear()
