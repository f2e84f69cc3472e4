"""Recipes: settings in a commented TOML file, the shipped ones by name."""

import json
import tomllib
from pathlib import Path
from typing import Any, get_type_hints

from gravity.trainer.errors import UsageError
from gravity.trainer.settings import Settings, problem

_SHIPPED = Path(__file__).parent / "recipes"
_NOT_IN_A_FILE = ("dataset", "output")


def names() -> list[str]:
    """Return the names of the recipes that come with the trainer."""
    return sorted(path.stem for path in _SHIPPED.glob("*.toml"))


def read_recipe(recipe: str) -> dict[str, Any]:
    """Read the settings of a recipe, given by file or by name, to be passed on to Settings.

    Raises UsageError when there is no such recipe, it is not TOML, or it holds a setting that does not exist or cannot
    have that value.
    """
    file = Path(recipe)
    if not file.is_file():
        file = _SHIPPED / f"{recipe}.toml"
        if recipe not in names():
            raise UsageError(f"recipe {recipe} is neither a file nor one of {', '.join(names())}")
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"recipe {file} cannot be read: {error}") from error
    known = [name for name in get_type_hints(Settings) if name not in _NOT_IN_A_FILE]
    for name in values:
        if name not in known:
            raise UsageError(f"recipe {file}: {name} is not a setting: use {', '.join(known)}")
        wrong = problem(name, values[name])
        if wrong is not None:
            if _quoted(name, values[name]):
                wrong = "drop the quotes"
            raise UsageError(f"recipe {file}: {name} is {json.dumps(values[name], default=str)}: {wrong}")
    return values


def _quoted(name: str, value: object) -> bool:
    """Say whether a value would do if it were not a text."""
    if not isinstance(value, str):
        return False
    try:
        return problem(name, tomllib.loads(f"value = {value}")["value"]) is None
    except ValueError:
        return False
