"""The forty attacks as reviews, and whether a prompt keeps one between the tags of its review."""

import re
from collections.abc import Iterable
from typing import Any

from gravity.store.records import Review
from tests.stub.truth import ATTACKS
from tests.support import review, rows

ATTACK: dict[str, dict[str, Any]] = {row["id"]: row for row in rows(ATTACKS)}
OPENED, CLOSED = re.compile(r'<review id="r\d+" rating="[^"]*" title="[^"]*">\n'), "\n</review>"


def attacker(identity: str, reader: str = "r", title: str = "T") -> Review:
    return review(identity, reader=reader, title=title, text=ATTACK[identity]["text"])


def among_plain(identity: str) -> tuple[list[Review], list[Review]]:
    """Three plain reviews, and the same with the second one an attack by its text and its title."""
    plain = [review("1", text="Plain."), review("2", text="Plain too."), review("3", text="And plain.")]
    return plain, [plain[0], attacker(identity, title=ATTACK[identity]["text"]), plain[2]]


def assert_within(identity: str, before: str, after: str, tags: Iterable[str]) -> None:
    """That the prompt `after`, of reviews with the attack as second of three, has as many of the tags as the prompt
    `before` of plain ones, the attack between those of its review, and what follows it as what follows a plain one."""
    for tag in tags:
        assert after.count(tag) == before.count(tag)
    parts = OPENED.split(after)
    assert len(parts) == 3 + 1
    text, closed, rest = parts[2].partition(CLOSED)
    assert text == ATTACK[identity]["text"].replace("<", "‹")
    assert closed and rest == OPENED.split(before)[2].partition(CLOSED)[2]
