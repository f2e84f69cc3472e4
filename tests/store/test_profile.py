"""The lines of a card as the dataset names them, held to the card that is really written."""

from gravity.agents.card import card
from gravity.frameworks.loader import Library
from gravity.store.profile import lines
from tests.support import fact

LIBRARY = Library()


def test_every_line_of_a_card_but_its_opening_is_named() -> None:
    seeds = {
        framework: [s for s in LIBRARY.seeds.values() if s.framework == framework] for framework in LIBRARY.frameworks
    }
    facts = [
        fact("demographic", "age", "65+"),
        fact("interest", "Cozy", "liked"),
        fact("interest", "War", "disliked"),
        fact("trait", "openness", "high"),
        *(fact("stance", found[0].id, "agree") for found in seeds.values()),
        *(fact("stance", found[1].id, "disagree") for found in seeds.values()),
    ]
    text = card(facts, LIBRARY.seeds, LIBRARY.domain("books"))
    opening, *told = [line for line in text.splitlines() if line]
    found = lines(text)
    assert opening.startswith("You write for")
    assert [line["text"] for line in found] == told
    assert [line["component"] for line in found[:4]] == ["demographics", "interests", "interests", "personality"]
    assert found[3]["framework"] == "big five"
    assert (found[4]["component"], found[4]["framework"]) == ("values", None)
    assert {line["seed"]: line["framework"] for line in found[5:]} == {
        seed.id: framework for framework, of in seeds.items() for seed in of[:2]
    }


def test_nothing_known_has_no_lines() -> None:
    assert lines(card([], LIBRARY.seeds, LIBRARY.domain("books"))) == []


def test_a_view_of_no_known_seed_is_another_frameworks() -> None:
    assert lines("- Cats are better than dogs.") == [
        {"component": "values", "framework": "other", "seed": None, "text": "- Cats are better than dogs."}
    ]
