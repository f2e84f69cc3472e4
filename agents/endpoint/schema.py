"""The strictest common subset of JSON schemas that servers take for structured output."""

from collections.abc import Mapping
from typing import Any

# Pydantic checks these of every answer; providers refuse whole requests for one of them.
BOUNDS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "format"),
        *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
        *("default", "examples", "title", "$defs"),
    }
)


def portable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without bounds and references: all fields required, no others allowed, enumerations kept.

    What `schema` allows, the result allows too. Schemas that refer to themselves cannot be written so.
    """
    return _portable(schema, schema.get("$defs", {}))


def _portable(schema: Mapping[str, Any], defined: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _portable(defined[schema["$ref"].rpartition("/")[2]], defined)
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key in BOUNDS:
            continue
        if key == "const":
            plain["enum"] = [value]
        elif key == "properties":
            plain[key] = {name: _portable(field, defined) for name, field in value.items()}
        elif key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            plain[key] = [_portable(part, defined) for part in value]
        elif isinstance(value, Mapping):
            plain[key] = _portable(value, defined)
        else:
            plain[key] = value
    if "properties" in plain:
        plain |= {"required": list(plain["properties"]), "additionalProperties": False}
    return plain
