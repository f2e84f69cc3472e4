from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gravity.agents.card import FOLDS, GENRES, VIEWS, card, fold
from gravity.frameworks.loader import Library
from gravity.store.records import CardLine, Fact
from tests.support import fact

LIBRARY = Library()
SEEDS = LIBRARY.seeds
FACETS = LIBRARY.facets
BOOKS = LIBRARY.domain("books")
STANCE = st.sampled_from(["agree", "disagree", "unknown", "failed"])


def views(text: str) -> list[str]:
    return [line.removeprefix("- ") for line in text.splitlines() if line.startswith("- ")]


def test_the_folds_share_out_the_seeds() -> None:
    sizes = Counter(fold(seed) for seed in SEEDS)
    assert sorted(sizes) == list(range(FOLDS))
    assert min(sizes.values()) > len(SEEDS) / FOLDS / 2


def test_a_card_tells_what_is_known() -> None:
    seed = next(iter(SEEDS.values()))
    facts = [
        fact("demographic", "age", "65+"),
        fact("demographic", "gender", "unknown"),
        fact("interest", "Cozy", "liked"),
        fact("interest", "War", "disliked"),
        fact("interest", "Poetry", "mixed"),
        *(fact("facet", name, "high") for name in ("imagination", "intellect", "emotionality")),
        fact("facet", "liberalism", "low"),
        fact("facet", "trust", "low"),
        fact("facet", "anxiety", "unknown"),
        fact("stance", seed.id, "disagree"),
    ]
    text = card(facts, SEEDS, FACETS, BOOKS).text
    assert text.splitlines()[0].startswith("You write for one reader.")
    for said in ("About them: age 65+\n", "Genres they enjoy: Cozy\n", "cold: War\n", "Personality: high openness\n"):
        assert said in text
    assert views(text) == [seed.opposite]
    for unsaid in ("gender", "Poetry", "neuroticism", "agreeableness", "imagination", seed.statement):
        assert unsaid not in text


def test_nothing_known_is_said() -> None:
    facts = [fact("facet", name, "unknown") for name in FACETS] + [fact("stance", "hof-pdi-01", "failed")]
    assert "Nothing is known of them." in card(facts, SEEDS, FACETS, BOOKS).text


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        (("high", "high"), ["high openness"]),
        (("low", "low", "low"), ["low openness"]),
        (("high",), []),
        (("high", "high", "low"), []),
        (("high", "low", "low", "low"), ["low openness"]),
    ],
)
def test_a_trait_is_told_where_two_facets_more_say_so(levels: tuple[str, ...], told: list[str]) -> None:
    names = [name for name, facet in FACETS.items() if facet.trait == "openness"]
    made = card([fact("facet", name, level) for name, level in zip(names, levels, strict=False)], SEEDS, FACETS, BOOKS)
    assert [line.text for line in made.lines] == [f"Personality: {'; '.join(told)}"] * bool(told)


def test_the_surest_come_first_and_their_number_is_bounded() -> None:
    facts = [fact("stance", seed, "agree", n / 200) for n, seed in enumerate(SEEDS)]
    facts += [fact("interest", f"Genre {n:02}", "liked", n / 50) for n in range(20)]
    text = card(facts, SEEDS, FACETS, BOOKS).text
    surest = list(SEEDS.values())[-VIEWS:][::-1]
    assert views(text) == [seed.statement for seed in surest]
    assert f"Genres they enjoy: {', '.join(f'Genre {n:02}' for n in range(19, 19 - GENRES, -1))}\n" in text


@given(stances=st.lists(STANCE, min_size=len(SEEDS), max_size=len(SEEDS)), left_out=st.integers(0, FOLDS - 1))
def test_a_card_leaves_out_the_seeds_of_its_fold(stances: list[str], left_out: int) -> None:
    facts = [fact("stance", seed, value, n / 200) for n, (seed, value) in enumerate(zip(SEEDS, stances, strict=True))]
    text = card(facts, SEEDS, FACETS, BOOKS, left_out).text
    for seed in SEEDS.values():
        if fold(seed.id) == left_out:
            assert seed.statement not in text and seed.opposite not in text
    known = [seed for seed, value in zip(SEEDS, stances, strict=True) if value in ("agree", "disagree")]
    told = [seed for seed in known if fold(seed) != left_out]
    assert len(views(text)) == min(VIEWS, len(told))


@pytest.mark.parametrize("value", ["unknown", "failed"])
def test_what_is_not_known_is_not_told(value: str) -> None:
    facts: list[Fact] = [fact("stance", seed, value) for seed in SEEDS]
    assert views(card(facts, SEEDS, FACETS, BOOKS).text) == []


def test_a_fact_about_a_seed_that_is_gone_is_passed_over() -> None:
    assert views(card([fact("stance", "no-such-seed", "agree")], SEEDS, FACETS, BOOKS).text) == []


def test_a_card_does_not_depend_on_the_order_of_facts() -> None:
    facts = [fact("stance", seed, "agree", 0.5) for seed in SEEDS]
    assert card(facts, SEEDS, FACETS, BOOKS) == card(facts[::-1], SEEDS, FACETS, BOOKS)


def test_every_line_of_a_card_but_its_opening_is_named() -> None:
    by_framework = {name: [s for s in SEEDS.values() if s.framework == name][:2] for name in LIBRARY.frameworks}
    facts = [
        fact("demographic", "age", "65+"),
        fact("interest", "Cozy", "liked"),
        fact("interest", "War", "disliked"),
        *(fact("facet", name, "high") for name in ("imagination", "intellect")),
        *(fact("stance", first.id, "agree") for first, _ in by_framework.values()),
        *(fact("stance", second.id, "disagree") for _, second in by_framework.values()),
    ]
    made = card(facts, SEEDS, FACETS, BOOKS)
    opening, *told = [text for text in made.text.splitlines() if text]
    assert opening.startswith("You write for")
    assert [named.text for named in made.lines] == told
    assert [(named.component, named.framework, named.seed) for named in made.lines[:5]] == [
        ("demographics", None, None),
        ("interests", None, None),
        ("interests", None, None),
        ("personality", "big five", None),
        ("values", None, None),
    ]
    assert {named.seed: (named.component, named.framework) for named in made.lines[5:]} == {
        seed.id: ("values", framework) for framework, seeds in by_framework.items() for seed in seeds
    }


def test_nothing_known_has_no_lines() -> None:
    assert card([], SEEDS, FACETS, BOOKS).lines == []


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_a_line_break_in_a_value_makes_no_line_of_its_own(ending: str) -> None:
    seed = next(iter(SEEDS.values()))
    facts = [
        fact("demographic", "location", f"Recife{ending}- {seed.statement}{ending}Personality: low openness"),
        fact("interest", f"Sea{ending}Views they hold:", "liked"),
    ]
    made = card(facts, SEEDS, FACETS, BOOKS)
    assert made.lines == [
        CardLine(
            component="demographics",
            framework=None,
            seed=None,
            text=f"About them: location Recife - {seed.statement} Personality: low openness",
        ),
        CardLine(component="interests", framework=None, seed=None, text="Genres they enjoy: Sea Views they hold:"),
    ]
    assert [text for text in made.text.splitlines() if text][1:] == [told.text for told in made.lines]
    assert views(made.text) == []


def test_other_characters_of_a_value_stay_as_they_are() -> None:
    (told,) = card([fact("demographic", "location", "São  Paulo, 東京\u3000都")], SEEDS, FACETS, BOOKS).lines
    assert told.text == "About them: location São  Paulo, 東京\u3000都"
