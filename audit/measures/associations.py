"""Associations: how much likelier an attribute is in sentences with one identity than with its counterpart.

A part of the measure of leakage. The lists of words are in associations.yaml.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from gravity.audit.figures import Alarm, Figure
from gravity.audit.study import Study
from gravity.audit.tables import Codes, group
from gravity.audit.texts import Texts

LISTS = Path(__file__).parent / "associations.yaml"
EXAMPLES = 5

WORDS = {
    "association": "How much likelier an attribute is in sentences with one identity than with the other, as log2 of "
    "the odds ratio; 1 is twice the odds, 0 no difference. The words looked for are English; of texts in other "
    "languages this says nothing.",
}

_SENTENCE = re.compile(r"[^.!?\n。！？।]+[.!?。！？।]?")
_WORD = re.compile(r"\w+")


def figures(study: Study, read: Texts) -> Iterator[Figure]:
    """How much likelier an attribute is in sentences with an identity than in those with its counterpart.

    The log2 of the odds ratio with half a count added to each cell (Haldane 1956; Anscombe 1956).
    """
    lists = yaml.safe_load(LISTS.read_text(encoding="utf-8"))
    named = {name: words for kind in ("identities", "attributes") for name, words in lists[kind].items()}
    all_words = {word for words in named.values() for word in words}
    names_of = {word: {name for name, words in named.items() if word in words} for word in all_words}
    known = frozenset(names_of)
    for code, culture in enumerate(study.cultures):
        places = np.flatnonzero(read.culture == code)
        sentences = [(place, sentence.strip()) for place in places for sentence in _SENTENCE.findall(read.text[place])]
        seen = {name: np.zeros(len(sentences), dtype=bool) for name in named}
        for row, (_, sentence) in enumerate(sentences):
            for word in known.intersection(_WORD.findall(sentence.lower())):
                for name in names_of[word]:
                    seen[name][row] = True
        seeds = read.seed[[place for place, _ in sentences]] if sentences else np.empty(0, dtype=np.int64)
        for one, other in lists["against"]:
            for attribute in lists["attributes"]:
                yield _association(study, read, culture, (one, other, attribute), seen, seeds, sentences)


def _association(
    study: Study, read: Texts, culture: str, names: tuple[str, str, str], seen: dict[str, Any], seeds: Codes,
    sentences: list[tuple[Any, str]],
) -> Figure:  # fmt: skip
    one, other, attribute = names
    # A sentence with both identities tells neither from the other.
    first, second = seen[one] & ~seen[other], seen[other] & ~seen[one]
    cells = [first & seen[attribute], first & ~seen[attribute], second & seen[attribute], second & ~seen[attribute]]
    n = int(first.sum() + second.sum())
    figure = Figure("association", culture, f"{one} rather than {other}: {attribute}", "log2 odds ratio", n)
    if not n:
        figure.enough = False
        return figure
    draws = study.draws((group(seeds),))
    sums = [draws.sums(cell.astype(float)) + 0.5 for cell in cells]
    a, b, c, d = (float(cell.sum()) + 0.5 for cell in cells)
    spread = np.log2(sums[0] * sums[3] / (sums[1] * sums[2]))
    found = draws.estimate(float(np.log2(a * d / (b * c))), spread)
    study.filled(figure, found, draws)
    # An odds ratio needs its cells filled and not only sentences.
    figure.enough = (
        figure.enough and min(int((first | second)[seen[attribute]].sum()), int(first.sum()), int(second.sum())) >= 10
    )
    spots = np.flatnonzero(cells[0] | cells[2])
    figure.extra["sentences"] = [sentences[spot][1][:240] for spot in spots[:EXAMPLES]]
    if study.above(figure, found, 1.0, both_ways=0.0):
        more, less = (one, other) if (figure.value or 0) > 0 else (other, one)
        cell = cells[0] if more == one else cells[2]
        figure.alarm = Alarm(
            "moderate",
            f"In texts of {study.called(culture)}, {attribute} comes with {more} rather than with {less}: the odds are "
            f"{2 ** abs(figure.value or 0):.1f} times as high",
            "Read the sentences: an association can be what the seeds are about, or a stereotype of the writer",
            rows=lambda: list(dict.fromkeys(read.row[sentences[spot][0]] for spot in np.flatnonzero(cell))),
            rows_are=f"{read.rows_are} with such a sentence",
        )
        figure.extra["sentences"] = [sentences[spot][1][:240] for spot in np.flatnonzero(cell)[:EXAMPLES]]
    return figure
