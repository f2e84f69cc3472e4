"""`gravity review`: a person decides on pairs, one screen and one key each."""

import getpass
import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from gravity.commands.console import console, plain
from gravity.commands.options import ConfigOption, CultureOption, RunOption, opened
from gravity.commands.show import print_trail
from gravity.commands.status import print_lots
from gravity.errors import ConfigError

if TYPE_CHECKING:
    from gravity.blind import Question
    from gravity.deciding import Waiting
    from gravity.handle import RunHandle
    from gravity.store.records import Decided, Pair

EPILOG = "Example: gravity review --culture jp --track values --by Aiko"

DECISIONS: "dict[str, Decided]" = {"k": "keep", "f": "flip", "e": "edit", "r": "reject"}
ANSWERS = {"a": "A", "b": "B", "n": "nobody can tell", "u": "undo", "q": "quit"}
MOVES = {"s": "skip", "u": "undo", "q": "quit"}
CHOSEN, REJECTED = "=== chosen ===", "=== rejected ==="


def command(
    culture: CultureOption = None,
    track: Annotated[str | None, typer.Option(help="Only pairs of this track.")] = None,
    sample: Annotated[
        bool,
        typer.Option(
            "--sample", help="Answer blind about pairs drawn by chance from the lot of --culture and --track."
        ),
    ] = False,
    pairs: Annotated[
        int | None, typer.Option(min=1, help="With --sample: how many; by default what a lot without error needs.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Your name, which the trail keeps; your login by default.")] = None,
    run: RunOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what waits, and decide nothing.")] = False,
    config: ConfigOption = None,
) -> None:
    """A person decides: pairs that the panel disagreed with, could not tell, or that were held, each with its trail.

    Keys: k keep, f flip the sides, e edit the texts, r reject, s skip, u undo the last decision, q quit. With --sample
    the pairs are a random sample, and the label is not shown: a or b for what this reader would prefer, n where nobody
    can tell. Such answers bound the label error of the lot by themselves, and measure the panel.
    """
    with opened(config) as project:
        handle = project.run(run)
        if sample:
            _sample(handle, culture, track, pairs, by or getpass.getuser(), as_json)
            return
        queue = handle.waiting(culture, track)
        if as_json:
            print(json.dumps([{"pair": item.pair, "why": item.why} for item in queue]))
            return
        _needs_terminal("`--json` lists what waits")
        decided = _sitting(handle, queue, by or getpass.getuser())
        made = ", ".join(f"{n} {word}" for word, n in decided.items()) or "nothing"
        console.print(f"Decided: {made}. {len(queue) - decided.total()} still wait.")
        print_lots(handle.lots())


def _sample(
    handle: "RunHandle", culture: str | None, track: str | None, count: int | None, by: str, as_json: bool
) -> None:
    """Asks about pairs of one lot, or prints them."""
    if culture is None or track is None:
        raise ConfigError("a sample is drawn from one lot: name it with --culture and --track")
    asked = list(handle.questions(culture, track, count))
    if as_json:
        shown = [{"pair": q.pair.id, "card": q.card, "task": q.task, "a": q.ways[0], "b": q.ways[1]} for q in asked]
        print(json.dumps(shown))
        return
    _needs_terminal("`--json` prints the sample")
    place, answered = 0, 0
    while place < len(asked):
        question = asked[place]
        _ask(question, f"{place + 1} of {len(asked)}")
        key = _key(ANSWERS)
        if key == "q":
            break
        if key == "u":
            if place:
                place -= 1
                answered -= 1
                handle.undo(asked[place].pair.id)
            continue
        handle.answer(question, key, by)
        place += 1
        answered += 1
    console.print(f"Answered: {answered} of {len(asked)}.")
    print_lots([lot for lot in handle.lots() if (lot.culture, lot.track) == (culture, track)])


def _ask(question: "Question", place: str) -> None:
    console.clear()
    console.print(f"[bold]{place}[/]  Which answer would this reader prefer?\n")
    console.print(plain(question.card))
    for review in question.reviews:
        console.print(f"\n[bold]{review.rating:g} of 5[/]  {plain(review.title)}\n{plain(review.text)}")
    console.print(f"\n[bold]Task[/]  {plain(question.task)}")
    for name, way in zip("AB", question.ways, strict=True):
        console.print(f"\n[bold]{name}[/]  {plain(way)}")


def _needs_terminal(instead: str) -> None:
    if not sys.stdin.isatty():
        raise ConfigError(f"`gravity review` asks for keys and needs a terminal; {instead}")


def _sitting(handle: "RunHandle", queue: "list[Waiting]", by: str) -> Counter[str]:
    from gravity.deciding import DECISION_WORDS

    decided: Counter[str] = Counter()
    made: list[int] = []
    place = 0
    while place < len(queue):
        item = queue[place]
        trail = handle.show(item.pair)
        console.clear()
        console.print(f"[bold]{place + 1} of {len(queue)}[/]  {plain(item.why)}")
        print_trail(trail)
        key = _key({**DECISIONS, **MOVES})
        if key == "q":
            break
        if key == "u" and made:
            place = made.pop()
            undone = handle.undo(queue[place].pair)
            decided[DECISION_WORDS[undone.decided]] -= 1
        elif key == "s":
            place += 1
        elif key in DECISIONS:
            decision = DECISIONS[key]
            sides = _edited(trail.pair) if decision == "edit" else None
            if decision == "edit" and sides is None:
                continue
            handle.decide(trail.pair, decision, by, sides)
            decided[DECISION_WORDS[decision]] += 1
            made.append(place)
            place += 1
    return +decided


def _key(names: Mapping[str, str]) -> str:
    console.print("\n" + "  ".join(f"[bold]{key}[/] {name}" for key, name in names.items()))
    import click

    while (key := click.getchar().lower()) not in names:
        pass
    return key


def _edited(pair: "Pair") -> tuple[str, str] | None:
    """The two sides as the person left them in their editor; None where they changed nothing or left one empty."""
    import click

    before = (pair.chosen[0]["content"], pair.rejected[0]["content"])
    text = click.edit(f"{CHOSEN}\n{before[0]}\n\n{REJECTED}\n{before[1]}\n", extension=".md")
    if text is None or CHOSEN not in text or REJECTED not in text:
        return None
    chosen, rejected = (part.strip() for part in text.split(CHOSEN, 1)[1].split(REJECTED, 1))
    if not chosen or not rejected or chosen == rejected or (chosen, rejected) == before:
        return None
    return chosen, rejected
