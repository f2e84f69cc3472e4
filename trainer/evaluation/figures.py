"""What margins say: accuracy, size, calibration and the part of length, for all rows, each culture and each track."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gravity.trainer.clusters import Array, Clusters
from gravity.trainer.dataset.contract import Row
from gravity.trainer.evaluation.controls import DIFFERENCES, Margins
from gravity.trainer.evaluation.heldout import clusters_of
from gravity.trainer.intervals import Estimate, bin_of, calibration_error, correlation, difference, mean, share

ALL = "all"

# Answers whose lengths differ by at most a tenth of the longer count as equally long.
MATCHED = 0.1

Mask = npt.NDArray[np.bool_]
Cell = dict[str, Any]


def cells(rows: Sequence[Row], found: Margins) -> list[Cell]:
    """Make the figures of each cell, the first of them over all rows.

    A cell has culture, track, rows, readers, subjects (seeds, items and books), and three groups of Estimates:
    `conditions` by condition and figure, `differences` of accuracy by name, and `length`. Differences are paired: row
    by row, over the rows that both sides answer.
    """
    clusters = clusters_of(rows)
    return [_cell(culture, track, mask, found, clusters.taken(mask)) for culture, track, mask in _masks(rows)]


def right(margin: Array) -> Array:
    """Return 1 where the chosen answer is preferred, 0 where the other is, 0.5 where neither."""
    return np.asarray((np.sign(margin) + 1) / 2)


def sigmoid(margin: Array) -> Array:
    """Return the chance that a margin stands for."""
    return np.asarray(0.5 * (1 + np.tanh(margin / 2)))


def reliability(margin: Array) -> list[dict[str, Any]]:
    """Return, for each bin of confidence that has rows, their number, mean confidence and share of right answers."""
    margin = margin[np.isfinite(margin)]
    confidence, correct = sigmoid(np.abs(margin)), right(margin)
    bins = bin_of(confidence)
    return [
        {
            "rows": int((bins == one).sum()),
            "confidence": float(confidence[bins == one].mean()),
            "accuracy": float(correct[bins == one].mean()),
        }
        for one in np.unique(bins)
    ]


def _masks(rows: Sequence[Row]) -> Iterator[tuple[str, str, Mask]]:
    cultures, tracks = (np.array([row[name] for row in rows]) for name in ("culture", "track"))
    every = np.ones(len(rows), dtype=bool)
    yield ALL, ALL, every
    for culture in np.unique(cultures):
        yield str(culture), ALL, cultures == culture
    for track in np.unique(tracks):
        yield ALL, str(track), tracks == track
    for culture in np.unique(cultures):
        for track in np.unique(tracks):
            if (both := (cultures == culture) & (tracks == track)).any():
                yield str(culture), str(track), both


def _cell(culture: str, track: str, mask: Mask, found: Margins, clusters: Clusters) -> Cell:
    by = {name: margin[mask] for name, margin in found.by_condition.items()}
    return {
        "culture": culture,
        "track": track,
        "rows": int(mask.sum()),
        **clusters.counts(),
        "conditions": {name: _condition(margin, clusters) for name, margin in by.items()},
        "differences": {name: _difference(by[one], by[other], clusters) for name, (one, other) in DIFFERENCES.items()},
        "length": _length(by["adapter"], found.longer[mask], found.tokens[mask], clusters),
    }


def _condition(margin: Array, clusters: Clusters) -> dict[str, Estimate]:
    known = np.isfinite(margin)
    margin, clusters = margin[known], clusters.taken(known)
    correct = right(margin)
    return {
        "accuracy": share(correct, clusters),
        "margin": mean(margin, clusters),
        # A pair gives the same whichever answer comes first, so the outcome to predict is always 1.
        "brier": mean((1 - sigmoid(margin)) ** 2, clusters, least=0.0),
        "ece": calibration_error(sigmoid(np.abs(margin)), correct, clusters),
    }


def _difference(one: Array, other: Array, clusters: Clusters) -> Estimate:
    known = np.isfinite(one) & np.isfinite(other)
    return difference(right(one[known]) - right(other[known]), clusters.taken(known))


def _length(margin: Array, longer: Array, tokens: Array, clusters: Clusters) -> dict[str, Estimate]:
    """How far length goes along with what the adapter prefers.

    `data prefers longer` and `adapter prefers longer` are over pairs of unequal length. `correlation` is that of
    the margin with the difference in tokens; its square is the share of the margins' variance that length explains.
    """
    unequal, matched = longer != 0, np.abs(longer) <= MATCHED * tokens

    def among(values: Array, mask: Mask) -> Estimate:
        return share(values[mask], clusters.taken(mask))

    return {
        "data prefers longer": among(right(longer), unequal),
        "adapter prefers longer": among(right(margin * np.sign(longer)), unequal),
        "correlation": correlation(margin, longer, clusters),
        "accuracy, chosen longer": among(right(margin), longer > 0),
        "accuracy, chosen shorter": among(right(margin), longer < 0),
        "accuracy, length-matched": among(right(margin), matched),
    }
