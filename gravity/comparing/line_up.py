"""Which writers are compared: those of the configuration, or the paper's line-up from a folder of adapters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gravity.compare.evidence import ORIGINAL, WriterInfo
from gravity.config import Config, WriterSettings
from gravity.errors import ConfigError
from gravity.trainer.models.writer import Writer
from gravity.writers import open_configured

# The paper's line-up: the adapters by the name of their folder, and how each is made. The definitions of the two
# baselines are ours, since the paper's are not published.
PAPER = {
    "sft": "gravity-trainer train DATASET --loss-type sft",
    "naive": "gravity export NAIVE --variant naive, then gravity-trainer train NAIVE",
    "group": "gravity export GROUP --variant group, then gravity-trainer train GROUP",
    "dpo": "gravity-trainer train DATASET",
}
PROMPT_ONLY = "prompt-only"
OTHER_CARD = "dpo, another's card"


@dataclass(frozen=True)
class Entry:
    """A writer of the line-up: what the figures know of it, and how it is set; None for the original."""

    info: WriterInfo
    settings: WriterSettings | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.info.name

    @property
    def model(self) -> str:
        """What it has in common with writers that differ from it in the card alone; "" for the original."""
        return "" if self.settings is None else self.settings.model_copy(update={"card": "own"}).model_dump_json()


def line_up(config: Config, names: Sequence[str] = (), paper: Path | None = None) -> list[Entry]:
    """The original, and the writers of the configuration (those called `names`, or all), or of the `paper`'s line-up:
    a folder with an adapter for each name in PAPER. Raises ConfigError where there is nothing to compare."""
    found = config.writers if paper is None else _paper(paper, config.write.max_tokens)
    if unknown := [name for name in names if name not in found]:
        raise ConfigError(f"there is no writer '{unknown[0]}': [writers] has {', '.join(found) or 'none'}")
    chosen = {name: settings for name, settings in found.items() if not names or name in names}
    if not chosen:
        raise ConfigError(
            "there is nothing to compare the books' own descriptions with: name writers in [writers.NAME], or give "
            "--paper FOLDER"
        )
    return [Entry(WriterInfo(ORIGINAL, "none")), *_described(chosen)]


def _paper(folder: Path, most: int) -> dict[str, WriterSettings]:
    for name, made in PAPER.items():
        if not (folder / name / "adapter_config.json").is_file():
            raise ConfigError(f"{folder} has no adapter '{name}', which the paper's line-up needs: {made}")
    adapters = {name: WriterSettings(adapter=folder / name, max_tokens=most) for name in PAPER}
    base = WriterSettings(base=_base(folder / "dpo"), max_tokens=most)
    return {PROMPT_ONLY: base, **adapters, OTHER_CARD: adapters["dpo"].model_copy(update={"card": "other"})}


def _base(adapter: Path) -> str:
    from gravity.trainer.models.loading import found_base

    return found_base(None, adapter).name


def _described(chosen: Mapping[str, WriterSettings]) -> list[Entry]:
    """The writers, with which of them is prompting alone, and which differ in the card alone."""
    # A name that an address serves does not tell whether an adapter is behind it, so that a writer can be called so.
    bare = [name for name, s in chosen.items() if s.adapter is None and s.card == "own"]
    alone = PROMPT_ONLY if PROMPT_ONLY in bare else next(iter(bare), None)
    entries = [Entry(WriterInfo(name, s.card, prompt_only=name == alone), s) for name, s in chosen.items()]
    other = {entry.model: entry.name for entry in entries if entry.info.card == "other"}
    return [
        replace(entry, info=replace(entry.info, twin=other.get(entry.model))) if entry.info.card == "own" else entry
        for entry in entries
    ]


class Opened:
    """The writers of a line-up, opened one at a time, since models are large; those that differ in the card alone are
    one."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._open: tuple[str, Writer] | None = None

    def __call__(self, entry: Entry) -> Writer:
        """The writer of an entry but the original. Raises ConfigError, ModelError and the trainer's errors."""
        if entry.settings is None:
            raise ConfigError(f"'{entry.name}' is written by nobody")
        if self._open is None or self._open[0] != entry.model:
            # What was open before goes first: two may not fit into memory.
            self._open = None
            self._open = (entry.model, open_configured(self._config, entry.settings))
        return self._open[1]


def told(entry: Entry, by: Mapping[str, Any]) -> Entry:
    """The entry with what its texts are by."""
    return replace(entry, info=replace(entry.info, by=by))
