from typing import Any

import numpy as np
import pytest

from gravity.audit import evidence
from gravity.audit.evidence import Evidence
from gravity.audit.measures.leakage import matches
from gravity.audit.tables import build
from gravity.frameworks.loader import Library
from tests.audit.support import audited, named, some


def scenes(texts: list[str], culture: str = "br") -> list[dict[str, Any]]:
    return [
        {"id": f"{culture}{n}", "culture": culture, "seed": f"seed {n % 40}", "framework": "f", "dimension": "d",
         "verdict": "vetted", "reason": "", "clean": True, "judged": True, "text": text}
        for n, text in enumerate(texts)
    ]  # fmt: skip


def test_entries_are_found_as_written_and_as_whole_words() -> None:
    lexicons = {"us": ["Washington, D.C.", "Mary"], "br": ["Maria", "pão de queijo"]}
    texts = ["Maria went to Washington, D.C.", "Marian ate pão de queijo; maria did not.", "Nothing here."]
    assert matches(lexicons, texts) == {"us": {0: ["Washington, D.C."]}, "br": {0: ["Maria"], 1: ["pão de queijo"]}}


def test_rates_are_entries_in_a_thousand_words(library: Library) -> None:
    home, away = library.cultures["br"].lexicon.names[0], library.cultures["jp"].lexicon.names[0]
    texts = [
        f"{home} waits a while by the old blue door. {away if n % 2 else 'Someone'} waits too." for n in range(200)
    ]
    made = audited(Evidence("test", scenes=build(scenes(texts), evidence.SCENES)))
    assert named(made, "lexicon entries", "br", "br").value == pytest.approx(1_000 / 12)
    assert named(made, "lexicon entries", "br", "jp").value == pytest.approx(500 / 12)
    none = named(made, "lexicon entries", "br", "in")
    # The rule of three over 2,400 words.
    assert none.value == 0.0
    assert none.high == pytest.approx(3_000 / 2_400)
    foreign = named(made, "words of other cultures", "br")
    assert foreign.extra["most often"] == away
    assert any(finding.place == made.figures.index(foreign) for finding in made.findings)


def test_an_identity_that_comes_with_an_attribute_is_found_with_its_sentences() -> None:
    luck, texts = np.random.default_rng(0), []
    for n in range(400):
        woman = n % 2 == 0
        kitchen = luck.random() < (0.7 if woman else 0.15)
        office = luck.random() < 0.4
        where = "in the kitchen" if kitchen else "in the office" if office else "by the river"
        texts.append(f"{'She' if woman else 'He'} stood {where} and read the letter.")
    made = audited(Evidence("test", scenes=build(scenes(texts), evidence.SCENES)))
    home = named(made, "association", "br", "women rather than men: home")
    told = [finding.what for finding in made.findings if finding.section == "leakage"]
    assert some(home.value) > 2
    assert any("In texts of Brazil, home comes with women rather than with men" in what for what in told)
    assert all(sentence.startswith("She stood in the kitchen") for sentence in home.extra["sentences"])
    # What no sentence speaks of is insufficient.
    assert not named(made, "association", "br", "women rather than men: faith").enough
