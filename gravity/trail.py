"""`gravity show`: the whole trail of one pair on one screen."""

import json
from typing import Any

from rich.panel import Panel

from gravity.console import console, plain
from gravity.errors import ConfigError
from gravity.workshop import Workshop
from store.records import Fact, Pair, Review, Scenario


def show(workshop: Workshop, identity: str, as_json: bool) -> None:
    """Prints the trail. Raises ConfigError where no single pair begins with `identity`."""
    pair = workshop.ledger.pair(identity)
    if pair is None:
        raise ConfigError(f"no single pair begins with '{identity}'")
    facts = workshop.ledger.facts(pair.run, pair.reader)
    fact = next((f for f in facts if pair.fact == [f.kind, f.name]), None)
    evidence = workshop.corpus.reviews(fact.evidence) if fact else []
    scenario = workshop.ledger.scenario(pair.scenario) if pair.scenario else None
    if as_json:
        print(json.dumps(_as_json(workshop, pair, fact, evidence, scenario), ensure_ascii=False))
        return
    console.print(f"[bold]Pair {pair.id}[/]  run {pair.run}")
    console.print(
        f"reader {plain(pair.reader)} ({pair.culture}), track {pair.track}, {pair.framework} / {pair.dimension}, "
        f"about {plain(pair.subject)}"
    )
    console.print(Panel(plain(pair.prompt[0]["content"]), title="profile card", title_align="left"))
    console.print(Panel(plain(pair.prompt[1]["content"]), title="task", title_align="left"))
    console.print(Panel(plain(pair.chosen[0]["content"]), title="chosen", title_align="left"))
    console.print(Panel(plain(pair.rejected[0]["content"]), title="rejected", title_align="left"))
    console.print(f"[bold]Basis[/]  {plain(pair.basis)}")
    if fact:
        _print_fact(fact, evidence)
    if scenario:
        _print_scenario(scenario)
    prompts = ", ".join(f"{name} {version}" for name, version in pair.prompts.items())
    console.print(f"[bold]Prompt templates[/]  {prompts}")
    console.print(f"[bold]Verdict[/]  {pair.verdict}: {plain(pair.reason)}")


def _print_fact(fact: Fact, evidence: list[Review]) -> None:
    console.print(
        f"[bold]{fact.kind.capitalize()}[/]  {plain(fact.name)}: {fact.value}, confidence {fact.confidence:.2f}, by "
        f"{_maker(fact.made_by.model, fact.made_by.prompt)}"
    )
    for review in evidence:
        text = f"{review.title}. {review.text}"
        console.print(f"  [dim]{review.id}[/] {review.rating:g}/5 {plain(text[:300])}")


def _print_scenario(scenario: Scenario) -> None:
    console.print(f"[bold]Scenario {scenario.id}[/]  {scenario.verdict}: {plain(scenario.reason)}")
    for number, done in enumerate(scenario.rounds, start=1):
        maker = _maker(done.draft.made_by.model, done.draft.made_by.prompt)
        console.print(f"[bold]Round {number}[/]  written by {maker}")
        if number < len(scenario.rounds):
            console.print(f"  {plain(done.draft.situation)}")
        for finding in done.findings:
            console.print(
                f"  finding by {plain(finding.critic)}: {finding.severity} {finding.kind}: "
                f"'{plain(finding.quote)}' ({plain(finding.repair)})"
            )
        for vote in done.votes:
            console.print(
                f"  vote by {_maker(vote.judge, vote.made_by.prompt)}, shown {vote.order} first: "
                f"[bold]{vote.endorses or 'no answer'}[/], confidence {vote.confidence:.2f}: {plain(vote.reason)}"
            )


def _maker(model: str, version: str) -> str:
    return plain(model) + (f" (prompt {version})" if version else "")


def _as_json(
    workshop: Workshop, pair: Pair, fact: Fact | None, evidence: list[Review], scenario: Scenario | None
) -> dict[str, Any]:
    reader = workshop.corpus.reader(pair.reader)
    return {
        "pair": pair.model_dump(),
        "reader": reader.model_dump() if reader else None,
        "fact": fact.model_dump() if fact else None,
        "evidence": [review.model_dump() for review in evidence],
        "scenario": scenario.model_dump() if scenario else None,
    }
