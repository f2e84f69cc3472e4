"""What the checks of the material measure: lengths, reading ease, near-duplicates, and leaks of the right side."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from gravity.frameworks.statistics import wilson

MEAN_GAP = 0.5  # words by which the two sides may differ on average
SIMILAR = 0.5  # cosine of TF-IDF vectors of 3 to 5 characters
READING_EASE, FOLDS = 60.0, 5  # Flesch: plain English; folds of the cross-validation
LEAK = 0.58  # the most that a classifier may get right without knowing what the texts mean
WIDE = 0.05  # an interval with wider halves than this is of a small n: its lower bound is held against LEAK


@dataclass
class Report:
    """The rows of the table (what, its figures, its rule; ok, FAULT or skipped) and the faults, one line each."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, what: str, figures: str, rule: str, faults: Sequence[str]) -> None:
        """Adds a row and its faults."""
        self.rows.append((what, figures, rule, "FAULT" if faults else "ok"))
        self.faults += [f"{what}: {fault}" for fault in faults]

    def skip(self, what: str, why: str, rule: str) -> None:
        """Adds a row for what could not be checked, and why."""
        self.rows.append((what, why, rule, "skipped"))


def words(text: str) -> int:
    """How many words a text has, as split by spaces."""
    return len(text.split())


def reading_ease(text: str) -> float:
    """Flesch reading ease of English text; a syllable is a run of vowels, a final silent e is none."""
    found = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text.lower())
    sentences = max(1, len(re.findall(r"[.!?]+(?=\W|$)", text)))
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiouyl])e$", "", word)))) for word in found)
    return 206.835 - 1.015 * len(found) / sentences - 84.6 * syllables / max(1, len(found))


def told_by(features: Callable[[list[str], list[str]], Any], pairs: Sequence[tuple[str, str, str]]) -> float:
    """How many of the pairs (id, side, other side) a classifier tells apart, in folds grouped by seed or item.

    It sees the difference of the two sides' features, so that it answers which of the two is the side; a tie
    counts half. `features(fitted on, of)` makes one row a text.
    """
    sides, others = [pair[1] for pair in pairs], [pair[2] for pair in pairs]

    def difference(train: Iterable[int]) -> Any:
        known = [text for index in train for text in (sides[index], others[index])]
        return features(known, sides) - features(known, others)

    return float(picked(difference, [pair[0].split("/")[0] for pair in pairs]).sum())


def picked(difference: Callable[[Any], Any], groups: Any, solver: str = "lbfgs") -> npt.NDArray[np.float64]:
    """For each pair 1 where a logistic regression picks the first side, 0.5 for a tie, in folds of whole groups.

    `difference(train)` is the difference of the two sides' features, one row a pair, made knowing the pairs at the
    places `train` alone. It is learned both ways round, so that no side is preferred for being first.
    """
    right = np.zeros(len(groups))
    for train, test in GroupKFold(FOLDS, shuffle=True, random_state=0).split(right, groups=groups):
        found = difference(train)
        both_ways = sparse.vstack([found[train], -found[train]])
        model = LogisticRegression(fit_intercept=False, solver=solver).fit(both_ways, np.repeat([1, 0], len(train)))
        right[test] = (np.sign(model.decision_function(found[test])) + 1) / 2
    return right


def _bag(known: list[str], of: list[str]) -> Any:
    return TfidfVectorizer(token_pattern=r"\b\w+\b", sublinear_tf=True).fit(known).transform(of)


def _lengths(_: list[str], of: list[str]) -> Any:
    return sparse.csr_matrix([[words(text) / 2, len(text) / 10] for text in of])


def leaks(report: Report, what: str, pairs: Sequence[tuple[str, str, str]], most: float = LEAK) -> None:
    """Adds how far length alone, and words alone, tell the two sides apart; more than `most` (a share) is a fault."""
    if len({name.split("/")[0] for name, _, _ in pairs}) < FOLDS:
        return
    for name, features in (("length", _lengths), ("words", _bag)):
        right, n = told_by(features, pairs), len(pairs)
        low, high = wilson(right, n)
        small = (high - low) / 2 > WIDE
        fault = [f"more than {most:.0%} are told apart"] if (low if small else right / n) > most else []
        rule = f"{'lower bound' if small else 'accuracy'} <= {most:.0%}"
        report.add(f"{what} by {name}", f"{right / n:.1%} [{low:.1%}, {high:.1%}] n={n}", rule, fault)


def lengths(report: Report, what: str, pairs: Sequence[tuple[str, str, str]], gap: float) -> None:
    """Adds how much the two sides differ in words; a `gap` under 1 is a share of the longer side."""
    counts = [(name, words(one), words(other)) for name, one, other in pairs]
    apart = [(name, abs(a - b) / (max(a, b) if gap < 1 else 1)) for name, a, b in counts]
    faults = [f"{name} differs by {size:.2g}" for name, size in apart if size > gap]
    mean = fmean(a - b for _, a, b in counts)
    faults += [f"one side is {mean:+.2f} words longer on average"] if abs(mean) > MEAN_GAP else []
    rule = f"each <= {gap:.0%}" if gap < 1 else f"each <= {gap:.0f} words"
    most = max(size for _, size in apart)
    report.add(f"{what}: sides' lengths", f"mean {mean:+.2f}, most {most:.2g}", f"{rule}, mean <= {MEAN_GAP}", faults)


def texts(report: Report, what: str, named: Sequence[tuple[str, str]], allowed: range) -> None:
    """Adds whether the texts, as (id, text), have an `allowed` length, read easily, and no two are alike."""
    counts = Counter(text.casefold() for _, text in named)
    faults = [f"'{text}' stands twice" for text, n in counts.items() if n > 1]
    faults += [f"{name} has {words(text)} words" for name, text in named if words(text) not in allowed]
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    vectors = grams.fit_transform([text for _, text in named])
    alike = (sparse.triu(vectors @ vectors.T, k=1) > SIMILAR).tocoo()
    close = [(named[a][0], named[b][0]) for a, b in zip(*alike.coords, strict=True)]
    faults += [f"{a} and {b} are nearly the same text" for a, b in close if a != b]
    ease = fmean(reading_ease(text) for _, text in named)
    faults += [f"Flesch reading ease is {ease:.1f}"] if ease < READING_EASE else []
    rule = f"{allowed[0]}-{allowed[-1]} words, ease >= {READING_EASE:.0f}, unique, cosine <= {SIMILAR}"
    report.add(f"{what}: texts", f"n={len(named)}, mean Flesch reading ease {ease:.1f}", rule, faults)
