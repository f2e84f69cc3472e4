"""Whether a quote stands in a review word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.views.quoting import located
from gravity.frameworks.loader import DATA
from tests.support import rows

GOLD = [case for culture in ("br", "in", "jp", "us") for case in rows(DATA / "gold" / "views" / f"{culture}.jsonl")]
QUOTED = [(case["excerpt"], view["quote"], case["language"]) for case in GOLD for view in case["views"]]
TEXTS = {
    "en": "Well — I don’t “do” cliff-hangers…  I want an ending\nthat closes the door.",
    "pt": "Não gosto de finais abertos: quero – sempre – saber “quem foi”. Coração não é razão.",
    "ja": "私は小説には決着をつけてほしい。「曖昧な結末」は、ずるいと思う。",
    "hi": "मुझे ऐसी कहानियाँ पसंद हैं जो ज़िंदगी जैसी हों। अंत खुला न हो।",
}


@pytest.mark.parametrize(
    ("language", "quote", "stands"),
    [
        ("en", 'I don\'t "do" cliff-hangers', "I don’t “do” cliff-hangers"),
        ("en", "i want an ENDING that closes the door", "I want an ending\nthat closes the door"),
        ("en", "well - I don't", "Well — I don’t"),
        ("en", '"do" cliff‑hangers...', "do” cliff-hangers"),
        ("en", "…I want an ending", "I want an ending"),
        ("pt", 'quero - sempre - saber "quem foi"', "quero – sempre – saber “quem foi"),
        ("pt", "NÃO GOSTO de finais abertos", "Não gosto de finais abertos"),
        ("pt", "Corac\u0327a\u0303o na\u0303o e\u0301 raza\u0303o.", "Coração não é razão"),
        ("ja", "小説には決着をつけてほしい。", "小説には決着をつけてほしい"),
        ("ja", "「曖昧な結末」は、 ずるいと思う", "曖昧な結末」は、ずるいと思う"),
        ("hi", "जो ज़िंदगी जैसी हों", "जो ज़िंदगी जैसी हों"),
        ("hi", "जो ज\u093cिंदगी जैसी हों।", "जो ज़िंदगी जैसी हों"),
        ("hi", "मुझे ऐसी कहानि\u200dयाँ पसंद हैं", "मुझे ऐसी कहानियाँ पसंद हैं"),
    ],
)
def test_case_white_space_and_forms_do_not_matter(language: str, quote: str, stands: str) -> None:
    found = located(quote, TEXTS[language])
    assert found is not None and found in TEXTS[language]
    assert found.startswith(stands) and len(found) <= len(stands) + 1


@pytest.mark.parametrize(
    ("language", "quote"),
    [
        ("en", "I want an end that closes the door"),
        ("en", "I want an ending … closes the door"),
        ("en", "I don't want an ending"),
        ("pt", "Quero finais abertos"),
        ("pt", "Coracao nao e razao"),
        ("ja", "私は小説に決着をつけてほしい"),
        ("hi", "मुझे ऐसी कहानियाँ पसंद नहीं हैं"),
        ("en", ""),
        ("en", " ... "),
    ],
)
def test_other_words_or_fewer_do_not_stand_there(language: str, quote: str) -> None:
    assert located(quote, TEXTS[language]) is None


def test_a_quote_of_one_language_does_not_stand_in_a_text_of_another() -> None:
    for language, text in TEXTS.items():
        for other, quote in TEXTS.items():
            assert (located(quote, text) is not None) == (language == other)


def test_gold_quotes_stand_in_their_own_excerpt_and_in_no_other() -> None:
    assert len({language for _, _, language in QUOTED}) == 4 and len(QUOTED) > 200
    excerpts = [case["excerpt"] for case in GOLD]
    for excerpt, quote, _ in QUOTED[::6]:
        found = located(quote, excerpt)
        assert found is not None and found in excerpt
        assert sum(located(quote, other) is not None for other in excerpts) == 1


def test_every_quote_of_the_quiet_readers_stands_in_its_review() -> None:
    texts: dict[str, list[str]] = {}
    for row in rows(DATA / "quiet" / "reviews.jsonl"):
        texts.setdefault(row["user_id"], []).append(row["text"])
    quotes = [(p["reader"], view) for p in rows(DATA / "quiet" / "truth.jsonl") for view in p["views"]]
    assert quotes and all(located(view["quote"], texts[reader][view["review"]]) for reader, view in quotes)


@given(st.sampled_from(QUOTED), st.data())
def test_what_a_model_changes_as_it_copies_is_seen_through(quoted: tuple[str, str, str], data: st.DataObject) -> None:
    excerpt, quote, _ = quoted
    changed = quote
    for given_form, form in (("’", "'"), ("“", '"'), ("—", "-"), (" ", "\u00a0"), (" ", "\n"), ("a", "A")):
        if data.draw(st.booleans()):
            changed = changed.replace(given_form, form)
    assert located(changed, excerpt) == located(quote, excerpt) is not None


@given(st.sampled_from(QUOTED), st.data())
def test_a_word_that_is_left_out_is_noticed(quoted: tuple[str, str, str], data: st.DataObject) -> None:
    excerpt, quote, _ = quoted
    words = quote.split()
    if len(words) < 5:
        return
    gone = data.draw(st.integers(1, len(words) - 2))
    shorter = " ".join(words[:gone] + words[gone + 1 :])
    # Of two equal words in a row either may be the one that is left.
    assert located(shorter, excerpt) is None or words[gone] in (words[gone - 1], words[gone + 1])
