"""Prompt templates: files in `prompts/` with a system or a user part or both, known by the hash of their text."""

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined


def _neutral(value: object) -> object:
    """Review text cannot close the tag that it stands in: every inserted value loses its '<'."""
    return value.replace("<", "‹") if isinstance(value, str) else value


_environment = Environment(
    undefined=StrictUndefined,
    finalize=_neutral,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=False,
    autoescape=False,
)


class Prompt:
    """One template. `hash` names its version; a variable that is missing raises jinja2.UndefinedError."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.hash = hashlib.sha256(source.encode()).hexdigest()[:12]
        parts = re.split(r"^# (system|user)\n", source, flags=re.MULTILINE)
        texts = dict(zip(parts[1::2], parts[2::2], strict=True))
        if parts[0].strip() or not texts:
            raise ValueError(f"prompt '{name}' must begin with '# system' or '# user'")
        self._parts = {part: _environment.from_string(text.strip()) for part, text in texts.items()}

    def render(self, **variables: Any) -> tuple[str, str]:
        """The system and the user text; one that the template lacks is empty."""
        system, user = (self._parts.get(part) for part in ("system", "user"))
        return system.render(variables) if system else "", user.render(variables) if user else ""


@cache
def prompt(name: str) -> Prompt:
    """The template `prompts/<name>.md`. Raises FileNotFoundError where there is none."""
    return Prompt(name, files("gravity.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8"))


def all_hashes() -> dict[str, str]:
    """The hash of every template by name."""
    names = sorted(file.name[:-3] for file in files("gravity.prompts").iterdir() if file.name.endswith(".md"))
    return {name: prompt(name).hash for name in names}
