"""The configuration in force, setting by setting: its value, where that came from, and what it is for."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gravity.config import Config

Source = Literal["default", "file", "environment"]

_PASSWORD = re.compile(r"(?<=://)([^:/@\s]+):[^@/\s]+@")


@dataclass(frozen=True)
class Setting:
    """One setting. `name` is its path in the file, such as curate.seeds; `default` is None where it has none."""

    name: str
    value: Any
    default: Any
    source: Source
    description: str


def settings(config: Config, content: Mapping[str, Any]) -> list[Setting]:
    """All settings of a configuration, in the order of its sections; `content` is what its file held."""
    return list(_settings(config, content, ()))


def _settings(section: BaseModel, content: Any, path: tuple[str, ...]) -> Iterator[Setting]:
    for name, field in type(section).model_fields.items():
        value, place = getattr(section, name), (*path, name)
        given = content.get(name) if isinstance(content, Mapping) else None
        if isinstance(value, BaseModel):
            yield from _settings(value, given, place)
        elif isinstance(value, dict) and value and all(isinstance(part, BaseModel) for part in value.values()):
            for key, part in value.items():
                yield from _settings(part, given.get(key) if isinstance(given, Mapping) else None, (*place, key))
        else:
            description = " ".join((field.description or "").split())
            yield Setting(".".join(place), _plain(value), _default(field), _source(given, place), description)


def _source(given: Any, path: tuple[str, ...]) -> Source:
    # A variable can hold one setting, or a whole section as JSON.
    for depth in range(len(path), 0, -1):
        if f"GRAVITY_{'__'.join(path[:depth])}".upper() in os.environ:
            return "environment"
    return "default" if given is None else "file"


def _default(field: FieldInfo) -> Any:
    return None if field.is_required() else _plain(field.get_default(call_default_factory=True))


def _plain(value: Any) -> Any:
    """A value as JSON can hold it, without a password that stands in an address."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if value is None or isinstance(value, bool | int | float | list | dict):
        return value
    return _PASSWORD.sub(r"\1:***@", str(value))
