"""`gravity write`: a book's description written anew for one reader, with a trained adapter or without."""

import json
from pathlib import Path

from rich.panel import Panel

from gravity.agents.card import card
from gravity.agents.prompting import prompt
from gravity.console import console, plain
from gravity.errors import ConfigError
from gravity.store.runs import Run
from gravity.trainer.models.generate import Generator
from gravity.workshop import Workshop

# Sampled, since the likeliest text of a small model goes in circles; the same seed gives the same text.
SEED = 0


def write(
    workshop: Workshop,
    run: Run,
    reader: str,
    title: str,
    description: str,
    adapter: Path | None,
    compare: bool,
    as_json: bool,
) -> None:
    """Prints the description; with `compare` beside it the original and what the base model alone writes.

    Raises ConfigError where the reader has no profile in the run.
    """
    facts = workshop.ledger.facts(run.id, reader)
    if not facts:
        raise ConfigError(f"reader '{reader}' has no profile in run {run.id}: run `gravity curate` first")
    domain = workshop.library.domain(workshop.config.domain)
    _, task = prompt("describe").render(domain=domain, title=title, description=description)
    messages = [
        {"role": "system", "content": card(facts, workshop.library.seeds, domain).text},
        {"role": "user", "content": task},
    ]
    settings = workshop.config.write
    # With an adapter, its own base is the one that fits.
    generator = Generator(None if adapter else settings.base, adapter)
    written = {}
    if compare:
        written["original"] = description
    if compare and adapter is not None:
        written["before training"] = generator.write(messages, settings.max_tokens, SEED, adapted=False)
    label = "after training" if adapter is not None else "base model"
    written[label] = generator.write(messages, settings.max_tokens, SEED)
    if as_json:
        print(json.dumps({"reader": reader, "messages": messages, "written": written}, ensure_ascii=False))
        return
    if compare:
        console.print(Panel(plain(messages[0]["content"]), title=f"reader {plain(reader)}", title_align="left"))
    for name, text in written.items():
        console.print(Panel(plain(text), title=f"{plain(title)}: {name}", title_align="left"))
