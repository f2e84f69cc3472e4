from collections.abc import Iterator
from typing import Any

import pytest

from gravity.audit import evidence
from gravity.audit.evidence import Evidence
from gravity.audit.swapper import Swapper
from gravity.audit.tables import build
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Lexicon
from tests.audit.support import audited, named


def test_markers_become_their_twins_and_nothing_else_changes(library: Library) -> None:
    br, jp = library.cultures["br"], library.cultures["jp"]
    home, away = br.lexicon, jp.lexicon
    text = f"{home.names[0]} left {home.places[1]} for a Brazilian job; so did {home.names[0]}'s son."
    twin, count = Swapper(br, jp).swap(text)
    assert twin == f"{away.names[0]} left {away.places[1]} for a Japanese job; so did {away.names[0]}'s son."
    assert count == 4


def test_a_text_without_markers_is_its_own_twin(library: Library) -> None:
    text = "She read the letter twice and put it away."
    for home in library.cultures.values():
        for away in library.cultures.values():
            if home is not away:
                assert Swapper(home, away).swap(text) == (text, 0)


def test_a_twin_holds_no_marker_of_home(library: Library) -> None:
    for home in library.cultures.values():
        text = "; ".join(home.lexicon.terms())
        for away in library.cultures.values():
            if home is not away:
                twin, count = Swapper(home, away).swap(text)
                assert count >= len(home.lexicon.terms()) * 0.95
                left = set(twin.split("; ")) & set(home.lexicon.terms()) - set(away.lexicon.terms())
                assert not left


@pytest.mark.parametrize("kind", Lexicon.model_fields)
def test_an_entry_becomes_one_of_the_same_kind(library: Library, kind: str) -> None:
    us, india = library.cultures["us"], library.cultures["in"]
    swapper = Swapper(us, india)
    for entry in getattr(us.lexicon, kind):
        assert swapper.swap(entry)[0] in getattr(india.lexicon, kind)


def rows(shift: float, flips: float, count: int = 200) -> Iterator[dict[str, Any]]:
    """Profiles' facets before and after a swap; `shift` of the swaps toward jp turn low anxiety high."""
    for place in range(count):
        before = "low" if place % 2 else "high"
        moved = place % 100 < 100 * shift and before == "low"
        again = "high" if place % 100 < 100 * flips and before == "low" else before
        yield {
            "case": f"c{place}", "seed": f"c{place}", "culture": "us", "toward": "jp", "role": "profiler", "model": "m",
            "name": "anxiety", "before": before, "after": "high" if moved else before, "again": again,
        }  # fmt: skip


def test_a_facet_that_moves_with_the_markers_is_found_with_its_direction() -> None:
    made = audited(Evidence("test", swaps=build(rows(0.4, 0.0), evidence.SWAPS)))
    shift = named(made, "shift of a facet", "jp")
    assert shift.value == pytest.approx(2 * 0.2)
    assert {"flips beyond reruns", "shift of a facet"} <= {made.figures[f.place].name for f in made.findings}
    assert any("Japan moves anxiety by +0.40 levels" in finding.what for finding in made.findings)
    assert "high to low 0, back 40 (p < 0.001)" in named(made, "flips beyond reruns").extra["direction, by McNemar"]


def test_what_flips_as_often_when_asked_again_is_no_finding() -> None:
    made = audited(Evidence("test", swaps=build(rows(0.4, 0.4), evidence.SWAPS)))
    figure = named(made, "flips beyond reruns")
    assert figure.value == 0.0
    assert figure.extra["flips asked again"] == pytest.approx(0.2)
    assert "flips beyond reruns" not in {made.figures[f.place].name for f in made.findings}
