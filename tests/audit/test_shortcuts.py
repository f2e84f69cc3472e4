import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from gravity.audit.measures.shortcuts import auc, told
from gravity.audit.study import count_words
from tests.audit.support import audited, named, pair, pairs, some

WORDS = ["river", "stone", "door", "letter", "street", "garden", "paper", "window", "market", "evening"]


def texts(random: np.random.Generator, count: int) -> list[str]:
    return [" ".join(random.choice(WORDS, 12)) for _ in range(count)]


def test_words_are_counted_in_scripts_with_and_without_spaces() -> None:
    assert count_words("A letter, from home.") == 4
    assert count_words("é uma carta") == 3
    assert count_words("手紙を読む") == 5
    assert count_words("यह एक पत्र है") == 4
    assert count_words("") == 0


def test_auc_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    one, other = random.integers(0, 9, 300).astype(float), random.integers(0, 8, 200).astype(float)
    assert auc(one, other) == pytest.approx(roc_auc_score([1] * 300 + [0] * 200, [*one, *other]))


def test_a_word_that_only_one_side_uses_is_learnt_across_seeds() -> None:
    random, seeds = np.random.default_rng(1), np.arange(300) % 30
    chosen, rejected = texts(random, 300), texts(random, 300)
    assert abs(some(told(chosen, rejected, seeds)).mean() - 0.5) < 0.1
    assert some(told([f"{text} indeed" for text in chosen], rejected, seeds)).mean() > 0.95


def test_words_of_one_seed_do_not_count() -> None:
    # Each seed has a word of its own that marks the chosen side: tested on other seeds, it tells nothing.
    random, seeds = np.random.default_rng(2), np.arange(300) % 30
    chosen = [f"{text} mark{seed}" for text, seed in zip(texts(random, 300), seeds, strict=True)]
    rejected = [f"{text} other{seed}" for text, seed in zip(texts(random, 300), seeds, strict=True)]
    assert abs(some(told(chosen, rejected, seeds)).mean() - 0.5) < 0.12


def test_a_style_is_found_in_the_culture_that_has_it() -> None:
    random, rows = np.random.default_rng(3), []
    for culture in ("us", "jp"):
        for n, (one, other) in enumerate(zip(texts(random, 250), texts(random, 250), strict=True)):
            one = f"{one} indeed" if culture == "jp" else f"{one} stone"
            rows.append(pair(n, culture, chosen=one, rejected=f"{other} stone"))
    made = audited(pairs(rows))
    assert some(named(made, "words alone tell chosen from rejected", "jp").value) > 0.95
    found = [finding for finding in made.findings if finding.section == "shortcuts"]
    assert [finding.cultures for finding in found] == [["jp"]]
    assert len(found[0].rows) > 200
