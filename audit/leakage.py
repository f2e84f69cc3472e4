"""Leakage: words of other cultures in a culture's texts, and identities that come with attributes.

A text is counted once however many pairs use it. Texts of the values track alone are read where tracks are known:
book descriptions may speak of anywhere, and personality items belong to no culture. Of more texts than `TEXTS` a
culture that many are drawn at random.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from gravity.audit.figures import Alarm, Figure
from gravity.audit.resampling import Draws, Interval
from gravity.audit.study import Study, count_words, listed
from gravity.audit.tables import Codes, Floats, codes, group, pick, where
from gravity.frameworks.words import any_of

SECTION = "leakage"
WORDS = Path(__file__).parent / "associations.yaml"
SHOWN = 5
TEXTS = 50_000

_SENTENCE = re.compile(r"[^.!?\n。！？।]+[.!?。！？।]?")


@dataclass(frozen=True)
class Texts:
    """Texts by culture, those of a column of pairs once each: the codes of their culture and seed, and the text.

    `row` names where each stands.
    """

    culture: Codes
    seed: Codes
    text: list[str]
    row: list[str]
    rows_are: str

    @cached_property
    def words(self) -> Floats:
        """The words of each."""
        return np.array([count_words(text) for text in self.text], dtype=np.float64)


def texts(study: Study) -> Texts:
    """The texts that are read, `TEXTS` of a culture at most."""
    found = _all_texts(study)
    order = np.random.default_rng(0).permutation(len(found.text))
    kept = [order[found.culture[order] == code][:TEXTS] for code in range(len(study.cultures))]
    places = np.sort(np.concatenate([np.empty(0, dtype=np.int64), *kept]))
    text, row = ([values[place] for place in places] for values in (found.text, found.row))
    return Texts(found.culture[places], found.seed[places], text, row, found.rows_are)


def _all_texts(study: Study) -> Texts:
    """The scenarios' texts; where there are none, the distinct sides and tasks of the pairs."""
    scenes = study.evidence.scenes
    culture = study.culture_codes(scenes)
    if len(scenes):
        found, distinct = codes(scenes, "text")
        rows = np.flatnonzero((culture >= 0) & (found >= 0))
        shown = [distinct[code] for code in found[rows]]
        return Texts(culture[rows], codes(scenes, "seed")[0][rows], shown, pick(scenes, "id", rows), "scenarios")
    pairs = study.evidence.pairs
    known = where(pairs, "track", "values", "all") & (study.culture_codes(pairs) >= 0)
    if not known.any():
        return Texts(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), [], [], "pairs")
    of, seed, ids = study.culture_codes(pairs)[known], codes(pairs, "subject")[0][known], pairs["id"].filter(known)
    kept: list[Codes] = []
    text: list[str] = []
    names: list[str] = []
    for column in ("task", "chosen", "rejected"):
        found, distinct = codes(pairs, column)
        first = np.sort(np.unique(group(of, found[known]), return_index=True)[1])
        first = first[found[known][first] >= 0]
        kept.append(first)
        text += [distinct[code] for code in found[known][first]]
        names += ids.take(first).to_pylist()
    place = np.concatenate(kept)
    return Texts(of[place], seed[place], text, names, "pairs")


def measure(study: Study) -> list[Figure]:
    """The matrix of cultures and lexicons, and the associations."""
    read = texts(study)
    return [*_matrix(study, read), *_associations(study, read)]


def _matrix(study: Study, read: Texts) -> Iterator[Figure]:
    lexicons = {name: culture.lexicon.terms() for name, culture in study.library.cultures.items()}
    hits = matches(lexicons, read.text)
    for code, culture in enumerate(study.cultures):
        places = np.flatnonzero(read.culture == code)
        if not len(places):
            continue
        draws = Draws((read.seed[places],), study.settings.repeats)
        for name, found in hits.items():
            yield _rate(study, read, "lexicon entries", culture, name, places, found, draws)[0]
        if culture in hits:
            yield _foreign(study, read, culture, places, hits, draws)


def _rate(
    study: Study,
    read: Texts,
    name: str,
    culture: str,
    lexicon: str,
    places: Codes,
    found: Mapping[int, list[str]],
    draws: Draws,
) -> tuple[Figure, Interval | None]:
    """Entries in 1,000 words of the texts at `places`; `found` are the entries by text."""
    hits = np.array([len(found.get(place, ())) for place in places.tolist()], dtype=np.float64)
    words = read.words[places]
    total = max(1.0, float(words.sum()))
    figure = Figure(SECTION, name, culture, lexicon, "per 1,000 words", int(total), extra={"texts": len(places)})
    estimate = draws.of(1_000 * float(hits.sum()) / total, 1_000 * draws.ratio(hits, words))
    study.filled(figure, estimate, draws)
    figure.enough = len(places) >= study.settings.min_rows and draws.count >= study.settings.min_clusters
    if estimate is not None and not hits.any():
        # No hit in so many words: the rule of three bounds the rate (Hanley & Lippman-Hand 1983).
        figure.high = 1_000 * 3 / total
    return figure, estimate


