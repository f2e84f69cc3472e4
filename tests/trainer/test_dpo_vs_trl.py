"""The benchmark against TRL measures what it says."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.dpo_vs_trl import ANSWER, QUESTION, measure

_PREFIX = 100


@pytest.mark.parametrize(
    ("which", "way", "tokens"),
    [
        # The card once; where sequences part, the last shared token is laid out again.
        ("ours", {"pairs": 4, "steps": 2, "max_tokens": 4096}, _PREFIX / 4 + QUESTION + 2 * ANSWER + 1 + 3 / 4),
        ("trl", {"pairs": 2, "steps": 2}, 2 * (_PREFIX + QUESTION + ANSWER)),
    ],
)
def test_both_sides_are_measured(base: Path, which: str, way: dict[str, Any], tokens: float) -> None:
    way = {**way, "checkpointing": False}
    found = measure(Namespace(device="cpu", saved=str(base), measure=which, prefix=[_PREFIX], way=json.dumps(way)))
    assert found["tokens_a_pair"] == tokens
    assert found["pairs_timed"] == way["pairs"] * way["steps"]
    assert 0 < found["fastest_step"] <= found["seconds_a_pair"] <= found["slowest_step"]
