"""`gravity show`: the whole trail of one pair on one screen."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.panel import Panel

from gravity.commands.console import console, plain
from gravity.commands.options import ConfigOption, JsonOption, opened

if TYPE_CHECKING:
    from gravity.store.records import Fact, Provenance, Review, Scenario
    from gravity.store.views import ReaderSeed, View
    from gravity.trail import Trail

EPILOG = "Example: gravity show 3f2a9c01"


def command(
    pair: Annotated[str, typer.Argument(help="The id of a pair, or its beginning.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """The whole trail of one pair: reader, evidence, views, stance, seed, scenes, votes, findings, verdict."""
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
    if pair.rests_on:
        sure = f", confidence {pair.confidence:.2f}" if pair.confidence is not None else ""
        console.print(f"[bold]Rests on[/]  {pair.rests_on}{sure}; ratings on either side: {pair.ratings}")
    if pair.tested:
        console.print(f"[bold]Tested[/]  {pair.tested} by ratings that were held back")
    if trail.fact:
        _print_fact(trail.fact)
    for half in trail.halves:
        score = "no score" if half.score is None else f"score {half.score:.0f}"
        console.print(f"  half {half.half + 1} of the reviews: {half.level}, {score}, confidence {half.confidence:.2f}")
    for review in trail.evidence:
        _print_evidence(review, [view for view in trail.views if view.review == review.id])
    if trail.seed:
        _print_seed(trail.seed)
    if trail.scenario:
        _print_scenario(trail.scenario)
    _print_check(trail)
    prompts = ", ".join(f"{name} {version}" for name, version in pair.prompts.items())
    console.print(f"[bold]Prompt templates[/]  {prompts}")
    console.print(f"[bold]Verdict[/]  {pair.verdict}: {plain(pair.reason)}")


def _print_fact(fact: "Fact") -> None:
    console.print(
        f"[bold]{fact.kind.capitalize()}[/]  {plain(fact.name)}: {fact.value}, confidence {fact.confidence:.2f}, by "
        f"{_by(fact.made_by)}"
    )
    if fact.score is not None:
        console.print(f"  score {fact.score:.0f}, of 0 at the low end to 100 at the high one")
    if fact.checked_by:
        console.print(f"  asked the other way round: {_by(fact.checked_by)}")
    if fact.reason:
        console.print(f"  {plain(fact.reason)}")


def _print_evidence(review: "Review", views: "list[View]") -> None:
    """A review by its beginning, or by the words around the quotes of the views in it."""
    from gravity.store.views import around

    head = f"  [dim]{review.id}[/] {review.rating:g}/5"
    if not views:
        console.print(f"{head} {plain(f'{review.title}. {review.text}'[:300])}")
    for view in views:
        console.print(f"{head} {plain(around(view.quote, review))}")
        kind = f"{view.said}, about {view.about}; not: {plain(view.opposite)}"
        console.print(f"    shows the view: {plain(view.statement)} ({kind})")
        refuter = f"; {_by(view.checked_by)} tried to refute it" if view.checked_by else ""
        console.print(f"    found by {_by(view.made_by)}{refuter}")


def _print_seed(seed: "ReaderSeed") -> None:
    """How a seed that readers brought came to be."""
    console.print(f"[bold]Seed {seed.id}[/]  {plain(seed.statement)} / {plain(seed.opposite)}")
    near = (
        f"an instance of {plain(seed.dimension)}" if seed.known else f"a construct of its own, {plain(seed.dimension)}"
    )
    if seed.reader is not None:
        console.print(f"  from a view that {plain(seed.reader)} states and that is rare, for this reader alone")
    else:
        console.print(
            f"  brought by readers: worded from the views of {seed.agree + seed.disagree}, {seed.agree} for the "
            f"statement and {seed.disagree} for the opposite, in {', '.join(seed.cultures)}; {near}"
        )
    critic = f"; {_by(seed.checked_by)} looked at its fairness" if seed.checked_by else ""
    console.print(f"  worded by {_by(seed.made_by)}{critic}")


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


def _by(made_by: "Provenance") -> str:
    return _maker(made_by.model, made_by.prompt)


def _maker(model: str, version: str) -> str:
    return plain(model) + (f" (prompt {version})" if version else "")
