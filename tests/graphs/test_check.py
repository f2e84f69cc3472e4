"""Sampled pairs are judged end to end, once, by a panel that knows nothing of how the label came about."""

import re
from pathlib import Path

import pytest

from gravity.agents.facets.traits import trait_levels
from gravity.agents.judge import Case, Panel
from gravity.graphs.check import check_graph
from gravity.graphs.crew import Crew
from gravity.graphs.curate import curate_graph
from gravity.graphs.pending import pending_checks
from gravity.project import Project
from gravity.store.lots import lots
from gravity.store.records import Choice, Pair
from tests.graphs.support import at_work, pairs, run_of, with_checkers
from tests.stub.manners import Provider
from tests.stub.server import Faults, Stub
from tests.stub.truth import Character
from tests.support import config, project, run_id, take_in

SEEDS = 6


def prepared(url: str, home: Path, acceptable: float = 0.3) -> Project:
    settings = config(url, home, seeds=SEEDS)
    judging = settings.judging.model_copy(update={"acceptable_error": acceptable})
    made = project(settings.model_copy(update={"judging": judging}))
    take_in(made, each=2)
    return made


def with_panel(made: Project, kind: type[Panel] = Panel) -> Crew:
    """The crew as it is when the stub has qualified in every culture but Japan's."""
    judge = made.models["stub"].pair_judge(made.setup(unqualified=True).workbench("run"))
    return with_checkers(made, [judge], [c for c in made.library.cultures if c != "jp"], kind=kind)


async def run(made: Project, crew: Crew) -> None:
    async with at_work(made):
        await curate_graph(crew).ainvoke({})


async def test_samples_are_checked_once_and_no_more(stub: Stub, tmp_path: Path) -> None:
    made = prepared(stub.url, tmp_path)
    crew = with_panel(made)
    await run(made, crew)
    checks = made.stores.ledger.checks(run_id(made))
    found = {(lot.culture, lot.track): lot for lot in lots(made.stores.ledger, run_of(made))}
    assert len(checks) == sum(
        lot.checked for (culture, track), lot in found.items() if track != "interests" and culture != "jp"
    )
    assert any(lot.checked < lot.pairs for lot in found.values()) and any(lot.spared for lot in found.values())
    assert any(lot.checked == lot.pairs for lot in found.values())
    assert pending_checks(crew) == []
    by_id = {pair.id: pair for pair in pairs(made)}
    assert {by_id[pair].track for pair in checks} == {"values", "personality"}
    assert "jp" not in {by_id[pair].culture for pair in checks}
    # A judge that knows the truth confirms labels that are true.
    assert {check.prefers for check in checks.values()} == {"chosen"}
    assert {lot.verdict for (culture, _), lot in found.items() if culture == "jp"} == {"unchecked", "vetted"}
    assert {lot.against for lot in found.values()} == {0}
    # The same wish again asks nothing, in a project of its own as another process has it.
    requests = stub.counts.requests
    again = project(made.config)
    await run(again, with_panel(again))
    assert stub.counts.requests == requests and set(stub.counts.asked.values()) == {1}
    assert made.stores.ledger.checks(run_id(made)) == checks


async def test_a_panel_that_errs_is_against_what_it_errs_on(tmp_path: Path) -> None:
    """Right pairs, and a panel that is wrong each time: every decided check is against the label."""
    with Stub() as good, Stub(Character(accuracy=0.0)) as bad:
        made = prepared(good.url, tmp_path)
        await run(made, made.setup(unqualified=True).crew())
        assert made.stores.ledger.checks(run_id(made)) == {}
        other = project(config(bad.url, tmp_path / "other", seeds=SEEDS))
        liar = other.models["stub"].pair_judge(other.setup().workbench("run"))
        crew = with_checkers(made, [liar])
        try:
            await run(made, crew)
        finally:
            await other.models.close()
    checks = made.stores.ledger.checks(run_id(made))
    assert checks and {check.prefers for check in checks.values()} == {"rejected"}
    assert {lot.agreed for lot in lots(made.stores.ledger, run_of(made))} == {0}


