"""`gravity show`: the whole trail of one pair on one screen."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.panel import Panel

from gravity.commands.console import console, plain
from gravity.commands.options import ConfigOption, JsonOption, opened

if TYPE_CHECKING:
    from gravity.store.records import Fact, Review, Scenario
    from gravity.trail import Trail

EPILOG = "Example: gravity show 3f2a9c01"


def command(
    pair: Annotated[str, typer.Argument(help="The id of a pair, or its beginning.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """The whole trail of one pair: reader, evidence, stance, scenes, votes, findings, verdict."""
    with opened(config) as project:
        found = project.show(pair)
    if as_json:
        print(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        print_trail(found)


def print_trail(trail: "Trail") -> None:
    """Prints all that a pair rests on, and what was said of it."""
    pair = trail.pair
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
    if trail.fact:
        _print_fact(trail.fact, trail.evidence)
    if trail.scenario:
        _print_scenario(trail.scenario)
    _print_check(trail)
    prompts = ", ".join(f"{name} {version}" for name, version in pair.prompts.items())
    console.print(f"[bold]Prompt templates[/]  {prompts}")
    console.print(f"[bold]Verdict[/]  {pair.verdict}: {plain(pair.reason)}")


def _print_fact(fact: "Fact", evidence: "list[Review]") -> None:
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


def _print_check(trail: "Trail") -> None:
    for choice in trail.check.choices if trail.check else []:
        console.print(
            f"[bold]Check[/]  by {_maker(choice.judge, choice.made_by.prompt)}, shown {choice.order} first: prefers "
            f"[bold]{choice.prefers or 'neither, or no answer'}[/], confidence {choice.confidence:.2f}: "
            f"{plain(choice.reason)}"
        )
    if trail.decision:
        decision = trail.decision
        console.print(f"[bold]Decision[/]  {decision.decided} by {plain(decision.by)} at {decision.time}")
    if not trail.pair.qualified:
        console.print("[bold]Unqualified[/]  the models behind its label had not shown that they can tell")


def _print_scenario(scenario: "Scenario") -> None:
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
