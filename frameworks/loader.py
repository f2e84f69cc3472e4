"""Reads and validates the data files; a bad one is refused with its file and line."""

import json
from collections.abc import Hashable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from gravity.frameworks.errors import DataError
from gravity.frameworks.records import Cues, Culture, Domain, Framework, Item, Record, Scene, Seed

DATA = Path(__file__).parent / "data"

K = TypeVar("K", bound=Hashable)
R = TypeVar("R", bound=Record)


class Library:
    """All that is known beforehand, read from one folder when first asked for.

    `root` has the layout of `frameworks/data`; the default is the material that ships with Gravity.
    """

    def __init__(self, root: Path = DATA) -> None:
        self.root = root

    @cached_property
    def frameworks(self) -> dict[str, Framework]:
        """Frameworks by id. Raises DataError where the file is missing or malformed."""
        path = self.root / "frameworks.yaml"
        content = _mapping(path)
        try:
            return TypeAdapter(dict[str, Framework]).validate_python(content)
        except ValidationError as error:
            raise DataError(f"{path}:{_line(path, error.errors()[0]['loc'])}: {_first(error)}") from None

    @cached_property
    def seeds(self) -> dict[str, Seed]:
        """Seeds by id, in file order. Raises DataError on a duplicate or an unknown dimension."""
        seeds: dict[str, Seed] = {}
        for where, seed in read_records(sorted((self.root / "seeds").glob("*.jsonl")), Seed):
            framework = self.frameworks.get(seed.framework)
            if framework is None:
                raise DataError(f"{where}: unknown framework '{seed.framework}'")
            if seed.dimension not in framework.dimensions:
                raise DataError(f"{where}: {seed.framework} has no dimension '{seed.dimension}'")
            _add(seeds, seed.id, seed, where)
        return seeds

    @cached_property
    def items(self) -> dict[str, Item]:
        """Personality items by id, in file order. Raises DataError on a duplicate."""
        items: dict[str, Item] = {}
        for where, item in read_records(sorted((self.root / "items").glob("*.jsonl")), Item):
            _add(items, item.id, item, where)
        return items

    @cached_property
    def cultures(self) -> dict[str, Culture]:
        """Cultures by id. Raises DataError where one lacks scores or a lexicon."""
        cultures: dict[str, Culture] = {}
        for path in sorted((self.root / "cultures").glob("*.yaml")):
            culture = _one(path, Culture)
            _add(cultures, culture.id, culture, str(path))
        return cultures

    @cached_property
    def scenes(self) -> dict[tuple[str, str, int], Scene]:
        """The shipped scenarios by seed, culture and slot. Raises DataError on a duplicate or an unknown seed."""
        scenes: dict[tuple[str, str, int], Scene] = {}
        for where, scene in read_records(sorted((self.root / "scenarios").glob("*.jsonl")), Scene):
            if scene.seed not in self.seeds or scene.culture not in self.cultures:
                raise DataError(f"{where}: unknown seed '{scene.seed}' or culture '{scene.culture}'")
            _add(scenes, (scene.seed, scene.culture, scene.slot), scene, where)
        return scenes

    @cached_property
    def cues(self) -> Cues:
        """Words that show a generalisation or a tone. Raises DataError where the file is missing or malformed."""
        return _one(self.root / "cues.yaml", Cues)

    def domain(self, name: str) -> Domain:
        """The domain in `domains/<name>.yaml`. Raises DataError where there is none."""
        return _one(self.root / "domains" / f"{name}.yaml", Domain)


def _add(known: dict[K, R], key: K, record: R, where: str) -> None:
    if key in known:
        raise DataError(f"{where}: id '{key}' is already taken")
    known[key] = record


def read_records(paths: list[Path], kind: type[R]) -> Iterator[tuple[str, R]]:
    """The records of JSON lines files, each with its file and line. Raises DataError for one that is not valid."""
    for path in paths:
        for number, line in enumerate(_read(path).splitlines(), start=1):
            where = f"{path}:{number}"
            try:
                yield where, kind.model_validate(json.loads(line))
            except json.JSONDecodeError as error:
                raise DataError(f"{where}: not JSON: {error.msg}") from None
            except ValidationError as error:
                raise DataError(f"{where}: {_first(error)}") from None


def _one(path: Path, kind: type[R]) -> R:
    content = _mapping(path)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        field = error.errors()[0]["loc"]
        raise DataError(f"{path}:{_line(path, field)}: {_first(error)}") from None


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(_read(path))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataError(f"{path}:{line}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise DataError(f"{path}:1: not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}:1: a mapping was expected")
    return content


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8: {error.reason}") from None


def _line(path: Path, field: tuple[int | str, ...]) -> int:
    """The line on which `field`, or the nearest part of it that exists, stands in a YAML file."""
    node = yaml.compose(_read(path), Loader=yaml.SafeLoader)
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
