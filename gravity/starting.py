"""A first gravity.toml: what was answered, and beside it every other setting with its default, commented out."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from gravity.agents.kinds import OpenAISettings
from gravity.config import Curate, Judging, Limits, StoreSection, Write

WIDTH = 34


@dataclass(frozen=True)
class Answers:
    """What a first configuration needs: the name of a chat model, the address it is served at (None: OpenAI's own), a
    second model there that judges, and an embedding model there (None: the one inside a package)."""

    model: str
    base_url: str | None
    judge: str | None
    embedder: str | None


def written(answers: Answers) -> str:
    """The file's text. It loads as it is, and says of every setting what it is for."""
    models = {"main": answers.model, **({"judge": answers.judge} if answers.judge else {})}
    lines = [
        "# Gravity's configuration. `gravity config` prints all of it, with where each value came from.",
        "# Keys never stand here: they are read from the environment variable that api_key_env names.",
        "",
    ]
    for name, model in models.items():
        given = {"kind": "openai", "model": model, "base_url": answers.base_url}
        lines += [f"[models.{name}]", *_section(OpenAISettings, given), ""]
    judges = ["judge", "main"] if answers.judge else ["main"]
    alone = "# Who infers labels has no vote on them: name a second model as a judge, or set profiler_votes below."
    lines += [
        "[roles]",
        *([] if answers.judge else [alone]),
        'profiler = "main"',
        'writer = "main"',
        f"judges = {json.dumps(judges)}",
        f"critics = {json.dumps(judges[:1])}",
        "",
    ]
    if answers.embedder:
        embeddings = {"kind": "openai", "model": answers.embedder, "base_url": answers.base_url}
        lines += ["[embeddings]", *(f"{key} = {json.dumps(value)}" for key, value in embeddings.items() if value), ""]
    for name, section in (
        ("judging", Judging),
        ("curate", Curate),
        ("limits", Limits),
        ("store", StoreSection),
        ("write", Write),
    ):
        lines += [f"[{name}]", *_section(section, {}), ""]
    return "\n".join(lines)


def _section(section: type[BaseModel], given: dict[str, Any]) -> list[str]:
    lines = []
    for name, field in section.model_fields.items():
        value = given.get(name)
        default = None if field.is_required() else field.default
        setting = f"{name} = {_toml(value)}" if value is not None else f"# {name} = {_toml(default)}".rstrip()
        description = " ".join((field.description or "").split())
        lines.append(f"{setting:<{WIDTH}} # {description}" if description else setting)
    return lines


def _toml(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value if isinstance(value, str | bool | int | float | list) else str(value), ensure_ascii=False)
