"""A small trained head over an embedder: where in a text its clauses speak for what is done or held.

A text is read as the sum of its clauses' vectors, weighted by a curve over their place in it; its lean is the dot
product of that sum with (statement - opposite). Turning statement and opposite around, or the two ways, turns the
sign, whatever the curve. `python -m gravity.agents.contrast.train` trains it and writes `head.json`.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from math import exp
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from gravity.store.embeddings import Embedder, Vectors

FILE = Path(__file__).with_name("head.json")

_SENTENCES = re.compile(r"(?<=[.!?;:।。！？])\s*")
_CLAUSES = re.compile(r"(?<=[,、，;:])\s*|\s+[—–-]\s+")
_SHORT = 3  # characters: less is a scrap of punctuation or an initial


def clauses(text: str) -> list[str]:
    """The clauses of a text in order, as its punctuation marks them; the text itself where there are none."""
    found = (clause.strip() for sentence in _SENTENCES.split(text) for clause in _CLAUSES.split(sentence))
    return [clause for clause in found if len(clause) >= _SHORT] or [text]


def places(parts: Sequence[str], knots: int) -> Vectors:
    """How much of a text each part is and where it stands: (parts, knots), summing to 1.

    A part's share is its share of the characters; it falls to the two of `knots` even places from start to end
    between which the part stands, by nearness.
    """
    count = len(parts)
    at = (np.arange(count) + 0.5) / count
    share = np.array([len(part) for part in parts], dtype=float)
    near = np.maximum(0, 1 - np.abs(at[:, None] - np.linspace(0, 1, knots)) * (knots - 1))
    return np.asarray(near * (share / share.sum())[:, None], dtype=np.float32)


class Link(BaseModel):
    """What was learned of one link: scenes that endorse a statement, or readers who hold it.

    `curve` weighs the places of a text from start to end; it is scaled so that a lean is a log-odds. Leans smaller
    than `margin` are no answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    curve: tuple[float, ...] = Field(min_length=2)
    margin: float = Field(ge=0)

    def vectors(self, embedder: Embedder, texts: Sequence[str], centre: Vectors | None = None) -> Vectors:
        """What each text says on the whole, (texts, d): its clauses, less `centre` (d,), weighted by the curve."""
        parts = [clauses(text) for text in texts]
        found = embedder.passages([clause for text_clauses in parts for clause in text_clauses])
        if centre is not None:
            found = found - centre
        curve = np.array(self.curve, dtype=np.float32)
        weights = [places(text_clauses, len(curve)) @ curve for text_clauses in parts]
        ends = np.cumsum([len(text_clauses) for text_clauses in parts])[:-1]
        rows = zip(weights, np.split(found, ends), strict=True)
        return np.stack([weight @ vectors for weight, vectors in rows])


class Head(BaseModel):
    """The trained weights, the embedder that they belong to, and the hash of what they were trained on and by."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    embedder: str
    trained_on: str
    scene: Link
    stance: Link

    @cached_property
    def name(self) -> str:
        """`head@` and eight hexadecimal digits, others for other weights."""
        weights = self.model_dump_json(exclude={"trained_on"})
        return f"head@{hashlib.sha256(weights.encode()).hexdigest()[:8]}"


def probability(lean: float) -> float:
    """The probability, 0.5 to 1, that the side of a lean in log-odds is the right one."""
    return 1 / (1 + exp(-abs(lean)))


def scaled_confidence(difference: float, margin: float) -> float:
    """A difference of cosines as a confidence: 0.5 at none, 0.75 at twice the margin, toward 1. Not calibrated."""
    return 0.5 + 0.5 * float(np.tanh(abs(difference) / max(margin, 1e-6) / 3.64))


@lru_cache
def shipped(embedder: str) -> Head | None:
    """The head that ships with Gravity, or None where it was trained for another embedder."""
    head = Head.model_validate_json(FILE.read_text(encoding="utf-8"))
    return head if head.embedder == embedder else None


def contrast_name(embedder: Embedder) -> str:
    """How votes, facts and runs name the contrast in this embedder's space: other weights, another name."""
    head = shipped(embedder.name)
    return f"contrast({embedder.name})" + (f"+{head.name}" if head else "")
