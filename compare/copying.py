"""How much of a text is copied from another: ROUGE-L on the words of any script.

The package rouge-score keeps Latin letters and digits alone by default, so that Japanese and Hindi have no words, and
it brings a tokenizer library and more; the measure itself is the longest common subsequence.
"""

import unicodedata
from collections import defaultdict
from dataclasses import dataclass

from gravity.audit.study import split_words


@dataclass(frozen=True)
class Rouge:
    """ROUGE-L (Lin 2004): the longest common subsequence of words over those of the text (`precision`), over those of
    what it is held against (`recall`), and their harmonic mean `f`; all 0 to 1."""

    precision: float
    recall: float
    f: float


def tokens(text: str) -> list[str]:
    """The words of a text without case and without punctuation around them."""
    return [bare for word in split_words(text.casefold()) if (bare := _bare(word))]


def rouge_l(text: list[str], reference: list[str]) -> Rouge:
    """ROUGE-L of the tokens of a text against those of a reference; 0 where either has none."""
    if not text or not reference:
        return Rouge(0.0, 0.0, 0.0)
    common = _common(text, reference)
    return Rouge(common / len(text), common / len(reference), 2 * common / (len(text) + len(reference)))


def _common(one: list[str], other: list[str]) -> int:
    """The length of the longest common subsequence, by bits in parallel (Hyyro 2004): a bit for each word of `one`."""
    places: defaultdict[str, int] = defaultdict(int)
    for place, word in enumerate(one):
        places[word] |= 1 << place
    full = (1 << len(one)) - 1
    row = full
    for word in other:
        met = row & places.get(word, 0)
        row = ((row + met) | (row - met)) & full
    return len(one) - row.bit_count()


def _bare(word: str) -> str:
    start, end = 0, len(word)
    while start < end and _punctuates(word[start]):
        start += 1
    while end > start and _punctuates(word[end - 1]):
        end -= 1
    return word[start:end]


def _punctuates(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "PS"
