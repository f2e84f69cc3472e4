"""A book's description written anew for one reader, with a trained adapter or without."""

from dataclasses import dataclass
from pathlib import Path

from gravity.agents.card import card
from gravity.agents.prompting import prompt
from gravity.config import Write
from gravity.errors import ConfigError
from gravity.frameworks.loader import Library
from gravity.frameworks.records import Domain
from gravity.store.runs import Run
from gravity.stores import Stores

# Sampled, since the likeliest text of a small model goes in circles; the same seed gives the same text.
SEED = 0


@dataclass(frozen=True)
class Written:
    """What was asked for, as messages, and the texts by what wrote them."""

    reader: str
    messages: list[dict[str, str]]
    texts: dict[str, str]


def write(
    stores: Stores,
    run: Run,
    library: Library,
    domain: Domain,
    settings: Write,
    reader: str,
    title: str,
    description: str,
    adapter: Path | None = None,
    compare: bool = False,
) -> Written:
    """Writes the description; with `compare` also gives the original and what the base model alone writes.

    Raises ConfigError where the reader has no profile in the run, the trainer's errors for a model that does not load.
    """
    from gravity.trainer.models.generate import Generator

    facts = stores.ledger.facts(run.id, reader)
    if not facts:
        raise ConfigError(f"reader '{reader}' has no profile in run {run.id}: run `gravity curate` first")
    _, task = prompt("describe").render(domain=domain, title=title, description=description)
    messages = [
        {"role": "system", "content": card(facts, library.seeds, library.facets, domain).text},
        {"role": "user", "content": task},
    ]
    # With an adapter, its own base is the one that fits.
    generator = Generator(None if adapter else settings.base, adapter)
    texts = {}
    if compare:
        texts["original"] = description
    if compare and adapter is not None:
        texts["before training"] = generator.write(messages, settings.max_tokens, SEED, adapted=False)
    label = "after training" if adapter is not None else "base model"
    texts[label] = generator.write(messages, settings.max_tokens, SEED)
    return Written(reader, messages, texts)