@pytest.mark.parametrize("faults", [Faults(unfit=1.0)], ids=["no usable answer"])
async def test_a_panel_without_answers_leaves_its_pairs_undecided(tmp_path: Path, faults: Faults) -> None:
    with Stub() as server:
        made = prepared(server.url, tmp_path)
        await run(made, made.setup(unqualified=True).crew())
        server.faults = faults
        again = project(made.config)
        crew = with_panel(again)
        waiting = pending_checks(crew)
        await run(again, crew)
    checks = made.stores.ledger.checks(run_id(made))
    assert len(checks) == len(waiting) > 0
    assert {check.prefers for check in checks.values()} == {None}
    assert all(choice.reason for check in checks.values() for choice in check.choices)


async def test_no_prompt_of_a_panel_holds_a_level(tmp_path: Path) -> None:
    """Of personality pairs it is shown both ends of the facet, in an order that does not follow the label."""
    with Provider() as server:
        made = prepared(server.url, tmp_path)
        await run(made, with_panel(made))
    asked = ["".join(message["content"] for message in body["messages"]) for body in server.bodies]
    facets = {facet.id: facet for facet in made.library.facets.values()}
    by_id, firsts = {pair.id: pair for pair in pairs(made)}, []
    checked = [by_id[name] for name in made.stores.ledger.checks(run_id(made)) if by_id[name].track == "personality"]
    assert len(checked) > 20
    for pair in checked:
        sides = (pair.chosen[0]["content"], pair.rejected[0]["content"])
        prompts = [text for text in asked if any(f"A: {a}\n\nB: {b}" in text for a, b in (sides, sides[::-1]))]
        facet = facets[pair.dimension]
        # Asked in both orders, of each reader who has a pair of the item.
        assert len(prompts) >= 2 and all("The facet, by its two ends:" in text for text in prompts)
        for text in prompts:
            for word in (pair.dimension, "high", "low", made.library.items[pair.subject].trait):
                card = text.partition("What else is known")[2].partition("<review")[0]
                ends = text.partition("The facet, by its two ends:")[2].partition("The question")[0]
                assert not re.search(rf"\b{word}\b", card)
                assert word in ("high", "low") or not re.search(rf"\b{word}\b", ends)
        firsts.append(
            prompts[0].index(getattr(facet, pair.takes or ""))
            < prompts[0].index(facet.low if pair.takes == "high" else facet.high)
        )
    assert 0.2 < sum(firsts) / len(firsts) < 0.8


async def test_the_panel_is_not_told_what_the_label_rests_on(stub: Stub, tmp_path: Path) -> None:
    made = prepared(stub.url, tmp_path)
    crew = with_panel(made)
    await run(made, crew)
    seen: list[Case] = []

    class Looking(Panel):
        async def choices(self, case: Case, task: str) -> list[Choice]:
            seen.append(case)
            return []

    graph = check_graph(with_panel(made, Looking))
    tell = [pair for pair in pairs(made) if any(line.component == "personality" for line in pair.profile)]
    shown: list[Pair] = [next(p for p in tell if p.track == track) for track in ("values", "personality")]
    for pair in shown:
        await graph.ainvoke({"pair": pair.id})
    for pair, case in zip(shown, seen, strict=True):
        facts = made.stores.ledger.facts(run_id(made), pair.reader)
        told = [crew.seeds[f.name] for f in facts if f.kind == "stance" and f.value in ("agree", "disagree")]
        views = [seed.statement for seed in told] + [seed.opposite for seed in told]
        leans = {f.name: f.value for f in facts if f.kind == "facet"}
        traits = [f"{level} {trait}" for trait, level in trait_levels(leans, crew.composer.facets).items()]
        assert views and traits
        assert any(view in case.card for view in views) == (pair.track == "personality")
        assert any(trait in case.card for trait in traits) == (pair.track == "values")
        if pair.track == "personality":
            facet = crew.composer.facets[pair.dimension]
            assert case.ends is not None and set(case.ends) == {facet.high, facet.low}
        else:
            assert case.ends is None
        assert {review.reader for review in case.reviews} == {pair.reader}
        # Of the reviews that were held back for the interests track it sees none.
        assert len(case.reviews) < len(made.stores.corpus.reviews_of(pair.reader))
        assert (case.chosen, case.rejected) == (pair.chosen[0]["content"], pair.rejected[0]["content"])
        assert case.task == pair.prompt[1]["content"]