def _foreign(
    study: Study, read: Texts, culture: str, places: Codes, hits: Mapping[str, Mapping[int, list[str]]], draws: Draws
) -> Figure:
    """The rate of words of all other cultures together, which is what is tested."""
    mine, strange = set(places.tolist()), dict[int, list[str]]()
    for lexicon, found in hits.items():
        for place in found.keys() & mine if lexicon != culture else ():
            strange.setdefault(place, []).extend(found[place])
    figure, estimate = _rate(study, read, "words of other cultures", culture, "", places, strange, draws)
    if study.above(figure, estimate, study.settings.leak_per_1000):
        common = [term for term, _ in Counter(term for terms in strange.values() for term in terms).most_common(SHOWN)]
        figure.extra["most often"] = listed(common)
        figure.alarm = Alarm(
            "moderate",
            f"Texts of {study.called(culture)} hold words of other cultures: {figure.value:.1f} in 1,000 words, such "
            f"as {listed(common)}",
            "Look at the writer's prompt and the revisions: a scene should be at home in its own culture",
            rows=lambda: [read.row[place] for place in sorted(strange)],
            rows_are=f"{read.rows_are} with words of other cultures",
        )
    return figure


def matches(lexicons: Mapping[str, Sequence[str]], texts: Sequence[str]) -> dict[str, dict[int, list[str]]]:
    """By lexicon, the entries that stand in each text that has any, as written and as whole words."""
    patterns = {name: any_of(terms) for name, terms in lexicons.items()}
    found: dict[str, dict[int, list[str]]] = {name: {} for name in lexicons}
    # Most texts hold no entry of most lexicons: a look at their words is cheaper than the patterns.
    heads: dict[str, set[str]] = {}
    for name, terms in lexicons.items():
        for term in terms:
            heads.setdefault(_WORD.findall(term)[0], set()).add(name)
    known = frozenset(heads)
    for place, text in enumerate(texts):
        for name in {name for head in known.intersection(_WORD.findall(text)) for name in heads[head]}:
            if entries := patterns[name].findall(text):
                found[name][place] = entries
    return found


_WORD = re.compile(r"\w+")


def _associations(study: Study, read: Texts) -> Iterator[Figure]:
    """How much likelier an attribute is in sentences with an identity than in those with its counterpart.

    The log2 of the odds ratio with half a count added to each cell (Haldane 1956; Anscombe 1956).
    """
    lists = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    named = {name: words for kind in ("identities", "attributes") for name, words in lists[kind].items()}
    of = {word: {name for name, words in named.items() if word in words} for words in named.values() for word in words}
    known = frozenset(of)
    for code, culture in enumerate(study.cultures):
        places = np.flatnonzero(read.culture == code)
        sentences = [(place, sentence.strip()) for place in places for sentence in _SENTENCE.findall(read.text[place])]
        seen = {name: np.zeros(len(sentences), dtype=bool) for name in named}
        for row, (_, sentence) in enumerate(sentences):
            for word in known.intersection(_WORD.findall(sentence.lower())):
                for name in of[word]:
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
    figure = Figure(SECTION, "association", culture, f"{one} rather than {other}: {attribute}", "log2 odds ratio", n)
    if not n:
        figure.enough = False
        return figure
    draws = Draws((group(seeds),), study.settings.repeats)
    sums = [draws.sums(cell.astype(float)) + 0.5 for cell in cells]
    a, b, c, d = (float(cell.sum()) + 0.5 for cell in cells)
    spread = np.log2(sums[0] * sums[3] / (sums[1] * sums[2]))
    found = draws.of(float(np.log2(a * d / (b * c))), spread)
    study.filled(figure, found, draws)
    # An odds ratio needs its cells filled and not only sentences.
    figure.enough = (
        figure.enough and min(int((first | second)[seen[attribute]].sum()), int(first.sum()), int(second.sum())) >= 10
    )
    spots = np.flatnonzero(cells[0] | cells[2])
    figure.extra["sentences"] = [sentences[spot][1][:240] for spot in spots[:SHOWN]]
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
        figure.extra["sentences"] = [sentences[spot][1][:240] for spot in np.flatnonzero(cell)[:SHOWN]]
    return figure
