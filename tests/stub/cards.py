"""Whose card it is: the planted reader of whom most of its lines are true."""

import json
from functools import lru_cache
from typing import Any

from gravity.frameworks.loader import DATA, Library

PEOPLE = ("planted", "quiet")


class Cards:
    """Tells planted readers by their cards."""

    def __init__(self) -> None:
        files = (DATA / folder / "truth.jsonl" for folder in PEOPLE)
        truths = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
        seeds = Library().seeds
        self._true = {truth["reader"]: _true_of(truth, seeds) for truth in truths}
        self.reader = lru_cache(maxsize=4_096)(self._reader)

    def _reader(self, card: str) -> str | None:
        """The reader whose card stands in a text; None where nothing in it is true of anyone."""
        lines = {line.removeprefix("- ").strip() for line in card.splitlines()}
        about = next((line.removeprefix("About them: ") for line in lines if line.startswith("About them: ")), "")
        lines.update(about.split("; "))
        hits = {reader: len(true & lines) for reader, true in self._true.items()}
        best = max(hits, key=hits.__getitem__)
        return best if hits[best] else None


def _true_of(truth: dict[str, Any], seeds: Any) -> set[str]:
    """What a card can say of a planted reader: details, and views in the seeds' words or in their own."""
    said = {f"{name} {value}" for name, value in truth["demographics"].items() if value}
    for seed, stance in truth.get("stances", {}).items():
        if stance in ("agree", "disagree") and seed in seeds:
            said.add(seeds[seed].statement if stance == "agree" else seeds[seed].opposite)
    for view in truth.get("views", []):
        said |= {view["statement"]}
    return said
