"""`gravity show`: the whole trail of one pair on one screen."""

import json
from typing import Any

from rich.panel import Panel

from gravity.console import console, plain
from gravity.errors import ConfigError
from gravity.store.records import Fact, Pair, Review, Scenario
from gravity.workshop import Workshop


def show(workshop: Workshop, identity: str, as_json: bool) -> None:
    """Prints the trail. Raises ConfigError where no single pair begins with `identity`."""
    pair = workshop.ledger.pair(identity)
    if pair is None:
        raise ConfigError(f"no single pair begins with '{identity}'")
    if as_json:
        print(json.dumps(_as_json(workshop, pair), ensure_ascii=False))
    else:
        print_trail(workshop, pair)


def print_trail(workshop: Workshop, pair: Pair) -> None:
    """Prints all that a pair rests on, and what was said of it."""
    fact, evidence, scenario = _links(workshop, pair)
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
    _print_check(workshop, pair)
    prompts = ", ".join(f"{name} {version}" for name, version in pair.prompts.items())
    console.print(f"[bold]Prompt templates[/]  {prompts}")
    console.print(f"[bold]Verdict[/]  {pair.verdict}: {plain(pair.reason)}")


def _links(workshop: Workshop, pair: Pair) -> tuple[Fact | None, list[Review], Scenario | None]:
    facts = workshop.ledger.facts(pair.run, pair.reader)
    fact = next((f for f in facts if pair.fact == [f.kind, f.name]), None)
    evidence = workshop.corpus.reviews(fact.evidence) if fact else []
    return fact, evidence, workshop.ledger.scenario(pair.scenario) if pair.scenario else None


def _print_fact(fact: Fact, evidence: list[Review]) -> None:
    console.print(
        f"[bold]{fact.kind.capitalize()}[/]  {plain(fact.name)}: {fact.value}, confidence {fact.confidence:.2f}, by "
        f"{_maker(fact.made_by.model, fact.made_by.prompt)}"
    )
    if fact.checked_by:
        console.print(f"  asked the other way round: {_maker(fact.checked_by.model, fact.checked_by.prompt)}")
    if fact.reason:
        console.print(f"  {plain(fact.reason)}")
    for review in evidence:
        text = f"{review.title}. {review.text}"
        console.print(f"  [dim]{review.id}[/] {review.rating:g}/5 {plain(text[:300])}")


def _print_check(workshop: Workshop, pair: Pair) -> None:
    check = workshop.ledger.check(pair.id)
    decision = workshop.ledger.decision(pair.id)
    for choice in check.choices if check else []:
        console.print(
            f"[bold]Check[/]  by {_maker(choice.judge, choice.made_by.prompt)}, shown {choice.order} first: prefers "
            f"[bold]{choice.prefers or 'neither, or no answer'}[/], confidence {choice.confidence:.2f}: "
            f"{plain(choice.reason)}"
        )
    if decision:
        console.print(f"[bold]Decision[/]  {decision.decided} by {plain(decision.by)} at {decision.time}")
    if not pair.qualified:
        console.print("[bold]Unqualified[/]  the models behind its label had not shown that they can tell")


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


def _as_json(workshop: Workshop, pair: Pair) -> dict[str, Any]:
    fact, evidence, scenario = _links(workshop, pair)
    reader = workshop.corpus.reader(pair.reader)
    check = workshop.ledger.check(pair.id)
    decision = workshop.ledger.decision(pair.id)
    return {
        "pair": pair.model_dump(),
        "reader": reader.model_dump() if reader else None,
        "fact": fact.model_dump() if fact else None,
        "evidence": [review.model_dump() for review in evidence],
        "scenario": scenario.model_dump() if scenario else None,
        "check": check.model_dump() if check else None,
        "decision": decision.model_dump() if decision else None,
    }
