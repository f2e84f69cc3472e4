"""Reads data files into records; what does not fit is refused with its file and line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from gravity.frameworks.errors import DataError
from gravity.frameworks.records import Record

R = TypeVar("R", bound=Record)
T = TypeVar("T")


def read_records(paths: list[Path], kind: type[R]) -> Iterator[tuple[str, R]]:
    """The records of JSON lines files, each with its file and line. Raises DataError for one that is not valid."""
    for path in paths:
        # Not splitlines(), which also breaks at characters that may stand within a JSON string.
        lines = read_text(path).removesuffix("\n").split("\n")
        for number, line in enumerate(lines if lines != [""] else [], start=1):
            where = f"{path}:{number}"
            try:
                yield where, kind.model_validate(json.loads(line))
            except json.JSONDecodeError as error:
                raise DataError(f"{where}: not JSON: {error.msg}") from None
            except ValidationError as error:
                raise DataError(f"{where}: {_first(error)}") from None


def read_yaml(path: Path, kind: type[T]) -> T:
    """The content of a YAML file as `kind`, a type that pydantic knows. Raises DataError with file and line."""
    return validated(path, read_mapping(path), kind)


def validated(path: Path, content: dict[str, Any], kind: type[T]) -> T:
    """The content of the YAML file at `path` as `kind`. Raises DataError with the line of what does not fit."""
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        raise DataError(f"{path}:{_line(path, error.errors()[0]['loc'])}: {_first(error)}") from None


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds. Raises DataError with file and line where it holds none."""
    try:
        content = yaml.safe_load(read_text(path))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataError(f"{path}:{line}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise DataError(f"{path}:1: not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}:1: a mapping was expected")
    return content


def read_text(path: Path) -> str:
    """The text of a UTF-8 file. Raises DataError where there is no such file or it is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8: {error.reason}") from None


def _line(path: Path, field: tuple[int | str, ...]) -> int:
    """The line on which `field`, or the nearest part of it that exists, stands in a YAML file."""
    node = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
    line = 1
    for part in field:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
